"""Does text that anybody may have typed stay text in every file of a pack, and nothing is loaded?

A pack of a project whose title, tenant, parties and terms say the worst that is let in, and one of
a run whose manifest somebody changed to say what is not let in: control characters and overrides of
the reading direction. Every file is looked through for anything that acts or comes from outside.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from tests.hostile import CONTROLS, READABLE, TENANT, WORST, harmless
from tests.pack_text import docx_text, html_text, pdf_text, xlsx_cells
from tests.packs import varied_project
from tests.run_projects import run_here

Files = dict[str, bytes]
TEMPLATES = "{{7*7}} {% import os %} ${jndi:ldap://example.invalid/x} #{1+1} <%= 1 %> %(x)s {x!r}"
FORMULAS = ("=cmd|' /C calc'!A0", "+1+2", "-2+3", "@SUM(1+9)*cmd", "\t=1+1", "=1;=2")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Keys of a PDF that act when it is opened or clicked, or that hold or fetch a file.
ACTING = {
    "/URI", "/Launch", "/JavaScript", "/JS", "/OpenAction", "/AA", "/EmbeddedFile",
    "/EmbeddedFiles", "/GoToR", "/GoToE", "/SubmitForm", "/ImportData", "/RichMedia", "/XFA",
    "/Movie", "/Sound", "/FileAttachment",
}  # fmt: skip
FETCHING = {"src", "href", "xlink:href", "action", "formaction", "data", "poster", "srcset",
            "background", "ping", "manifest", "codebase"}  # fmt: skip
WORST_NAME = f"{WORST[:90]} {TEMPLATES}"


def packed(run: Path, target: Path, number: int | None = None) -> Files:
    """A pack of a run as the command writes it, its files by name; the ZIP among them."""
    which = [] if number is None else [str(number)]
    line = ["pack", run.name, *which, "--to", str(target), "--out", str(run.parent)]
    assert run_command(line) == 0
    files = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    assert len(files) > 15
    return files


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    text = varied_project("GBP", title=WORST, tenant=TENANT, named=WORST_NAME)
    for formula in FORMULAS:
        text = text.replace(json.dumps(WORST_NAME), json.dumps(formula.strip()), 1)
    (folder / "p.yaml").write_text(text.replace("max_permutations: 2000", "max_permutations: 600"))
    return run_here(load_request(str(folder / "p.yaml")), folder / "runs")[1]


@pytest.fixture(scope="module")
def typed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What the project file may say."""
    return packed(run, tmp_path_factory.mktemp("typed"))


@pytest.fixture(scope="module")
def changed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What only somebody who changed the run's manifest can make it say."""
    folder = tmp_path_factory.mktemp("changed")
    copy = folder / "runs" / run.name
    shutil.copytree(run, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["project"]["title"] = manifest["project"]["tenant"]["name"] = READABLE + CONTROLS
    for place in ("rulebook", "market"):
        manifest[place]["name"] = READABLE + CONTROLS
    manifest["versions"]["numpy"] = READABLE + CONTROLS
    names = manifest["names"]
    names["parties"] = {
        name: value if name.endswith("rating") or isinstance(value, (list, tuple))
        else READABLE + CONTROLS
        for name, value in names["parties"].items()
    }  # fmt: skip
    names["deal"]["name"] = names["deal"]["listing"] = "\x00\x01\ud800" + READABLE + CONTROLS
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return packed(copy, folder / "packs")


@pytest.fixture(params=["typed", pytest.param("changed", marks=pytest.mark.full)])
def files(request: pytest.FixtureRequest) -> Files:
    found: Files = request.getfixturevalue(request.param)
    return found


@cache
def said(data: bytes) -> str:
    """All text of a workbook."""
    return xlsx_cells(data).text


def of(files: Files, ending: str) -> Iterator[tuple[str, bytes]]:
    found = [(name, data) for name, data in files.items() if name.endswith(ending)]
    assert found
    yield from found


def test_every_name_is_safe_and_the_archive_unpacks_into_one_folder(files: Files) -> None:
    folders = set()
    for name in files:
        assert all(SAFE_NAME.fullmatch(part) for part in name.split("/")), name
        harmless(name)
    (archive,) = (data for _, data in of(files, ".zip"))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        for entry in opened.infolist():
            folder, _, file = entry.filename.partition("/")
            assert SAFE_NAME.fullmatch(folder) and SAFE_NAME.fullmatch(file), entry.filename
            assert not entry.is_dir() and entry.external_attr >> 16 == 0o644, "no link"
            folders.add(folder)
            assert files[entry.filename] == opened.read(entry)
        assert len({entry.filename for entry in opened.infolist()}) == len(files) - 1
    assert len(folders) == 1


def test_every_document_says_it_letter_by_letter(files: Files) -> None:
    for ending, text_of in ((".pdf", pdf_text), (".html", html_text), (".docx", docx_text)):
        for name, data in of(files, ending):
            text = text_of(data)
            assert _squeezed(READABLE) in _squeezed(text), name
            harmless(" ".join(text.split()))  # lines break where pages are full
    for name, data in of(files, ".xlsx"):
        text = said(data)
        assert _squeezed(READABLE) in _squeezed(text), name
        harmless(" ".join(text.split()))


def test_templates_and_formulas_stand_as_they_were_typed(typed: Files) -> None:
    for ending, text_of in ((".docx", docx_text), ("1-term-sheets.html", html_text)):
        for name, data in of(typed, ending):
            text = _squeezed(text_of(data))
            assert _squeezed(TEMPLATES) in text, name
            assert _squeezed(FORMULAS[0]) in text, name
    for name, data in of(typed, "pack.xlsx"):
        assert _squeezed(TEMPLATES) in _squeezed(said(data)), name


def _squeezed(text: str) -> str:
    return "".join(text.split())


# -- PDF -------------------------------------------------------------------------------------------
def keys_of(reader: PdfReader) -> Iterator[tuple[str, Any]]:
    """Every key of every dictionary of a PDF, and every name that is a value."""
    seen: set[int] = set()
    left: list[Any] = [reader.trailer]
    while left:
        part = left.pop()
        if isinstance(part, IndirectObject):
            if part.idnum in seen:
                continue
            seen.add(part.idnum)
            part = part.get_object()
        if isinstance(part, DictionaryObject):
            for key, value in part.items():
                yield str(key), value
                left.append(dict.__getitem__(part, key))
        elif isinstance(part, ArrayObject):
            left += list.__iter__(part)


def test_no_pdf_acts_or_holds_anything_but_pages(files: Files) -> None:
    for name, data in of(files, ".pdf"):
        reader = PdfReader(io.BytesIO(data))
        told = list(keys_of(reader))
        assert len(told) > 100
        assert {key for key, _ in told} & ACTING == set(), name
        assert {str(value) for key, value in told if key in ("/S", "/Subtype")} & ACTING == set()
        for each in (reader.metadata or {}).values():
            harmless(str(each))


def test_an_action_in_a_pdf_is_seen(typed: Files) -> None:
    name, data = next(of(typed, ".pdf"))
    writer = PdfWriter(clone_from=io.BytesIO(data))
    link = Link(rect=(0, 0, 9, 9), url="https://example.invalid/x")
    writer.add_annotation(page_number=0, annotation=link)
    out = io.BytesIO()
    writer.write(out)
    assert "/URI" in {key for key, _ in keys_of(PdfReader(out))}, name


# -- HTML ------------------------------------------------------------------------------------------
class Page(HTMLParser):
    """Elements, attributes and style sheets of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.styles: list[str] = []
        self._style = False
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._style = tag == "style"
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self.styles.append(data)


def problems_of(data: bytes) -> list[str]:
    """What of a page acts, or is fetched from elsewhere."""
    page = Page(data)
    barred = {"script", "iframe", "object", "embed", "link", "base", "form", "img", "font", "image"}
    found = [f"<{tag}>" for tag in page.tags & barred]
    for name, value in page.attributes:
        if name.startswith("on") or (name in FETCHING and not value.startswith(("#", "data:"))):
            found.append(f"{name}={value}")
        elif name == "style" or "url(" in value:
            found += _styled(value)
    for style in page.styles:
        found += _styled(style)
    return found


def _styled(style: str) -> list[str]:
    outside = re.findall(r"url\((?!['\"]?(?:data:|#))[^)]*\)", style)
    return outside + re.findall(r"@import[^;]*|expression\([^)]*\)|\w+://\S*", style)


def test_no_page_acts_or_loads_anything(files: Files) -> None:
    for name, data in of(files, ".html"):
        assert problems_of(data) == [], name


@pytest.mark.parametrize(
    "added",
    ["<script>1</script>", '<img src="https://example.invalid/x">', '<a href="javascript:1">x</a>',
     '<p style="background:url(//example.invalid/x)">', '<p onclick="1">',
     "<style>@import 'x';</style>", "<style>p{background:url(x.png)}</style>"],
)  # fmt: skip
def test_what_acts_in_a_page_is_seen(added: str) -> None:
    assert problems_of(f"<!doctype html><html><body>{added}</body></html>".encode())


# -- Word and Excel --------------------------------------------------------------------------------
def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            assert ".." not in name and not name.startswith("/")
        return {name: package.read(name) for name in package.namelist()}


@pytest.mark.parametrize("ending", [".docx", ".xlsx"])
def test_no_office_file_reaches_outside(files: Files, ending: str) -> None:
    for name, data in of(files, ending):
        parts = parts_of(data)
        for part, content in parts.items():
            assert not re.search("vba|externalLink|embeddings|activeX|connections|oleObject", part)
            if part.endswith((".xml", ".rels")):
                tree = ET.fromstring(content)  # noqa: S314 - our own file
                for each in tree.iter():
                    assert each.get("TargetMode") != "External", (name, part)
            if part.startswith("docProps/"):
                harmless(content.decode())


def test_word_has_no_field_but_its_own(files: Files) -> None:
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for _, data in of(files, ".docx"):
        for part, content in parts_of(data).items():
            if part.startswith("word/") and part.endswith(".xml"):
                tree = ET.fromstring(content)  # noqa: S314 - our own file
                fields = [each.text or "" for each in tree.iter(f"{word}instrText")]
                fields += [each.get(f"{word}instr", "") for each in tree.iter(f"{word}fldSimple")]
                for field in fields:
                    assert re.match(r"\s*(PAGE|NUMPAGES|TOC|PAGEREF|REF|SECTIONPAGES)\b", field)


FETCHES = re.compile(r"HYPERLINK|WEBSERVICE|FILTERXML|DDE|RTD|INDIRECT|\[|://|\|")


def formulas_of(data: bytes) -> list[str]:
    """Every formula of a workbook, its defined names among them."""
    found = []
    for part, content in parts_of(data).items():
        if re.fullmatch(r"xl/(workbook|worksheets/\w+|tables/\w+|charts/\w+)\.xml", part):
            tree = ET.fromstring(content)  # noqa: S314 - our own file
            kinds = ("f", "definedName", "formula1", "formula2", "calculatedColumnFormula")
            names = {"formula"} if "worksheets" in part else set()
            for each in tree.iter():
                if each.tag.rpartition("}")[2] in {*kinds, *names}:
                    found.append(each.text or "")
    return found


def test_workbooks_have_no_formula_that_was_typed(files: Files) -> None:
    for name, data in of(files, ".xlsx"):
        formulas = formulas_of(data)
        for formula in formulas:
            assert not FETCHES.search(formula), (name, formula)
            assert "alert" not in formula and "cmd" not in formula, (name, formula)
        sheets = [content for part, content in parts_of(data).items() if "worksheets/" in part]
        assert name.endswith("model.xlsx") or not [each for each in sheets if b"<f>" in each], name
        assert len(formulas) > 1_000 or not name.endswith("model.xlsx")


def test_a_formula_that_fetches_is_seen() -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = '=WEBSERVICE("x")'
    book.save(out)
    (formula,) = formulas_of(out.getvalue())
    assert FETCHES.search(formula)
