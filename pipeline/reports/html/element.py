"""Elements of HTML and SVG, put together so that text is always text.

A child that is a plain `str` is escaped (pipeline.escape); only what `element` made is markup.
"""

from __future__ import annotations

from typing import Final

from pipeline.escape import html_text

_VOID: Final = frozenset(("meta", "br", "col", "hr"))


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str
Attribute = str | float | bool | None


def element(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """An element. `class_` is class, `text_anchor` text-anchor; None and False leave one out."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Markup:
    """Elements and text, one after another."""
    return Markup(
        "".join(child if isinstance(child, Markup) else html_text(child) for child in children)
    )


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = number(value) if isinstance(value, (int, float)) else html_text(value)
    return f' {name}="{text}"'


def number(value: float) -> str:
    """A place or a length in a drawing, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
