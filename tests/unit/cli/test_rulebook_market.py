"""Do `rulebook` and `market` show, compare and check files, for people and for scripts?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli.main import run_command
from tests.unit.inputs.sound import document as fixture

Write = Callable[[str, dict[str, Any]], str]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: dict[str, Any]) -> str:
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return str(path)

    return written


def told(arguments: list[str], capsys: Capture, code: int = 0) -> Any:
    assert run_command([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_show_lists_every_rule_with_its_source_and_every_other_figure(capsys: Capture) -> None:
    book = fixture("rulebooks/v1")
    assert run_command(["rulebook", "show"]) == 0
    text = capsys.readouterr().out
    for key, rule in book["rules"].items():
        (line,) = [each for each in text.splitlines() if each.startswith(key)]
        assert f" {rule['action']} " in line
        assert line.endswith(rule["source"])
    assert "AAA: UK 1.45, EU 1.5, US 1.4, Global 1.5" in text
    assert "composite.weights.SeniorRaise" in text
    whole = told(["rulebook", "show", "builtin:v1"], capsys)
    assert whole["rules"]["RK-AMORT-001"] == book["rules"]["RK-AMORT-001"]
    assert len(whole["sha256"]) == 64
    market = told(["market", "show", "eur"], capsys)
    assert market["zero_curve"]["nodes"]["10"] == 2.8
    assert run_command(["market", "show", "eur"]) == 0
    assert "zero_curve.nodes.10" in capsys.readouterr().out


def test_diff_names_key_old_new_and_what_a_change_concerns(write: Write, capsys: Capture) -> None:
    book = fixture("rulebooks/v1")
    book["rules"]["RK-DSCR-001"]["threshold"]["AA"]["EU"] = 1.45
    book["rules"]["RK-WRAP-001"]["enabled"] = False
    book["rules"]["RK-DSCR-001"]["action"] = "downgrade"
    book["rules"]["RK-REPO-002"]["tenor_years"] = [10, 20, 28]
    del book["rules"]["RK-WRAP-001"]["threshold"]["A"]["cost_bps"]
    mine = write("mine", book)
    changes = told(["rulebook", "diff", "v1", mine], capsys)["changes"]
    assert changes == [
        {
            "path": "rules.RK-DSCR-001.action",
            "old": "reject",
            "new": "downgrade",
            "concerns": ["DSCR_BELOW_MINIMUM"],
        },
        {
            "path": "rules.RK-DSCR-001.threshold.AA.EU",
            "old": 1.4,
            "new": 1.45,
            "concerns": ["DSCR_BELOW_MINIMUM +", "MARGINAL_CREDIT +"],
        },
        {
            "path": "rules.RK-REPO-002.tenor_years[2]",
            "old": 30.0,
            "new": 28.0,
            "concerns": ["repo_haircut_pct"],
        },
        {
            "path": "rules.RK-WRAP-001.enabled",
            "old": True,
            "new": False,
            "concerns": ["senior_rating +", "day1_wrap +", "DSCR_BELOW_MINIMUM -"],
        },
        *(
            {
                "path": f"rules.RK-WRAP-001.threshold.A.cost_bps[{end}]",
                "old": old,
                "new": None,
                "concerns": ["WRAP_COST_OUT_OF_RANGE"],
            }
            for end, old in enumerate((8.0, 15.0))
        ),
    ]
    assert run_command(["rulebook", "diff", "v1", mine, "--exit-code"]) == 1
    assert "RK-DSCR-001.threshold.AA.EU" in capsys.readouterr().out
    assert told(["rulebook", "diff", "v1", "v1", "--exit-code"], capsys)["changes"] == []


def test_market_diff_names_the_nodes_that_moved(write: Write, capsys: Capture) -> None:
    market = fixture("markets/gbp")
    market["zero_curve"]["nodes"] = market["zero_curve"]["nodes"] | {10: 4.2, 12: 4.3}
    market["date"] = "2026-02-27"
    found = told(["market", "diff", "gbp", write("feb", market)], capsys)["changes"]
    assert [(each["path"], each["old"], each["new"]) for each in found] == [
        ("date", "2026-01-30", "2026-02-27"),
        ("zero_curve.nodes.10", 4.15, 4.2),
        ("zero_curve.nodes.12", None, 4.3),
    ]


def test_rulebook_check_tells_actions_what_is_off_and_every_error(
    write: Write, capsys: Capture
) -> None:
    book = fixture("rulebooks/v1")
    book["rules"]["GATE-B-ICR"]["enabled"] = False
    found = told(["rulebook", "check", write("off", book)], capsys)
    assert (found["valid"], found["actions"]["GATE-B-ICR"]) == (True, "off")
    assert [each["path"] for each in found["warnings"]] == ["rules.GATE-B-ICR.enabled"]
    book["rules"]["GATE-B-ICR"]["treshold"] = {"min": 2}
    book["rules"]["GATE-A-COUPON"]["action"] = "explode"
    bad = write("bad", book)
    found = told(["rulebook", "check", bad], capsys, code=2)
    paths = {each["path"] for each in found["errors"]}
    assert paths == {"rules.GATE-B-ICR.treshold", "rules.GATE-A-COUPON.action"}
    assert run_command(["rulebook", "check", bad]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "explode" in err


def test_market_check_reports_age_against_the_rulebooks_limit(
    write: Write, capsys: Capture
) -> None:
    check = ["market", "check", "gbp", "--as-of"]
    fresh = told([*check, "2026-04-30"], capsys)  # day 90, the limit
    assert (fresh["age_days"], fresh["stale"], fresh["warnings"]) == (90, False, [])
    late = told([*check, "2026-05-01"], capsys)
    assert (late["age_days"], late["stale"], late["valid"]) == (91, True, True)
    assert [each["path"] for each in late["warnings"]] == ["date"]
    book = fixture("rulebooks/v1")
    book["market"]["stale_after_days"] = 91
    again = told([*check, "2026-05-01", "--rulebook", write("patient", book)], capsys)
    assert (again["stale"], again["stale_after_days"]) == (False, 91)
    early = told([*check, "2026-01-01"], capsys)
    assert "29 days after" in early["warnings"][0]["message"]


def test_market_check_implies_forwards_from_the_curve(capsys: Capture) -> None:
    found = told(["market", "check", "gbp", "--as-of", "2026-02-01"], capsys)
    nodes = {node["years"]: node for node in found["curve"]}
    assert nodes[1]["discount"] == pytest.approx(1 / 1.0375, rel=1e-15)
    assert nodes[5]["forward_pct"] == pytest.approx(
        100 * ((1.0375**5 / 1.0365**3) ** 0.5 - 1), rel=1e-12
    )
    assert all(node["forward_pct"] > 0 for node in found["curve"])
    assert 0 < found["lowest_forward_pct"] < 3.75
    assert run_command(["market", "check", "gbp", "--as-of", "2026-02-01"]) == 0
    assert "0.963855" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("nodes", "path"),
    [
        ({1: 3.0, 2: 1.4}, "zero_curve.nodes.2"),  # 1.03 today, 1.014^2 = 1.0282: less after two
        ({1: -0.5, 2: 0.5}, "zero_curve.nodes.1"),
        ({1: 0.0, 2: 0.5}, "zero_curve.nodes.1"),
        # both nodes are sound, but a straight line of zero rates between them is not
        ({1: 4.0, 20: 4.0, 30: 2.7}, "zero_curve.nodes"),
    ],
    ids=["falls too fast", "below nought", "flat at nought", "between nodes"],
)
def test_a_curve_with_arbitrage_is_an_error(
    nodes: dict[int, float], path: str, write: Write, capsys: Capture
) -> None:
    market = fixture("markets/gbp")
    market["zero_curve"]["nodes"] = nodes
    found = told(["market", "check", write("m", market), "--as-of", "2026-02-01"], capsys, 2)
    assert [each["path"] for each in found["errors"]] == [path]
    assert found["valid"] is False


def test_spreads_out_of_order_are_an_error_and_unlikely_figures_a_warning(
    write: Write, capsys: Capture
) -> None:
    market = fixture("markets/gbp")
    market["credit_spreads_bps"] |= {"AA": 130, "A": 120}
    market["inflation"]["breakeven_pct"] = {5: 5.5, 10: 1.0}
    market["volatility"]["normal_bps"] = 850
    market["fx"] |= {"local_currency": "EUR"}
    path = write("odd", market)
    found = told(["market", "check", path, "--as-of", "2026-02-01"], capsys, 2)
    assert [each["path"] for each in found["errors"]] == ["credit_spreads_bps.A"]
    assert [each["path"] for each in found["warnings"]] == [
        "inflation.breakeven_pct.5",
        "inflation.breakeven_pct",
        "fx.date",
        "volatility.normal_bps",
    ]
    assert run_command(["market", "check", path, "--as-of", "2026-02-01"]) == 2
    err = capsys.readouterr().err
    assert "error: " in err
    assert "warning: " in err


def test_the_exchange_rates_own_date_and_limit_are_checked(write: Write, capsys: Capture) -> None:
    market = fixture("markets/gbp")
    market["fx"] |= {"local_currency": "EUR", "date": "2026-01-10", "stale_after_days": 30}
    path = write("fx", market)
    fresh = told(["market", "check", path, "--as-of", "2026-02-09"], capsys)
    assert (fresh["fx_age_days"], fresh["fx_stale"], fresh["warnings"]) == (30, False, [])
    late = told(["market", "check", path, "--as-of", "2026-02-10"], capsys)
    assert (late["fx_stale"], [each["path"] for each in late["warnings"]]) == (True, ["fx.date"])


@pytest.mark.parametrize("name", ["gbp", "eur", "usd", "jpy", "aed"])
def test_every_market_of_ours_passes_the_check(name: str, capsys: Capture) -> None:
    found = told(["market", "check", name, "--as-of", "2026-02-01"], capsys)
    assert (found["errors"], found["warnings"]) == ([], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["rulebook", "show", "v9"],
        ["rulebook", "check", "builtin:v9"],
        ["rulebook", "diff", "v1", "gone.yaml"],
        ["rulebook", "check", "gbp"],
        ["market", "show", "gone.yaml"],
        ["market", "check", "builtin:v1"],
        ["market", "check", "gbp", "--as-of", "yesterday"],
        ["market", "check", "gbp", "--rulebook", "gone.yaml"],
    ],
)
def test_what_is_not_there_or_of_another_kind_is_bad_input(
    arguments: list[str], capsys: Capture
) -> None:
    assert run_command(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    found = told(arguments, capsys, code=2)
    assert found.get("errors") or found.get("messages")
