"""Is any text in a PDF set in letters the file holds, in the order it is read, and read back?"""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.reports.pdf.blocks import paragraph
from pipeline.reports.pdf.fonts import BOLD, REGULAR
from pipeline.reports.pdf.text import fitted, is_plain, lines_of, markup, runs, width_of
from pipeline.reports.pdf.theme import BODY

ROOT = Path(__file__).resolve().parents[3]
ARABIC = "مركز بيانات الإمارات"
HEBREW = "מרכז נתונים"


def _drawn(text: str, width: float = 400.0) -> str:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, initialFontName=REGULAR)
    block = paragraph(text, BODY)
    _, height = block.wrap(width, 700)
    block.drawOn(canvas, 50, 760 - height)
    canvas.save()
    return PdfReader(io.BytesIO(buffer.getvalue())).pages[0].extract_text()


@pytest.mark.parametrize(
    ("text", "font"),
    [
        ("Łódź – Κέντρο – Київ – תל", REGULAR),
        (ARABIC, "DejaVuSans"),
        ("北京東京データ", "DroidSansFallbackFull"),
        ("서울", "NanumSquareR"),
        ("✓", "DejaVuSans"),
    ],
)
def test_each_script_has_a_font(text: str, font: str) -> None:
    assert {run.font for run in runs(text)} == {font}


def test_bold_letters_are_bold_in_other_scripts_too() -> None:
    assert [run.font for run in runs(f"a{ARABIC}", bold=True)] == [BOLD, "DejaVuSans-Bold"]


def test_a_letter_without_a_font_is_a_question_mark() -> None:
    assert runs("a\U0001f600b") == [(REGULAR, "a?b")]


def test_arabic_letters_are_joined_and_turned() -> None:
    # b, y and t of "bayt", house: last form, middle form, first form from left to right
    assert runs("بيت") == [("DejaVuSans", "ﺖﻴﺑ")]


def test_numbers_and_latin_words_keep_their_order_in_a_turned_line() -> None:
    seen = "".join(run.text for run in runs(f"{HEBREW} (Phase 12)"))
    assert seen == f"(Phase 12) {HEBREW[::-1]}"
    seen = "".join(run.text for run in runs(f"Phase 12: {HEBREW}"))
    assert seen == f"Phase 12: {HEBREW[::-1]}"


def test_brackets_in_a_turned_line_open_to_the_right_side() -> None:
    seen = "".join(run.text for run in runs(f"({HEBREW})"))
    assert seen == f"({HEBREW[::-1]})"


@pytest.mark.parametrize("text", [ARABIC, HEBREW, "پارک داده تهران", "北京 東京 서울"])
def test_a_program_reads_the_letters_in_their_order(text: str) -> None:
    assert _drawn(text).strip() == text


def test_the_vowels_of_arabic_are_kept() -> None:
    assert _drawn("مَرْكَزُ").strip() == "مَرْكَزُ"


def test_a_long_turned_text_is_broken_before_it_is_turned() -> None:
    words = [f"{HEBREW}{number}" for number in range(12)]
    lines = lines_of(" ".join(words), 9, 150)
    assert len(lines) > 2
    for line in lines:
        assert sum(width_of(run.text, 9) for run in line) <= 150
    first = "".join(run.text for run in lines[0])
    assert words[0][::-1].replace("0", "") in first.replace("0", "")
    assert words[-1][::-1] not in first


def test_a_word_longer_than_a_line_is_cut_and_no_letter_lost() -> None:
    lines = lines_of("א" * 200, 9, 100)
    assert sum(len(run.text) for line in lines for run in line) == 200


def test_markup_stays_text() -> None:
    hostile = '<b>B</b> & <img src="x"/> <a href="http://x">%s</a> {0}'
    assert _drawn(hostile).split() == hostile.split()
    assert "<b>" not in markup(f"<b>{ARABIC}</b>").replace('<font name="DejaVuSans">', "")


def test_line_breaks_of_a_text_are_kept() -> None:
    assert _drawn("one\ntwo").split("\n")[:2] == ["one", "two"]


def test_only_plain_text_is_drawn_as_it_is() -> None:
    assert is_plain("Łódź 12\u00a0%") and is_plain("£1,234.00")
    assert not any(map(is_plain, ("two\nlines", "北京", HEBREW, "a\u202eb", "a\x00b")))


def test_a_text_that_is_too_long_for_a_line_is_cut_with_an_ellipsis() -> None:
    assert fitted("short", 9, 100) == "short"
    cut = fitted("a rather long text for so little room", 9, 60)
    assert cut.endswith("…") and width_of(cut, 9) <= 60


def test_fonts_are_read_only_when_a_letter_asks_for_them() -> None:
    code = (
        "from pipeline.reports.pdf.text import markup, runs\n"
        "from reportlab.pdfbase import pdfmetrics\n"
        "markup('Łódź £1,234'); before = set(pdfmetrics._fonts)\n"
        "runs('서'); print(sorted(set(pdfmetrics._fonts) - before))\n"
        "import sys; print(sorted(before), 'arabic_reshaper' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    asked, before = run.stdout.splitlines()
    assert asked == "['NanumSquareR']"
    assert before == f"['{BOLD}', '{REGULAR}'] False"
