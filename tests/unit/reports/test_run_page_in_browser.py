"""Does a run's page work in a browser, offline, on a screen and on a telephone?"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.escape import visible
from pipeline.inputs import load_request
from pipeline.reports.facts import shown, unit_of
from pipeline.reports.html.run_page import write_run_html
from pipeline.reports.numbers import amount, in_table, text_of
from pipeline.reports.run.structure import DAY_ONE, FIGURES
from tests import chromium
from tests.run_projects import PROJECT, run_here, write_rough_project

Row = dict[str, Any]
Use = Callable[[chromium.Page], Awaitable[Any]]

pytestmark = pytest.mark.skipif(
    chromium.program() is None and os.environ.get("CI") != "true", reason=chromium.NONE_HERE
)
SCREEN, TELEPHONE = 1400, 390
READY = "document.documentElement.dataset.ready === 'yes'"
HOSTILE = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1> 数据 مركز"
CELLS = """[...document.querySelectorAll('#ranking-body tr')].map(
  row => [...row.cells].map(cell => cell.textContent))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    with chromium.browser() as address:
        yield address


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    text = PROJECT.replace("LIMIT", "2000").replace("title: Trial", f"title: {json.dumps(HOSTILE)}")
    (folder / "p.yaml").write_text(text)
    made = run_here(load_request(str(folder / "p.yaml")), folder / "runs")[1]
    write_run_html(made)
    return made


@pytest.fixture(scope="module")
def ranked(run: Path) -> list[Row]:
    return pq.read_table(run / "ranked.parquet").to_pylist()


def used(address: str, run: Path, use: Use, width: int = SCREEN) -> Any:
    """Open the page of a run, use it, and find that nothing was complained of or asked for."""

    async def whole() -> Any:
        async with chromium.page_of(address) as page:
            await page.call("Network.emulateNetworkConditions", offline=True, latency=0,
                            downloadThroughput=-1, uploadThroughput=-1)  # fmt: skip
            await page.sized(width)
            url = (run / "reports" / "report.html").as_uri()
            await page.go(url)
            await page.until(READY)
            found = await use(page)
            assert page.complaints == []
            assert {each.partition("#")[0] for each in page.requests} == {url}
            return found

    return asyncio.run(whole())


def formatted(row: Row, name: str) -> str:
    """A cell of the ranking as the PDF would write it."""
    return in_table(shown(name, row[name]), unit_of(name))


async def fits(page: chromium.Page) -> None:
    """No page wider than the screen, no table or chart cut off, and no chart without marks."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.run(wide) == 0
    cut = await page.run(
        """[...document.querySelectorAll('table, svg, dl, p, h1, h2, form')].filter(each => {
          const box = each.getBoundingClientRect();
          return box.width && !each.closest('.scroll') && box.right > innerWidth + 0.5;
        }).map(each => each.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    empty = await page.run(
        """[...document.querySelectorAll('.plot svg, .tier-bar, .funnel, .tornado, .map, .lever')]
          .filter(each => each.checkVisibility()).filter(each => ![...each.querySelectorAll(
            'circle, rect, td')].some(mark => mark.getBoundingClientRect().width > 0))
          .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert empty == []


async def sees(page: chromium.Page, words: str) -> None:
    await page.until(f"document.getElementById('found').textContent === {json.dumps(words)}")


async def types(page: chromium.Page, field: str, text: str) -> None:
    await page.run(
        f"""(() => {{ const field = document.querySelector({json.dumps(field)});
          field.value = {json.dumps(text)};
          field.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"""
    )


def test_the_ranking_writes_figures_as_the_pdf_does(
    browser: str, run: Path, ranked: list[Row]
) -> None:
    names = ("rank", "permutation_id", "viability_tier", "senior_rating", "senior_notional",
             "mezz_notional", "equity_notional", "senior_ltv_pct", "dscr_min", "senior_wal", "wacc",
             "equity_irr", "day1_cash", "full_coverage", "composite_score")  # fmt: skip

    async def use(page: chromium.Page) -> Any:
        return await page.run(CELLS)

    cells = used(browser, run, use)
    assert len(cells) == 50
    for row, texts in zip(ranked[:50], cells, strict=True):
        assert texts[: len(names)] == [formatted(row, name) for name in names]


def test_numbers_are_rounded_as_in_python(browser: str, run: Path) -> None:
    values = [0.125, 0.375, -0.125, 2.5, 1.005, 0.005, -0.0, 0.0, 1e-9, 999.995, 1e15, 12345.675,
              1234567.25, -1e6, 999_999.9999, 1e9, 123456789012.5, 0.1 + 0.2]  # fmt: skip
    units = ("percent", "times", "years", "score", "count", "money", "megawatts")
    wanted = [[text_of(value, unit, "GBP") for unit in units] for value in values]
    wanted += [[in_table(value, unit) for unit in units] for value in values]
    wanted += [[amount(value)] for value in values]

    async def use(page: chromium.Page) -> Any:
        told = json.dumps({"values": [repr(value) for value in values], "units": units})
        return await page.run(
            f"""(({{values, units}}) => {{ const all = values.map(Number);
              return [...all.map(v => units.map(u => textOf(v, u, 'GBP'))),
                ...all.map(v => units.map(u => inTable(v, u))), ...all.map(v => [amount(v)])];
            }})({told})"""
        )

    assert used(browser, run, use) == wanted


def test_sorted_by_mouse_and_by_key(browser: str, run: Path, ranked: list[Row]) -> None:
    defined = [row for row in ranked if row["wacc"] is not None]
    rising = sorted(defined, key=lambda row: (row["wacc"], row["rank"]))
    falling = sorted(defined, key=lambda row: (-row["wacc"], row["rank"]))
    head = "document.querySelector('[data-name=wacc]')"

    async def use(page: chromium.Page) -> None:
        await page.run(f"{head}.click()")
        first = await page.run(CELLS)
        assert [row[0] for row in first] == [f"{row['rank']:,}" for row in rising[:50]]
        assert await page.run(f"{head}.closest('th').getAttribute('aria-sort')") == "ascending"
        assert await page.run(f"document.activeElement === {head}")
        for kind in ("keyDown", "keyUp"):
            await page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                            windowsVirtualKeyCode=13, text="\r")  # fmt: skip
        then = await page.run(CELLS)
        assert [row[0] for row in then] == [f"{row['rank']:,}" for row in falling[:50]]
        await page.run("document.getElementById('page-last').click()")
        last = await page.run(CELLS)
        assert last[-1][0] == f"{falling[-1]['rank']:,}"

    used(browser, run, use)


def test_filtered_by_words_tiers_ranges_and_settings(
    browser: str, run: Path, ranked: list[Row]
) -> None:
    def told(kept: list[Row]) -> str:
        assert 0 < len(kept) < len(ranked)
        return f"{len(kept):,} of {len(ranked):,} structures match"

    least = sorted(row["equity_irr"] for row in ranked if row["equity_irr"] is not None)[-40]

    async def use(page: chromium.Page) -> None:
        tier = ranked[0]["viability_tier"]
        await types(page, "[name=words]", f"{tier.upper()} {ranked[0]['senior_rating']}")
        alike = [row for row in ranked if (row["viability_tier"], row["senior_rating"]) == (
            tier, ranked[0]["senior_rating"])]  # fmt: skip
        await sees(page, told(alike))
        await types(page, "[name=words]", f"{ranked[5]['permutation_id']:,}")
        await page.until("document.querySelectorAll('#ranking-body tr').length < 5")
        assert formatted(ranked[5], "permutation_id") in [row[1] for row in await page.run(CELLS)]
        await page.run("document.querySelector('#filters [type=reset]').click()")
        await sees(page, f"{len(ranked):,} structures")
        await types(page, "[name='least equity_irr']", repr(least))
        high = [row for row in ranked if (row["equity_irr"] or -1e9) >= least]
        await sees(page, told(high))
        both = [row for row in high if row["strip"]]
        await types(page, "[name='is strip']", "1")
        await sees(page, told(both))
        await page.run("document.querySelector('#filters [type=reset]').click()")
        await page.run("document.querySelector('[name=pareto]').click()")
        await sees(page, told([row for row in ranked if row["pareto"]]))
        await types(page, "[name=words]", "no-such-thing")
        await page.until("!document.getElementById('nothing-found').hidden")

    used(browser, run, use)


def test_a_structure_opens_from_its_row_and_by_its_address(
    browser: str, run: Path, ranked: list[Row]
) -> None:
    row = ranked[3]
    number = row["permutation_id"]

    async def use(page: chromium.Page) -> None:
        await page.run("document.querySelectorAll('#ranking-body tr')[3].cells[4].click()")
        await page.until("!document.getElementById('structure').hidden")
        assert await page.run("location.hash") == f"#p={number}"
        facts = dict(await page.run(
            "[...document.querySelectorAll('#structure .facts div')].map("
            "each => [...each.children].map(part => part.textContent))"
        ))  # fmt: skip
        for name, label in FIGURES:
            text = text_of(shown(name, row[name]), unit_of(name), "GBP")
            if row[name] is None:
                text = f"{text} ({row[f'{name}_status'].replace('_', ' ').lower()})"
            assert facts[label] == text
        assert facts["SeniorCoupon_38"] == f"{row['SeniorCoupon_38']:g}"
        sums = dict(await page.run(
            "[...document.querySelectorAll('#structure .sum tbody tr')].map("
            "each => [...each.cells].slice(0, 2).map(part => part.textContent))"
        ))  # fmt: skip
        for name, label in DAY_ONE:
            assert sums[label] == amount(row[name])
        cells = await page.run(
            "[...document.querySelectorAll('#structure section:last-of-type tbody tr')].map("
            "each => [...each.cells].map(part => part.textContent))"
        )
        assert len(cells) == 18
        by_label = {texts[0]: texts[1:] for texts in cells}
        rent = by_label["Rent down 10 %"]
        assert rent[0] == in_table(row["rent_dscr_min"], "times")
        assert rent[2] == in_table(row["rent_equity_irr"], "percent")
        assert rent[6] == ("passes" if row["rent_passed"] else "FAILS")
        assert f"atlas-forge pack {run.name} {number}" in await page.run(
            "document.getElementById('structure').textContent"
        )
        assert await page.run("document.activeElement.textContent") == f"Structure {number:,}"
        await page.run("location.hash = '#p=999999999'")
        await page.until(
            "document.querySelector('#structure h1').textContent === 'Not on this page'"
        )
        await page.run("document.querySelector('#structure .way a').click()")
        await page.until("document.getElementById('structure').hidden")

    used(browser, run, use)


@pytest.mark.parametrize("width", [SCREEN, TELEPHONE])
def test_it_fits_and_acts_on_no_name(browser: str, run: Path, width: int) -> None:
    async def use(page: chromium.Page) -> None:
        await fits(page)
        assert await page.run("window.owned") is None
        assert await page.run("document.querySelector('header h1').textContent") == visible(HOSTILE)
        await page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        await fits(page)
        await page.run("document.querySelector('#ranking-body a').click()")
        await page.until("!document.getElementById('structure').hidden")
        await page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        await fits(page)
        assert await page.run("window.owned") is None

    used(browser, run, use, width)


def test_the_map_shows_the_pair_that_is_chosen(browser: str, run: Path, ranked: list[Row]) -> None:
    async def use(page: chromium.Page) -> Any:
        names = await page.run(
            "[...document.getElementById('map-across').options].map(each => each.text)"
        )
        for field, name in (("map-across", "trs"), ("map-down", "SeniorAmortType_40")):
            await page.run(
                f"""(() => {{ const list = document.getElementById('{field}');
                  list.value = '{names.index(name)}';
                  list.dispatchEvent(new Event('change')); }})()"""
            )
        return await page.run(
            "[...document.querySelectorAll('.map tbody tr')].map(row => [row.cells[0].textContent,"
            " ...[...row.cells].slice(1).map(cell => cell.title)])"
        )

    for kind, *cells in used(browser, run, use):
        for switched, told in zip((False, True), cells, strict=True):
            here = [row["viability_tier"] for row in ranked
                    if row["SeniorAmortType_40"] == kind and row["trs"] is switched]  # fmt: skip
            counted = {tier: here.count(tier) for tier in here}
            assert told == (", ".join(
                f"{tier} {counted[tier]:,}"
                for tier in ("Diamond", "Gold", "Silver", "Bronze", "Not Viable") if tier in counted
            ) or "no survivor")  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("width", [SCREEN, TELEPHONE])
@pytest.mark.parametrize("kind", ["rough", "no debt", "none"])
def test_odd_runs_fit_as_well(browser: str, tmp_path: Path, kind: str, width: int) -> None:
    path = write_rough_project(tmp_path)
    text = path.read_text()
    if kind == "no debt":
        text = text.replace("per_kwh: 0.16", "per_kwh: 0.0001")
    if kind == "none":
        text = PROJECT.replace("LIMIT", "2000").replace("per_kwh: 0.28", "per_kwh: 0.05")
    path.write_text(
        text.replace("title: ", "title: Sixty letters of a long name that no page may ever cut ")
    )
    run = run_here(load_request(str(path)), tmp_path / "runs")[1]
    write_run_html(run)

    async def use(page: chromium.Page) -> None:
        await fits(page)
        if kind != "none":
            await page.run("document.querySelector('#ranking-body a').click()")
            await page.until("!document.getElementById('structure').hidden")
            await fits(page)

    used(browser, run, use, width)


@pytest.mark.full
def test_fifty_thousand_survivors_stay_quick(browser: str, tmp_path: Path) -> None:
    run = run_here(load_request("builtin:large"), tmp_path, compute="threads")[1]
    path = write_run_html(run)
    assert path.stat().st_size < 12e6
    survivors = pq.read_metadata(run / "ranked.parquet").num_rows

    async def use(page: chromium.Page) -> None:
        embedded = json.loads(await page.run("document.getElementById('facts').textContent"))
        assert embedded["first"] == 30_000 < survivors
        clicked = await page.run(
            """(() => { const from = performance.now();
              document.querySelector('[data-name=equity_irr]').click();
              return performance.now() - from; })()"""
        )
        held = await page.run("performance.memory.usedJSHeapSize")
        assert clicked < 1_000  # milliseconds; on an idle machine under 100
        assert held < 200e6

    used(browser, run, use)
