"""Does every local link in the documentation lead somewhere?"""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(.+)$", re.MULTILINE)
SKIPPED = {".git", ".venv", "build", "runs", "node_modules"}


def _pages() -> list[Path]:
    return sorted(
        path
        for path in ROOT.rglob("*.md")
        if not SKIPPED & set(path.relative_to(ROOT).parts) and "site-packages" not in path.parts
    )


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, made as code hosts make them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _broken(page: Path, root: Path = ROOT) -> list[str]:
    bad = []
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        aim = (page.parent / path).resolve() if path else page
        known = aim.exists() and aim.is_relative_to(root)
        if not known or (anchor and aim.suffix == ".md" and anchor not in _anchors(aim)):
            bad.append(target)
    return bad


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    assert _broken(page) == []


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](nowhere.md) [b](#one) [c](#two) [d](https://example.org)\n")
    assert _broken(page, tmp_path) == ["nowhere.md", "#two"]


def test_every_test_that_the_docs_cite_is_there() -> None:
    # generated pages cite none: there a figure of the rulebook may be called test_interval_months
    written = [page for page in _pages() if page.parent != ROOT / "docs" / "reference"]
    cited = {name for page in written for name in re.findall(r"\btest_\w+", page.read_text())}
    sources = list((ROOT / "tests").rglob("*.py"))
    there = {path.stem for path in sources}
    there.update(*(re.findall(r"def (test_\w+)\(", path.read_text()) for path in sources))
    assert cited - there == set()
