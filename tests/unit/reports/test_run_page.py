"""Does a run's page hold the run's figures, all of them and no others, and nothing that acts?"""

import base64
import hashlib
import json
import re
import shutil
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kernels import scenarios
from pipeline.inputs import load_request
from pipeline.reports.html.run_page import is_current, render, write_run_html
from pipeline.reports.numbers import in_table, share, text_of
from pipeline.reports.pdf import theme
from pipeline.reports.run.page import run_page
from tests.read_page import ReadPage
from tests.run_projects import PROJECT, run_here

TITLE = (
    "<script>alert(1)</script></script><img src=x onerror=alert(2)> {{ 7*7 }} {% raw %} =1+1 "
    "<!-- ]]> 数据中心 مركز بيانات"
)
TENANT = "</style><b onclick='x()'>&amp; Σίγμα</b> ../../up"
Row = dict[str, Any]


def made_run(folder: Path, text: str) -> Path:
    """The run of a project file, in `folder`."""
    (folder / "p.yaml").write_text(text)
    return run_here(load_request(str(folder / "p.yaml")), folder / "runs")[1]


def named(text: str, title: str, tenant: str) -> str:
    text = text.replace("title: Trial", f"title: {json.dumps(title)}")
    return text.replace("name: Tenant", f"name: {json.dumps(tenant)}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of 2,000 of which hundreds survive, with the worst names that are let in."""
    text = named(PROJECT.replace("LIMIT", "2000"), TITLE, TENANT)
    return made_run(tmp_path_factory.mktemp("page"), text)


@pytest.fixture(scope="module")
def page(run: Path) -> ReadPage:
    return ReadPage(write_run_html(run))


@pytest.fixture(scope="module")
def ranked(run: Path) -> list[Row]:
    return pq.read_table(run / "ranked.parquet").to_pylist()


@pytest.fixture(scope="module")
def summary(run: Path) -> Row:
    return json.loads((run / "summary.json").read_text())


# -- figures ------------------------------------------------------------------------------------
def exact(value: Any) -> Any:
    """A value with every bit of it; whole numbers are floats in the page."""
    if isinstance(value, bool) or value is None:
        return value
    return struct.pack("<d", value) if isinstance(value, (int, float)) else value


def test_every_stored_column_of_every_row_is_embedded_to_the_last_bit(
    page: ReadPage, ranked: list[Row]
) -> None:
    columns = page.columns()
    assert page.facts["rows"] == len(ranked) > 100
    assert set(ranked[0]) < set(columns)
    for name in ranked[0]:
        assert [exact(value) for value in columns[name]] == [exact(row[name]) for row in ranked]


def test_what_a_structure_page_adds_follows_from_its_row(page: ReadPage, ranked: list[Row]) -> None:
    columns = page.columns()
    added = set(columns) - set(ranked[0])
    labels = {f"{name}_label" for name in scenarios.NAMES}
    assert added == {"switched_on", "structuring_fees", *labels}
    for place, row in enumerate(ranked):
        rest = row["required_capital"] - row["total_cost"] - row["upfront_fees"]
        assert columns["structuring_fees"][place] == pytest.approx(rest, abs=0.01)
        overlays = ("zcis_5y", "zcis_10y", "trs", "floor", "strip")
        told = columns["switched_on"][place]
        assert (told.count(",") + 1 if told != "none" else 0) == sum(row[each] for each in overlays)
    assert columns["rent_label"][0] == "Rent down 10 %"


def test_levers_are_told_as_their_values_in_order(page: ReadPage, ranked: list[Row]) -> None:
    told = {each["name"]: each for each in page.facts["columns"]["ranking"]}
    coupons = sorted({row["SeniorCoupon_38"] for row in ranked})
    assert told["SeniorCoupon_38"]["texts"] == [f"{value:g}" for value in coupons]
    assert told["trs"]["texts"] == ["no", "yes"]


def test_funnel_tiers_and_constraints_are_those_of_the_summary(
    page: ReadPage, summary: Row
) -> None:
    total = summary["total_scenarios"]
    steps = [total, summary["gates"]["a"]["passed"], summary["survivors"],
             summary["fully_funded_scenarios"]]  # fmt: skip
    assert [(row[2], row[3]) for row in page.rows("gates")] == [
        (f"{rows:,}", share(100 * rows / total)) for rows in steps
    ]
    legend = page.texts("//section[@id='overview']//ul[@class='legend']/li")
    assert {text.split(" ")[-3] for text in legend} <= {f"{n:,}" for n in summary["tiers"].values()}
    failing = {
        **summary["gates"]["a"]["reasons"], **summary["gates"]["b"]["reasons"],
    }  # fmt: skip
    found = page.tree.xpath("//table[@class='tests']/tbody/tr")
    cells = [[" ".join(each.itertext()).split() for each in row] for row in found]
    told = {row[0][-1]: (row[2][0], row[5][0]) for row in cells}
    binding = {each["reason"]: each["count"] for each in summary["binding_constraints"]}
    assert told == {
        name: (f"{binding.get(name, 0):,}", f"{count:,}")
        for name, count in failing.items()
        if count
    }


def test_the_frontier_is_that_of_the_run(page: ReadPage, ranked: list[Row]) -> None:
    marked = [row for row in ranked if row["pareto"]]
    shown = {row[0]: row for row in page.rows("debt")}
    assert page.texts("//section[@id='debt']/h3") == [f"On the Pareto frontier: {len(marked):,}"]
    by_debt = sorted(marked, key=lambda row: (-row["senior_notional"], row["rank"]))[:30]
    assert list(shown) == [f"{row['permutation_id']:,}" for row in by_debt]
    for row in by_debt:
        cells = shown[f"{row['permutation_id']:,}"]
        assert cells[3:5] == [
            in_table(row["senior_notional"], "money"), in_table(row["wacc"], "percent")
        ]  # fmt: skip
    rings = page.tree.xpath("//circle[@class='frontier']")
    assert len(rings) == len(marked)


def test_dots_stand_where_their_figures_are(page: ReadPage, ranked: list[Row]) -> None:
    """The ends of both axes: the lowest WACC is the first from the left, the most debt on top."""
    dots = page.tree.xpath("//section[@id='debt']//g/circle")
    distinct = {(row["senior_notional"], row["wacc"], row["viability_tier"]) for row in ranked}
    assert len(dots) == len(distinct)
    across = sorted(float(dot.get("cx")[:-1]) for dot in dots)
    figures = sorted(wacc for _, wacc, _ in distinct)
    spread = (across[-1] - across[0]) / (figures[-1] - figures[0])
    for place, figure in zip(across, figures, strict=True):
        assert place - across[0] == pytest.approx(spread * (figure - figures[0]), abs=2e-3)
    ticks = page.tree.xpath("//section[@id='debt']//text[@text-anchor='middle']")
    for tick in ticks:
        at = across[0] + spread * (float(tick.text) - figures[0])
        assert float(tick.get("x")[:-1]) == pytest.approx(at, abs=2e-3)


@pytest.mark.parametrize(("metric", "unit"), [("dscr_min", "times"), ("equity_irr", "percent")])
def test_the_tornado_has_the_ends_of_each_driver(
    page: ReadPage, summary: Row, metric: str, unit: Any
) -> None:
    best = summary["optimal"]
    place = ("dscr_min", "equity_irr").index(metric)
    table = page.tree.xpath("//table[@class='tornado']")[place]
    shown = {}
    for row in table.xpath("./tbody/tr"):
        cells = [" ".join(" ".join(cell.itertext()).split()) for cell in row]
        shown[cells[0]] = (cells[1], cells[3])
    drivers = {
        "Interest rates": ("rate_up", "rate_down", "rate_200"),
        "Rent": ("rent",), "Operating costs": ("opex",), "Tenant": ("default",),
    }  # fmt: skip
    for driver, names in drivers.items():
        values = [best[f"{name}_{metric}"] for name in names]
        low, high = min(values), max(values)
        down, up = shown[driver]
        if low < best[metric]:
            assert down.startswith(text_of(low, unit) + " ")
        assert (up != "") == (high > best[metric])
        if up:
            assert up.startswith(text_of(high, unit) + " ")
    # no bar leaves its chart
    for bar in table.xpath(".//rect"):
        start, length = float(bar.get("x")[:-1]), float(bar.get("width")[:-1])
        assert start >= -1e-3 and start + length <= 100.001


def test_the_tier_map_counts_every_survivor_once(page: ReadPage, ranked: list[Row]) -> None:
    told, tiers = page.facts["tierMap"], page.facts["tiers"]
    names = [lever["name"] for lever in told["levers"]]
    assert len(told["pairs"]) == len(names) * (len(names) - 1) // 2
    for pair in told["pairs"]:
        first, second = names[pair["first"]], names[pair["second"]]
        counted = Counter(
            (text_of(row[first], "text"), text_of(row[second], "text"), row["viability_tier"])
            for row in ranked
        )
        shown = {
            (one, two, tier): count
            for one, of_one in zip(
                told["levers"][pair["first"]]["values"], pair["counts"], strict=True
            )
            for two, of_two in zip(told["levers"][pair["second"]]["values"], of_one, strict=True)
            for tier, count in zip(tiers, of_two, strict=True)
            if count
        }
        assert shown == counted


def test_provenance_names_every_source(page: ReadPage, run: Path, summary: Row) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    told = " ".join(page.texts("//section[@id='provenance']"))
    for digest in manifest["documents"].values():
        assert digest in told
    books = (summary["market"]["date"], summary["rulebook"]["date"])
    made = (run.name, str(manifest["seed"]), manifest["fingerprint"], manifest["plan_hash"])
    for part in (*made, *books, "floating coupons"):
        assert part in told
    age = summary["market"]["age_days"]
    warned = [text for text in page.texts("//p[@class='trouble']") if f"{age:,} days old" in text]
    assert len(warned) == summary["market"]["stale"]


# -- what the page must not do ------------------------------------------------------------------
def test_names_are_text_and_nothing_else(page: ReadPage) -> None:
    assert page.only("//header//h1").text_content() == TITLE
    assert TENANT in page.only("//header//p[@class='under']").text_content()
    assert page.only("/html/head/title").text == f"{TITLE}: structure search"
    assert page.facts["title"] == TITLE
    assert not page.tree.xpath("//img | //b[@onclick] | //iframe | //object | //embed | //link")
    kinds = [script.get("type") for script in page.tree.xpath("//script")]
    assert kinds == ["application/json", *["application/octet-stream"] * 2, None]
    assert not re.search(r"[<>&]", page.only("//script[@id='facts']").text)


def test_nothing_outside_is_referred_to(page: ReadPage) -> None:
    for element in page.tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            assert not name.startswith("on"), (element.tag, name)
            assert name not in ("style", "src", "srcset", "action", "data", "poster", "ping")
            if name.endswith("href"):
                assert value.startswith("#"), value
    style, script = page.only("//style").text, page.tree.xpath("//script[not(@type)]")[0].text
    assert "url(" not in style and "@import" not in style
    addresses = re.findall(r"\w+://[^\s\"']+", style + script)
    assert addresses == ["http://www.w3.org/2000/svg"]  # the name of a language, never asked for
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(", script
    )


def test_the_policy_allows_this_style_and_this_script_only(page: ReadPage) -> None:
    policy = page.only("//meta[@http-equiv='Content-Security-Policy']").get("content")
    sources = dict(part.split(" ", 1) for part in policy.split("; "))
    digests = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (
            ("style-src", page.only("//style").text),
            ("script-src", page.tree.xpath("//script[not(@type)]")[0].text),
        )
    }
    assert sources == {
        "default-src": "'none'",
        **{kind: f"'sha256-{digest}'" for kind, digest in digests.items()},
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_can_be_read_without_eyes(page: ReadPage) -> None:
    assert page.only("/html").get("lang") == "en"
    assert len(page.tree.xpath("//div[@id='run']//h1")) == 1
    for picture in page.tree.xpath("//svg"):
        assert picture.get("aria-hidden") == "true" or picture.get("aria-label")
    for field in page.tree.xpath("//input | //select"):
        assert field.xpath("ancestor::label") or field.get("aria-label")
    for head in page.tree.xpath("//thead//th"):
        assert head.get("scope") and head.text_content().strip()
    for box in page.tree.xpath("//div[@class='scroll'][@role]"):
        assert box.get("tabindex") == "0" and box.get("aria-label")


def test_colours_are_those_of_the_summary_in_pdf() -> None:
    style = (Path(write_run_html.__code__.co_filename).parent / "static" / "report.css").read_text()
    told = dict(re.findall(r"--([\w-]+): (#\w{6});", style))
    wanted = {name.lower(): getattr(theme, name) for name in
              ("NAVY", "BLUE", "PALE", "LINE", "INK", "GREY", "ACCENT")}  # fmt: skip
    wanted |= {name.lower().replace(" ", "-"): each for name, each in theme.TIER_COLOURS.items()}
    assert {name: told[name] for name in wanted} == {
        name: f"#{colour.hexval()[2:]}" for name, colour in wanted.items()
    }


# -- which page ---------------------------------------------------------------------------------
def test_twice_the_same_bytes_and_stale_once_anything_changes(
    run: Path, page: ReadPage, tmp_path: Path
) -> None:
    path = run / "reports" / "report.html"
    content = path.read_bytes()
    assert write_run_html(run).read_bytes() == content
    assert is_current(run)
    copied = tmp_path / run.name
    shutil.copytree(run, copied, ignore=shutil.ignore_patterns("checkpoints", "evaluated"))
    assert is_current(copied)
    target = copied / "reports" / "report.html"
    target.write_bytes(content.replace(b"Ranking", b"Rigging", 1))
    assert not is_current(copied)
    target.write_bytes(content[: len(content) // 2])
    assert not is_current(copied)
    target.write_bytes(content)
    changed = json.loads((copied / "summary.json").read_text()) | {"max_senior": 1.0}
    (copied / "summary.json").write_text(json.dumps(changed))
    assert not is_current(copied)
    assert write_run_html(copied).read_bytes() != content
    assert is_current(copied)


def test_a_page_of_few_says_so_and_keeps_the_frontier_and_the_best(
    run: Path, ranked: list[Row], summary: Row, tmp_path: Path
) -> None:
    (tmp_path / "few.html").write_bytes(render(run_page(run, most=7)))
    few = ReadPage(tmp_path / "few.html")
    held = few.columns()["permutation_id"]
    best = summary["optimal"]["permutation_id"]
    extra = [row for row in ranked[7:] if row["pareto"] or row["permutation_id"] == best]
    assert held == [row["permutation_id"] for row in [*ranked[:7], *extra]]
    (note,) = few.texts("//section[@id='ranking']/p[@class='note'][1]")
    assert f"holds {len(held):,} of {len(ranked):,} survivors: the best 7 by rank" in note
    assert f'atlas-forge top {run.name} --where "rank > 7"' in note


def without_levers(text: str, row: Row | None = None) -> str:
    """The project with nothing that varies; as the structure of `row` where one is given."""
    text = re.sub(r"levers:\n.*?run:", "run:", text, flags=re.DOTALL)
    if row is None:
        return text
    names = ("TargetDSCRSenior_37", "SeniorCoupon_38", "SeniorTenorY_39", "SeniorAmortType_40")
    settings = ", ".join(f"{name}: {row[name]}" for name in names)
    return text.replace("IndexationMode_18", f"{settings},\n       IndexationMode_18")


LONG = "Sixty letters and blanks in one title, so that nothing is cut"


@pytest.mark.parametrize("survivors", [0, 1])
def test_a_run_of_none_and_of_one(ranked: list[Row], tmp_path: Path, survivors: int) -> None:
    plain = next(row for row in ranked if row["viability_tier"] != "Not Viable")
    text = without_levers(named(PROJECT.replace("LIMIT", "1"), LONG, "T" * 60), plain)
    if not survivors:
        text = text.replace("per_kwh: 0.28", "per_kwh: 0.05")
    folder = made_run(tmp_path, text)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["survivors"] == survivors
    page = ReadPage(write_run_html(folder))
    assert page.facts["rows"] == survivors
    assert page.only("//header//h1").text_content() == LONG
    assert page.rows("gates")[0][2] == "1"
    told = " ".join(page.texts("//section"))
    assert ("No structure passed both gates" in told) == (survivors == 0)
    assert len(page.tree.xpath("//section[@id='sensitivity']")) == survivors
    assert len(page.tree.xpath("//form")) == survivors
    assert bool(page.tree.xpath("//table[@class='tests']/tbody/tr")) == (survivors == 0)
