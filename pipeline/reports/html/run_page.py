"""The page of a run as one file: templates filled, style and script within, nothing from outside.

The bytes depend on the run's folder alone. Style and script are allowed by their digests, and
everything else is forbidden, so that a browser would not run what slipped through.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.escape import visible
from pipeline.reports import numbers
from pipeline.reports.facts import Fact
from pipeline.reports.html import charts
from pipeline.reports.html.document import Blocks, document_of, script_text
from pipeline.reports.run import wording
from pipeline.reports.run.page import RunPage, run_page
from pipeline.reports.run.ranking import MAX_FRONTIER
from pipeline.reports.run.tier_map import TIERS, LeverTiers
from pipeline.storage.manifest import MANIFEST_PATH, file_digest, read_json
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.results import NEAR_MISSES_PATH, RANKED_PATH, SUMMARY_PATH
from pipeline.storage.store import write_file

PAGE_PATH: Final = "reports/report.html"
_PACKAGE: Final = "pipeline.reports.html"
_SCRIPTS: Final = ("columns", "numbers", "elements", "filters", "ranking", "tier_map", "structure",
                   "main")  # fmt: skip
_FRONTIER_ROWS: Final = 30  # told in a table; the ranking has them all
_SEAL: Final = "<!-- atlas-forge {source} {content} -->\n"


class _ValueBars(NamedTuple):
    """A value of a lever, its survivors, and (tier, survivors, bar) of each tier they reach."""

    value: str
    survivors: int
    bars: list[tuple[str, int, charts.Bar]]


def write_run_html(folder: Path | str) -> Path:
    """Write `reports/report.html` of a finished run's folder, whole or not at all; its path.

    Raises NoSuchRunError for a run without its summary, UnreadableDocumentError for one that
    another engine made or that was damaged, OSError where it cannot be read or written.
    """
    folder = Path(folder)
    path = folder / PAGE_PATH
    content = render(run_page(folder))
    write_file(path, content + _seal(source_digest(folder), content))
    return path


def is_current(folder: Path) -> bool:
    """Whether the page is there, whole, and made of what the run's folder holds by this program.

    Raises UnreadableDocumentError where the manifest is damaged.
    """
    try:
        data = (folder / PAGE_PATH).read_bytes()
    except FileNotFoundError:
        return False
    source = source_digest(folder)
    end = len(_seal(source, b""))
    return data[-end:] == _seal(source, data[:-end])


def source_digest(folder: Path) -> str:
    """sha256 of what a page is made of: the run's own files and this program's part in it."""
    manifest = read_json(folder / MANIFEST_PATH)
    manifest.pop("outputs", None)  # the page may itself be among them
    files = (RANKED_PATH, SUMMARY_PATH, NEAR_MISSES_PATH, PLAN_PATH)
    told = [manifest, *(file_digest(folder / name) for name in files), _maker()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _seal(source: str, content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    return _SEAL.format(source=source, content=digest).encode()


@cache
def _maker() -> str:
    """Digest of the report's code, templates, style and script: a new version makes new pages."""
    found = hashlib.sha256()
    reports = Path(__file__).parents[1]
    for path in sorted(
        [*reports.glob("*.py"), *reports.glob("run/*.py"), *reports.glob("html/**/*")]
    ):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(path.relative_to(reports).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def render(page: RunPage) -> bytes:
    """The page as the bytes of an HTML document in UTF-8."""
    blocks = Blocks(page.ranking)
    style, script = _static("report.css"), "\n".join(_static(f"{name}.js") for name in _SCRIPTS)
    text = (
        _environment()
        .get_template("report.html")
        .render(
            page=page,
            report=page.report,
            ranking=page.ranking,
            currency=page.report.currency,
            style=Markup(style),  # noqa: S704 - of this package, and without an end of its element
            script=Markup(script),  # noqa: S704
            policy=_policy(style, script),
            facts=Markup(script_text(document_of(page, blocks))),  # noqa: S704 - no < in it
            blocks={name: Markup(text) for name, text in blocks.texts.items()},  # noqa: S704 - base64
            scatter=charts.scatter(page.report.points, page.frontier),
            tornados=[charts.tornado_bars(each) for each in page.tornados],
            tier_bars=_tier_bars(page),
            lever_bars=_lever_bars(page),
            tiers=TIERS,
            frontier_rows=_FRONTIER_ROWS,
            max_frontier=MAX_FRONTIER,
            wording=wording,
        )
    )
    return text.encode()


def _policy(style: str, script: str) -> str:
    """Content security policy: this style, this script, nothing else and nothing from anywhere."""
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _static(name: str) -> str:
    return resources.files(_PACKAGE).joinpath("static", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": numbers.text_of,
        "in_table": numbers.in_table,
        "share": numbers.share,
        "fact": _fact,
        "count": lambda value: f"{value:,}",
        "breakable": _breakable,
        "place": lambda value: f"{value:.3f}",
        "signed": _signed,
        "tier_class": lambda tier: "tier-" + str(tier).lower().replace(" ", "-"),
    }
    return environment


def _seen(value: Any) -> Any:
    """Text without what would act on the reader's screen; escaped by Jinja after this."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _fact(fact: Fact, currency: str) -> str:
    text = numbers.text_of(fact.value, fact.unit, currency)
    if fact.value is None and fact.status:
        return f"{text} ({fact.status.replace('_', ' ').lower()})"
    return text


def _signed(value: float, unit: str) -> str:
    sign = "+" if value > 0 else ""
    return sign + numbers.text_of(value, "percent" if unit == "percent" else "times")


def _breakable(name: str) -> Markup:
    """A name that may break after each underscore and before each word."""
    parts, start = [], 0
    text = visible(name)
    for place in range(1, len(text)):
        before, letter = text[place - 1], text[place]
        if (before.islower() or before.isdigit()) and (letter.isupper() or letter == "_"):
            parts.append(text[start:place])
            start = place
    return Markup("<wbr>").join([*parts, text[start:]])


def _tier_bars(page: RunPage) -> list[tuple[str, charts.Bar]]:
    """All survivors as one bar, by tier."""
    passed = [(tier.name, tier.rows) for tier in page.report.tiers if tier.name != "Not Viable"]
    bars = charts.stacked([rows for _, rows in passed], sum(rows for _, rows in passed))
    return [(name, bar) for (name, rows), bar in zip(passed, bars, strict=True) if rows]


def _lever_bars(page: RunPage) -> list[tuple[LeverTiers, list[_ValueBars]]]:
    """For each lever its values, each with its survivors and a bar for each tier they reach."""
    found = []
    for lever in page.tier_map.levers:
        most = max(sum(counts) for counts in lever.counts)
        rows = [
            _ValueBars(
                value,
                sum(counts),
                [
                    each
                    for each in zip(TIERS, counts, charts.stacked(counts, most), strict=True)
                    if each[1]
                ],
            )
            for value, counts in zip(lever.values, lever.counts, strict=True)
        ]
        found.append((lever, rows))
    return found
