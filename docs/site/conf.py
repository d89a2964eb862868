"""The documentation as a site: `make docs`. Pages stay plain Markdown, as code hosts show them.

What a site needs beyond that is added here while it reads: the table of contents of the first page,
and links to folders, which a code host shows and a site does not have.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# the notebook's kernel finds the program without an installed one
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
sys.path.insert(0, str(ROOT))

project = "Atlas Forge"
author = project
copyright = project  # noqa: A001  (the name is Sphinx's)
release = version = _PROJECT["version"]
language = "en"
root_doc = "README"
extensions = ["myst_nb"]
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/**",
    "helm/README.md",
    "helm/atlas-forge/*.md",
    "k8s/README.md",
    "tests/oracle/reference/README.md",
]
exclude_patterns = [".*", "build", "runs", "benchmarks", "**/__pycache__", "docs/site"]

nitpicky = True
myst_heading_anchors = 4
myst_links_external_new_tab = False
# `make docs-check` leaves it to tests/golden/test_notebook.py to run the notebook
nb_execution_mode = os.environ.get("ATLAS_FORGE_NOTEBOOK", "force")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
suppress_warnings: list[str] = []

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
# `make docs-links`: what answers only to people who are signed in or run it themselves is left out
linkcheck_timeout = 20
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)\b.*"]
# the language of the blocks whose grammar Pygments does not have
highlight_language = "none"

_GUIDE = ("tutorial", "how-to/README", "pack", "project-file", "notebook")
_REFERENCE = ("commands", "catalogue", "rulebook", "columns")
_OPERATIONS = (
    "runbook",
    "sizing",
    "metrics",
    "storage",
    "compute",
    "prefect",
    "kubernetes",
    "reliability",
)
_CONTENTS = (
    ("Guide", tuple(f"docs/{name}" for name in _GUIDE)),
    ("Reference", tuple(f"docs/reference/{name}" for name in _REFERENCE)),
    ("Method", ("docs/method", "docs/variables", "docs/search", "docs/golden", "docs/peers")),
    ("Operations", tuple(f"docs/{name}" for name in (*_OPERATIONS, "threat-model"))),
)
# what the contents call a page whose head says what it is about
_TITLES = {
    "docs/tutorial": "Tutorial: from paper to a signed-off pack",
    "docs/notebook": "Notebook: from Python",
    "docs/method": "How figures are computed",
    "docs/golden": "What the plan expects, and what is met",
    "docs/architecture": "Architecture: one way through the house",
    "helm/README": "Helm chart: how it is kept",
    "helm/atlas-forge/README": "Helm chart: values",
    "helm/atlas-forge/UPGRADING": "Helm chart: upgrading",
}
_CHART = ("helm/README", "helm/atlas-forge/README", "helm/atlas-forge/UPGRADING", "k8s/README")
_INSIDE = ("docs/architecture", "docs/decisions/README", "tests/oracle/reference/README")
_ABOUT = ("Project", (*_INSIDE, "CONTRIBUTING", "SECURITY", "CHANGELOG"))
_LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s#]+)\)")


def _read(_: Sphinx, name: str, source: list[str]) -> None:
    """Give the first page its contents, and let links to folders lead to their page, or nowhere."""
    folder = (ROOT / name).parent
    if name.endswith("notebook"):
        return
    source[0] = _LINK.sub(lambda link: _led(folder, link), source[0])
    if name == root_doc:
        source[0] += "".join(_toctree(title, pages) for title, pages in _all_pages())
    elif name in ("docs/how-to/README", "docs/decisions/README"):
        own = sorted(path.stem for path in folder.glob("*.md") if path.stem != "README")
        source[0] += _toctree("", own)


def _led(folder: Path, link: re.Match[str]) -> str:
    target = folder / link[2]
    if "://" in link[2] or not target.is_dir():
        return link[0]
    page = target / "README.md"
    return f"[{link[1]}]({link[2].rstrip('/')}/README.md)" if page.is_file() else link[1]


def _all_pages() -> list[tuple[str, tuple[str, ...]]]:
    """The contents: what is named above, then every other page of docs, then the rest."""
    named = {page for _, pages in _CONTENTS for page in pages}
    others = tuple(
        f"docs/{path.stem}"
        for path in sorted((ROOT / "docs").glob("*.md"))
        if f"docs/{path.stem}" not in named and path.stem != "architecture"
    )
    return [*_CONTENTS[:-1], ("Operations", (*_CONTENTS[-1][1], *others, *_CHART)), _ABOUT]


def _toctree(title: str, pages: tuple[str, ...] | list[str]) -> str:
    caption = f":caption: {title}\n" if title else ""
    lines = [f"{_TITLES[page]} <{page}>" if page in _TITLES else page for page in pages]
    return "\n```{toctree}\n:hidden:\n" + caption + "\n" + "\n".join(lines) + "\n```\n"


def _finished(app: Sphinx, error: Exception | None) -> None:
    """Let nothing be loaded from elsewhere, and index.html lead to the first page."""
    if error is None:
        pages = Path(app.outdir).rglob("*.html")
        loading = [page.name for page in pages if _LOADED.search(page.read_text(encoding="utf-8"))]
        if loading:
            raise ExtensionError(f"pages load something from elsewhere: {', '.join(loading)}")
        to = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">'
        page = f'<!doctype html><meta charset="utf-8"><title>{project}</title>{to}\n'
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("build-finished", _finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
