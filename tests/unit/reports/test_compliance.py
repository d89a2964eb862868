"""Does the compliance document hold every rule, and say what gates, rulebook and engine decided?"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.explain.run import StoredRun
from pipeline.reports.formats import text_of
from pipeline.reports.pack.compliance import compliance
from pipeline.reports.pack.document import (
    Document,
    Fields,
    Figure,
    Grid,
    Style,
    Tornado,
    Verdicts,
)
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.rule_words import CATEGORIES, DESCRIPTIONS, REMEDIES
from tests.pack_sources import Told
from tests.unit.reports.deal_run import (
    KINDS,
    assert_every_figure,
    deal_run,
    named,
    told_of,
)

ROOT = Path(__file__).resolve().parents[3]
Written = dict[str, tuple[Dossier, Document]]


@pytest.fixture(scope="module")
def written(run: StoredRun, numbers: dict[str, int]) -> Written:
    dossiers = {kind: dossier_of(run, number) for kind, number in numbers.items()}
    return {kind: (dossier, compliance(dossier)) for kind, dossier in dossiers.items()}


def grid(document: Document, section: str, title: str = "") -> Grid:
    found = [
        block
        for each in document.sections
        if each.heading == section
        for block in each.blocks
        if isinstance(block, Grid) and block.title == title
    ]
    assert len(found) == 1
    return found[0]


def field(document: Document, section: str, label: str) -> tuple[Any, ...]:
    found = [
        each.values
        for part in document.sections
        if part.heading == section
        for block in part.blocks
        if isinstance(block, Fields)
        for each in block.fields
        if each.label == label
    ]
    assert len(found) == 1
    return found[0]


def rules_of(document: Document) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of the rules, each under its key."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in grid(document, "Rules by key").rows:
        key = row[0] or list(found)[-1]
        assert isinstance(key, str)
        found.setdefault(key, []).append(row)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_what_the_run_tells(
    written: Written, run: StoredRun, numbers: dict[str, int], tmp_path: Path, kind: str
) -> None:
    told = told_of(run, numbers[kind], {"parties": {}, "deal": {}}, tmp_path)
    elsewhere = [Told(Path(run.results.where), run.manifest["run_id"], numbers["mezzanine"])]
    least = 60 if kind == "unsound" else 200
    assert assert_every_figure(written[kind][1], told, elsewhere) > least


def test_every_rule_stands_there_once_with_words_of_its_own(written: Written) -> None:
    book = yaml.safe_load((ROOT / "fixtures" / "rulebooks" / "v1.yaml").read_text())
    keys = list(book["rules"])
    assert set(CATEGORIES) == set(DESCRIPTIONS) == set(REMEDIES) == set(keys)
    assert len(set(REMEDIES.values())) >= len(keys) - 1
    for _, document in written.values():
        assert list(rules_of(document)) == keys
        remedies = grid(document, "Consequences and remedies").rows
        assert [row[0] for row in remedies] == keys
        assert [row[-1] for row in remedies] == [REMEDIES[key] for key in keys]


def test_headroom_is_between_what_is_asked_and_what_is_there(written: Written) -> None:
    compared = 0
    for _, document in written.values():
        for rows in rules_of(document).values():
            for row in rows:
                sign, asked, actual, room, verdict = row[4:9]
                if not isinstance(room, Figure) or not isinstance(room.value, (int, float)):
                    continue
                distance = actual.value - asked.value
                distance = distance if sign == "≥" else -distance
                assert room.value == pytest.approx(distance, rel=1e-9, abs=1e-6)
                if verdict.verdict != "off":
                    # the gates' rounding allowance, over amounts of money a little more
                    assert (distance >= -1e-6 * max(1.0, abs(asked.value))) == (
                        verdict.verdict == "pass"
                    ), row
                compared += 1
    assert compared > 60


def test_the_result_follows_from_the_stored_reasons(written: Written) -> None:
    results = set()
    for dossier, document in written.values():
        row = dossier.structure.row
        result = field(document, "Result", "Result")[0].value
        reasons = [*(row["gate_a_reasons"] or ()), *(row["gate_b_reasons"] or ())]
        assert (result == "Fail") == bool(reasons)
        results.add(result)
        told = field(document, "Result", "Tests that reject")[0].value
        assert told == (", ".join(reasons) or "none")
        tested = field(document, "Result", "Test date")[0].value
        assert tested == dossier.made_at.date()
        failing = [
            step.rule
            for step in dossier.explanation.steps()
            if step.id.startswith("gate_") and step.bound and step.bound.verdict == "fail"
        ]
        rows = [(rule, row) for rule, each in rules_of(document).items() for row in each]
        red = [rule for rule, row in rows if getattr(row[8], "verdict", "") == "fail"]
        assert sorted(red) == sorted(failing)
    assert results == {"Fail", "Conditional"}


def test_the_worst_leg_is_the_rules(written: Written) -> None:
    order = ["fail", "warn", "pass", "off"]
    for _, document in written.values():
        remedies = {row[0]: row[2] for row in grid(document, "Consequences and remedies").rows}
        for rule, rows in rules_of(document).items():
            verdicts = [row[8].verdict for row in rows if isinstance(row[8], Verdicts)]
            shown = remedies[rule]
            if not verdicts:
                assert shown in ("not asked", "off")
                continue
            assert isinstance(shown, Verdicts)
            assert shown.verdict == min(verdicts, key=order.index)


def test_bars_of_one_percent_are_the_table_and_the_widest_comes_first(written: Written) -> None:
    for kind in ("offer", "mezzanine", "rejected"):
        dossier, document = written[kind]
        drawn = [block for block in document.blocks() if isinstance(block, Tornado)]
        assert len(drawn) == 1
        base = drawn[0].base.value
        binding = next(step for step in dossier.explanation.steps()
                       if step.id == "compliance.binding")  # fmt: skip
        assert base == binding.inputs[0].value
        widths = []
        for bar in drawn[0].bars:
            ends = [end.value for end in (bar.low, bar.high) if end is not None]
            assert ends and bar.low is not None and "_down]" in bar.low.source
            assert all(isinstance(end, float) for end in ends)
            widths.append(max([*ends, base]) - min([*ends, base]))
        assert widths == sorted(widths, reverse=True) and widths[-1] > 0.0


def test_a_structure_without_debt_or_sense_says_what_is_not_asked(written: Written) -> None:
    rows = rules_of(written["debtless"][1])
    assert rows["RK-REPO-001"][0][3] == "Not asked: no senior debt"
    assert rows["RK-DSCR-001"][0][8].verdict == "fail"
    rows = rules_of(written["unsound"][1])
    assert rows["GATE-A-MATH"][0][8].verdict == "fail"
    others = [row for rule, each in rows.items() for row in each if rule != "GATE-A-MATH"]
    assert {row[3] for row in others} == {"Not asked: the structure is not sound"}


def test_rules_that_are_off_or_only_warn_are_told_apart(tmp_path: Path) -> None:
    book = yaml.safe_load((ROOT / "fixtures" / "rulebooks" / "v1.yaml").read_text())
    for rule in book["rules"].values():
        if rule["action"] == "reject":
            rule["action"] = "warn"
    book["rules"]["RK-TENOR-001"]["enabled"] = False
    book["rules"]["RK-WRAP-001"]["enabled"] = False
    book["rules"]["RK-DSCR-001"]["threshold"]["BBB"]["UK"] = 1.45
    (tmp_path / "lenient.yaml").write_text(yaml.safe_dump(book))
    run = deal_run(tmp_path, rulebook="lenient.yaml", levers={"TargetDSCRSenior_37": [1.30, 1.35]},
                   base={"GrossITLoad_02": 5, "MinSeniorRatingTarget_75": "BBB"},
                   run={"seed": 1, "max_permutations": 1000})  # fmt: skip
    document = compliance(dossier_of(run, 0))
    rows = rules_of(document)
    assert rows["RK-TENOR-001"][0][8].verdict == "off"
    assert rows["RK-TENOR-001"][0][9] == "None: rule off"
    assert rows["RK-WRAP-001"][0][3] == "Not asked: the rule is off"
    broken = rows["RK-DSCR-001"][0]
    assert broken[8].verdict == "warn" and broken[9] == "Warning"
    assert field(document, "Result", "Result")[0].value == "Conditional"
    assert (
        "DSCR_BELOW_MINIMUM"
        in field(document, "Result", "Broken without rejecting, and warnings")[0].value
    )


def test_names_change_nothing(run: StoredRun, numbers: dict[str, int], written: Written) -> None:
    hostile = dossier_of(run, numbers["offer"], named("=1+1 <script>"))
    assert compliance(hostile) == written["offer"][1]


def test_what_is_whole_has_no_digits_however_close_to_its_limit() -> None:
    style = Style("GBP")
    for value, unit, text in (
        (140.00000000000003, "bps", "140\u00a0bps"), (5.25, "bps", "5.250\u00a0bps"),
        (-3.0, "notches", "-3"), (1.35, "times", "1.3500x"),
    ):  # fmt: skip
        figure = Figure(value, unit, "row.nothing")  # type: ignore[arg-type]
        assert text_of(figure, style, more_digits=2) == text
