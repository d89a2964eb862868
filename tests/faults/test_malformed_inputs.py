"""Does a malformed input end with a clear error that names its field, exit 2, nothing written?"""

from __future__ import annotations

import copy
import os
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs.catalogue import VARIABLES
from tests.faults.malformed_projects import (
    ALL,
    CONTRADICTIONS,
    FIXTURES,
    GONE,
    SOUND,
    Case,
    changed,
    rendered,
)


def rejected(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is told of a bad input, once it has ended as it should."""
    before = sorted(folder.iterdir())
    code = run_command(arguments)
    told = capsys.readouterr()
    assert code == 2, told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert "unexpected: " not in told.err
    assert sorted(folder.iterdir()) == before
    assert all(line.startswith("error: ") for line in told.err.splitlines())
    return told.err


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_sound_project_is_sound(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(rendered(SOUND))
    assert run_command(["validate", "project.yaml"]) == 0


def test_there_are_more_than_150_cases():
    assert len({(case.where, case.text) for case in ALL}) >= 150


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_a_malformed_project_is_named_and_refused(case, tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(changed(case.where, case.text), encoding="utf-8")
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert (case.names or case.where.replace("/", "."))[:60] in told
    assert case.says in told


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_settings_that_contradict_each_other_are_refused(case, tmp_path, capsys):
    sound = copy.deepcopy(SOUND)
    if "\nrun:" in case.text:
        del sound["run"]
        sound["base"] = {**sound["base"]}
        sound = {"base": sound.pop("base"), **sound}
    text = changed(case.where, case.text, sound)
    (tmp_path / "project.yaml").write_text(text, encoding="utf-8")
    assert case.says in rejected(["validate", "project.yaml"], tmp_path, capsys)


SINGLE_VALUES = [
    ({"SeniorTenorY_39": "3", "SeniorGracePeriod_41": "36"}, "leave no time to repay"),
    (
        {"SeniorTenorY_39": "3", "SeniorGracePeriod_41": "60"},
        "base.SeniorGracePeriod_41: 60 months of grace",
    ),
]


@pytest.mark.parametrize(("base", "says"), SINGLE_VALUES)
def test_a_structure_that_cannot_be_built_is_refused(base, says, tmp_path, capsys):
    sound = {**SOUND, "base": base, "levers": {"SeniorCoupon_38": "[5, 6]"}}
    (tmp_path / "project.yaml").write_text(rendered(sound))
    assert says in rejected(["validate", "project.yaml"], tmp_path, capsys)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)
)
TEXTS = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n ", "is empty"),
    "only a comment": (b"# nothing\n", "is empty"),
    "null": (b"~\n", "has to be a mapping"),
    "a scalar": (b"hello\n", "has to be a mapping"),
    "a list": (b"- 1\n- 2\n", "has to be a mapping"),
    "binary": (bytes(range(256)) * 4, "is binary"),
    "NUL bytes": (b"schema: 1\0\n", "is binary"),
    "UTF-16": ("schema: 1\n".encode("utf-16"), "is binary"),
    "Latin-1": ("title: Zürich\n".encode("latin-1"), "not UTF-8"),
    "truncated UTF-8": (b"title: \xe2\x82", "not UTF-8"),
    "two documents": (b"schema: 1\n---\nschema: 1\n", "more than one document"),
    "duplicate keys": (b"schema: 1\nmarket: a\nmarket: b\n", 'market: the key "market" is given'),
    "duplicate keys inside": (b"base:\n  SeniorCoupon_38: 5\n  SeniorCoupon_38: 6\n",
                              "base.SeniorCoupon_38: the key"),
    "quoted duplicate": (b"market: a\n\"market\": b\n", "given twice"),
    "an anchor in itself": (b"base: &a [*a]\n", "refers to itself"),
    "a mapping in itself": (b"base: &a {b: *a}\n", "refers to itself"),
    "an unknown anchor": (b"base: *nobody\n", "not defined"),
    "a bomb of anchors": (BOMB.encode(), "expands to more than"),
    "a deep list": (b"base: " + b"[" * 100_000, "nested more than"),
    "a deep mapping": (b'{"a":' * 50_000, "nested more than"),
    "a deep block": ("".join(" " * i + f"k{i}:\n" for i in range(200)).encode(), "nested more"),
    "a merge key": (b"a: &a {x: 1}\nbase:\n  <<: *a\n", "merge keys"),
    "a tag": (b"base: !!python/object/apply:os.system [ls]\n", "tags are not accepted"),
    "a binary tag": (b"base: !!binary aGk=\n", "tags are not accepted"),
    "an own tag": (b"base: !secret x\n", "tags are not accepted"),
    "a key that is a list": (b"? [a, b]\n: 1\n", "a key has to be plain text"),
    "a tab": (b"base:\n\tSeniorCoupon_38: 5\n", "not valid YAML"),
    "an open bracket": (b"base: [1, 2\n", "not valid YAML"),
    "an open quote": (b'title: "abc\n', "not valid YAML"),
    "a stray colon": (b"a: b: c\n", "not valid YAML"),
    "a control character": (b"title: a\x07b\n", "not valid YAML"),
    "too large": (b"# " + b"x" * (1 << 20), "larger than"),
    "many values": (b"base: [" + b"1," * 300_000 + b"]", "more than 200,000 values"),
    "JSON with a key twice": (b'{"schema": 1, "schema": 1}', "given twice"),
    "JSON with NaN": (b'{"schema": NaN}', "is not a number"),
    "JSON with Infinity": (b'{"schema": -Infinity}', "is not a number"),
    "JSON with a vast number": (b'{"schema": 1' + b"0" * 5000 + b"}", "too many digits"),
    "JSON with a lone surrogate": (b'{"schema": 1, "project": {"id": "x", "title": "\\ud800"}}',
                                   "control characters"),
    "JSON cut off": (b'{"schema": 1, ', "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_no_document_is_refused(name, tmp_path, capsys):
    content, says = TEXTS[name]
    (tmp_path / "project.yaml").write_bytes(content)
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "project.yaml" in told
    assert says in told


def test_a_file_that_is_none_is_refused(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    cases = {
        ".": "is a directory",
        "nowhere.yaml": "no such file",
        "pipe.yaml": "is not a regular file",
        "loop.yaml": "cannot be read",
        "nul\0byte.yaml": "cannot be read",
        "x" * 5000 + ".yaml": "cannot be read",
    }
    for file, says in cases.items():
        assert says in rejected(["validate", file], tmp_path, capsys)


def test_a_space_of_10_to_the_30_is_refused_at_once(tmp_path, capsys):
    percents = [v for v in VARIABLES if v.unit == "%" and (v.low, v.high) == (0, 100)]
    others = [v for v in VARIABLES if v.unit == "bps" and v.low == 0 and v.can_be_lever]
    names = [v.name for v in (percents + others)[:15]]
    levers = "".join(f"  {name}: {{min: 0, max: 79.2, step: 0.8}}\n" for name in names)
    sound = {name: value for name, value in SOUND.items() if name != "levers"}
    (tmp_path / "project.yaml").write_text(f"{rendered(sound)}levers:\n{levers}")
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "levers: the lever space has 1e+30 permutations; ids end at 10^15" in told


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path, capsys):
    tree = copy.deepcopy(SOUND)
    tree["project"]["id"] = "No Good"
    tree["base"] = {"SeniorCoupon_38": "99", "SeniorCupon_38": "5"}
    tree["levers"]["MezzCoupon_46"] = "[99]"
    tree["run"]["seed"] = "-1"
    tree["market"] = "builtin:xyz"
    text = rendered(tree)
    (tmp_path / "project.yaml").write_text(text)
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    for field in ("project.id", "base.SeniorCoupon_38", "base.SeniorCupon_38", "run.seed",
                  "levers.MezzCoupon_46[0]", "market"):  # fmt: skip
        assert f": {field}: " in told
    line = text.splitlines().index("  SeniorCoupon_38: 99") + 1
    assert f"project.yaml:{line}: base.SeniorCoupon_38: is out of range (given 99)" in told


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["SeniorCupon_38=5"], "did you mean SeniorCoupon_38"),
        (["SeniorCoupon_38"], "NAME=VALUE"),
        (["=5"], "NAME=VALUE"),
        (["SeniorCoupon_38="], "needs a value"),
        (["SeniorCoupon_38=5", "SeniorCoupon_38=6"], "given twice"),
        (["SeniorCoupon_38=99"], "out of range"),
        (["SeniorCoupon_38=[5"], "not valid YAML"),
        (["mezz=maybe"], "true or false"),
        (["max_ltv_pct=0"], "greater than 0"),
        (["min_icr=x"], "has to be a number"),
        (["SeniorGracePeriod_41=60", "SeniorTenorY_39=5"], "leave no time to repay"),
        (["CPI_FloorPct_63=5"], "above CPI_CapPct_64"),
        (["mezz=true", "MezzAmortType_48=PIKWindow", "MezzTenorY_47=3", "zcis=true",
          "zcis_5y=true"], "beside zcis_5y"),
        (["SeniorAmortType_40=Sculpted", "SeniorTenorY_39=3", "SeniorGracePeriod_41=36"],
         "leave no time"),
        (["HardFilters_111=[DSCR]"], "is not a filter"),
    ],
)  # fmt: skip
def test_a_malformed_setting_of_evaluate_is_refused(settings, says, tmp_path, capsys):
    arguments = ["evaluate", *(part for text in settings for part in ("--set", text))]
    told = rejected(arguments, tmp_path, capsys)
    assert told.startswith("error: --set: ")
    assert says in told


def test_bad_lines_of_scenarios_are_numbered_and_nothing_is_printed(tmp_path, capsys):
    lines = ["{}", '{"SeniorCoupon_38": 99}', "", "[1]", '{"a": 1, "a": 2}', "{", '{"x": NaN}']
    (tmp_path / "s.jsonl").write_text("\n".join(lines))
    told = rejected(["evaluate", "--scenarios", "s.jsonl"], tmp_path, capsys)
    assert [part in told for part in ("s.jsonl:4:", "s.jsonl:5:", "s.jsonl:6:", "s.jsonl:7:")] == [
        True
    ] * 4
    (tmp_path / "s.jsonl").write_text("\n".join(lines[:2]))
    told = rejected(["evaluate", "--scenarios", "s.jsonl"], tmp_path, capsys)
    assert "s.jsonl:2: SeniorCoupon_38: is out of range" in told


PAYLOAD = {
    "project_id": "proj_1",
    "variables": "[{name: SeniorCoupon_38, type: discrete, values: [5, 6], priority: 1}]",
    "base_scenario": {"GrossITLoad_02": "50"},
}
PAYLOADS = [
    Case("project_id", GONE, "is missing"),
    Case("user_email", "nobody", "pattern"),
    Case("mode", "some", "has to be"),
    Case("mode", "manual", "leave the variables out", "variables"),
    Case("variables", "{}", "has to be a list"),
    Case("variables", "[{name: X_1, type: discrete, values: [1]}]", "not a variable",
         "variables[0].name"),
    Case("variables", "[{name: SeniorCoupon_38}]", "is missing", "variables[0].type"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete}]", "takes values",
         "variables[0]"),
    Case("variables", "[{name: SeniorCoupon_38, type: continuous, values: [5]}]",
         "takes min_value", "variables[0].values"),
    Case("variables", "[{name: SeniorCoupon_38, type: continuous, min_value: 5}]", "is missing",
         "variables[0].max_value"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5, 99]}]",
         "out of range", "variables[0].values[1]"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5], priority: 0}]",
         "greater than or equal to 1", "variables[0].priority"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5]}, "
         "{name: SeniorCoupon_38, type: discrete, values: [6]}]", "given twice",
         "variables[1].name"),
    Case("base_scenario/GrossITLoad_02", "0", "out of range", "base_scenario.GrossITLoad_02"),
    Case("base_scenario", "7", "has to be a mapping"),
    Case("MaxPermutations_108", "5", "out of range"),
    Case("RankingObjective_109", "Best", "not an allowed value"),
    Case("batch_size", "0", "greater than or equal to 1"),
    Case("max_workers", "many", "whole number"),
    Case("store_results", "yes", "true or false"),
    Case("batchsize", "5", "did you mean batch_size"),
]  # fmt: skip


@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_a_malformed_payload_is_named_and_refused(case, tmp_path, capsys):
    (tmp_path / "payload.yaml").write_text(changed(case.where, case.text, PAYLOAD))
    told = rejected(["validate", "payload.yaml"], tmp_path, capsys)
    assert (case.names or case.where.replace("/", ".")) in told
    assert case.says in told


FILES = [
    ("markets/gbp", "  nodes: {1: 3.75, 2: 3.65", "  nodes: {0: 3.75, 2: 3.65", "the term 0"),
    ("markets/gbp", "{1: 3.75, 2: 3.65", "{01: 3.75, 1: 3.65", "a term is given twice"),
    ("markets/gbp", "{1: 3.75, 2: 3.65", "{1: 99, 2: 3.65", "zero_curve.nodes.1: has to be less"),
    ("markets/gbp", "date: 2026-01-30", "date: 30.1.2026", "date: has to be a date"),
    ("markets/gbp", "spot: 1.0", "spot: 0.005", "low and high set another range"),
    ("markets/gbp", "spot: 1.0", "{spot: 1.0", "not valid YAML"),
    ("markets/gbp", "spot: 1.0", "spot: 1.0\n  low: 0.5", "have to be given together"),
    ("markets/gbp", "{5: 3.3, 10: 3.0}", "{5: 3.3}", "inflation.breakeven_pct.10: is missing"),
    ("markets/gbp", "normal_bps: 85", "normal_bps: -1", "volatility.normal_bps"),
    ("markets/gbp", "AAA: 70", "AAA: 301", "credit_spreads_bps.AAA"),
    ("markets/gbp", "name: gbp", "name: ../gbp", "name: string should match pattern"),
    ("rulebooks/v1", 'version: "1.0"', "version: 1.0", "version: has to be text"),
    ("rulebooks/v1", "  RK-DSCR-001:", "  RK-DSCR-003:", "rules.RK-DSCR-001: is missing"),
    ("rulebooks/v1", "enabled: true", "enabled: yes", "rules.RK-DSCR-001.enabled: has to be true"),
    ("rulebooks/v1", "action: reject", "action: delete", "rules.RK-DSCR-001.action"),
    ("rulebooks/v1", "AAA: {UK: 1.45,", "AAA: {UK: x,", "threshold.AAA.UK: has to be a number"),
    ("rulebooks/v1", "[10, 20, 30]", "[10, 30, 20]", "tenor_years has to rise"),
    ("rulebooks/v1", "needs: [true_sale]", "needs: [rule_144a]", "EU.needs: this version can ask"),
    ("rulebooks/v1", "{min_dscr: 1.35, max_ltv_pct: 60}", "{min_dscr: 1.55, max_ltv_pct: 60}",
     "a better rating has to ask for more"),
    ("rulebooks/v1", "gold: {min_coverage_pct: 100", "gold: {min_coverage_pct: 101",
     "a better tier has to ask for"),
    ("rulebooks/v1", "diamond: 1,", "diamond: 6,", "has to be as rare or rarer"),
    ("rulebooks/v1", "[15, 25]", "[25, 15]", "lower end has to stand first"),
    ("rulebooks/v1", "mode: conditions", "mode: best", "tiers.mode"),
    ("rulebooks/v1", "JPY: 190", "JPY: 0", "composite.score_scale.JPY: has to be greater than 0"),
    ("rulebooks/v1", "schema: 1", "schema: 7", "newer than schema 1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after", "says"), FILES)
def test_a_malformed_market_or_rulebook_is_refused_by_itself_and_in_a_project(
    name, before, after, says, tmp_path, capsys
):
    text = (FIXTURES / f"{name}.yaml").read_text()
    assert before in text
    (tmp_path / "file.yaml").write_text(text.replace(before, after, 1))
    assert says in rejected(["validate", "file.yaml"], tmp_path, capsys)
    field = name.split("/")[0].removesuffix("s")
    (tmp_path / "project.yaml").write_text(changed(field, "file.yaml"))
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert f"{field}: cannot be used, see below" in told
    assert says in told


def test_a_window_of_capitalised_interest_leaves_time_to_repay(tmp_path, capsys):
    text = (FIXTURES / "rulebooks/v1.yaml").read_text()
    window = text.replace("pik_window_months: 24", "pik_window_months: 36")
    (tmp_path / "book.yaml").write_text(window)
    base = {"mezz": "true", "MezzAmortType_48": "PIKWindow", "MezzTenorY_47": "3"}
    tree = {**SOUND, "base": base, "levers": {"SeniorCoupon_38": "[5, 6]"}}
    (tmp_path / "project.yaml").write_text(changed("rulebook", "book.yaml", tree))
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "base.MezzTenorY_47: interest capitalises 36 months, the whole tenor" in told


@pytest.mark.parametrize("command", [["plan"], ["run", "--direct"], ["evaluate"]])
def test_every_command_refuses_before_it_writes(command, tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(changed("base/SeniorCoupon_38", "99"))
    told = rejected([command[0], "project.yaml", *command[1:]], tmp_path, capsys)
    assert "base.SeniorCoupon_38: is out of range" in told


def test_init_never_overwrites(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text("mine")
    assert "exists already" in rejected(["init"], tmp_path, capsys)
    assert (tmp_path / "project.yaml").read_text() == "mine"
    assert "cannot be written" in rejected(["init", "no/such/folder.yaml"], tmp_path, capsys)
