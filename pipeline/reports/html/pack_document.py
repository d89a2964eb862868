"""A pack's document as one HTML page that opens offline: no script, nothing from outside.

The only style a browser may apply is the page's own, by its digest; everything else is forbidden.
The same document gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from pipeline.reports import colours
from pipeline.reports.formats import date_text
from pipeline.reports.html.element import Markup, element, joined
from pipeline.reports.html.pack_blocks import SHADES, block_html
from pipeline.reports.pack.document import Document, Section

_NAMED = (
    "NAVY", "BLUE", "PALE", "LINE", "INK", "GREY", "ACCENT", "PALE_ACCENT",
    "GOOD", "BAD", "WARN", "PALE_GOOD", "PALE_BAD", "PALE_WARN",
)  # fmt: skip


def render(document: Document) -> str:
    """The page. Raises ValueError for a figure that is no number, which no run has."""
    style = page_style()
    summary = [block_html(block, document.style) for block in document.summary]
    body = joined(
        element("a", "To the contents", href="#contents", class_="skip"),
        _head(document),
        element(
            "main",
            element("section", *summary, class_="summary") if summary else "",
            _contents(document),
            *(_section(section, n, document) for n, section in enumerate(document.sections, 1)),
        ),
        element("footer", _origin(document)),
    )
    page = element("html", _meta(document, style), element("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _meta(document: Document, style: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        _policy(policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{document.title} – {document.project}"),
        Markup(f"<style>{style}</style>"),
    )


def _policy(policy: str) -> Markup:
    return element("meta", http_equiv="Content-Security-Policy", content=policy)


def _head(document: Document) -> Markup:
    return element(
        "header",
        element("p", document.project, class_="kicker", dir="auto"),
        element("h1", document.title, dir="auto"),
        element("p", document.subtitle, class_="subtitle", dir="auto") if document.subtitle else "",
        element("p", _origin(document), class_="origin"),
    )


def _origin(document: Document) -> str:
    made = date_text(document.made_at.date(), document.style)
    return f"Run {document.run_id}, made {made}"


def _contents(document: Document) -> Markup:
    links = (
        element("li", element("a", section.heading, href=f"#section-{number}", dir="auto"))
        for number, section in enumerate(document.sections, 1)
        if section.level == 1
    )
    return element(
        "nav",
        element("h2", "Contents", id="contents"),
        element("ol", *links),
        aria_label="Contents",
    )


def _section(section: Section, number: int, document: Document) -> Markup:
    heading = "h2" if section.level == 1 else "h3"
    return element(
        "section",
        element(heading, section.heading, id=f"section-{number}", dir="auto"),
        *(block_html(block, document.style) for block in section.blocks),
        class_="new-page" if section.new_page else None,
    )


@cache
def page_style() -> str:
    """The style of a page: the colours, the shades of heat maps, and the rules beside this file."""
    named = "".join(
        f"--{name.lower().replace('_', '-')}:{getattr(colours, name)};" for name in _NAMED
    )
    shades = "".join(
        f".heat tbody td.shade-{side}-{step}{{background:{colours.shade(sign * step / SHADES)}}}"
        for side, sign in (("bad", -1), ("good", 1))
        for step in range(1, SHADES + 1)
    )
    rules = resources.files("pipeline.reports.html").joinpath("static", "pack_document.css")
    return f":root{{{named}}}\n{rules.read_text(encoding='utf-8')}{shades}\n"
