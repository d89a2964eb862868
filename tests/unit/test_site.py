"""Would a fault of the documentation's site be found, by Sphinx or in the pages that it makes?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "scripts" / "check-site"
SPHINX = ROOT / "build" / "docs-env" / "bin" / "python"
NOT_THE_SITES = shutil.ignore_patterns(
    ".git", ".venv", "build", "runs", "__pycache__", ".*_cache", ".hypothesis"
)
SOUND = {
    "index.html": '<meta http-equiv="refresh" content="0; url=a/one.html">',
    "a/one.html": '<h1 id="one">1</h1><a href="two.html#two%20b">2</a><a href="#one">up</a>'
    '<img src="../p.png" srcset="../p.png 2x"><a href="https://example.org/x?y=1#z">out</a>',
    "a/two.html": '<h1 id="two b">2</h1><a name="old" href="one.html#">1</a>',
    "p.png": "a picture",
}


def told(site: Path, pages: dict[str, str]) -> list[str]:
    """What the check says of a site of these pages."""
    for name, text in pages.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    done = subprocess.run(
        [sys.executable, str(CHECK), str(site)], capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr.splitlines()


def test_a_sound_site_has_no_fault(tmp_path: Path) -> None:
    assert told(tmp_path, SOUND) == []


def test_every_fault_of_a_site_is_told(tmp_path: Path) -> None:
    planted = {
        '<a href="three.html">': "three.html: there is no such file",
        '<a href="two.html#three">': "two.html#three: there is no such place on the page",
        '<a href="#nowhere">': "#nowhere: there is no such place on the page",
        '<img src="../q.png">': "../q.png: there is no such file",
        '<img srcset="../p.png 1x, ../r.png 2x">': "../r.png: there is no such file",
        '<a href="../../etc/hosts">': "../../etc/hosts: leads out of the site",
        '<a href="">': "an empty link: leads nowhere",
        '<a href="htps://example.org">': "htps://example.org: neither a file of the site nor a "
        "web address",
        '<a href="https://example">': "https://example: not a well-formed address",
        '<a href="https://example.org/a b">': "https://example.org/a b: not a well-formed address",
        '<a href="https://[x">': "https://[x: Invalid IPv6 URL",
        '<i id="two b">': "two elements have the id two b",
    }
    pages = {**SOUND, "a/two.html": SOUND["a/two.html"] + "".join(planted)}
    pages["a/lost.html"] = '<a href="one.html">1</a>'
    expected = {f"a/two.html: {what}" for what in planted.values()}
    assert set(told(tmp_path, pages)) == {*expected, "a/lost.html: no page leads to it"}


def test_a_site_without_a_home_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, {"one.html": ""}) == ["index.html: there is none"]


@pytest.mark.full
def test_faults_in_pages_end_the_build_of_the_site(tmp_path: Path) -> None:
    if not SPHINX.is_file():
        reason = "no environment for the site: make docs-check"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    source, made = tmp_path / "source", tmp_path / "made"
    shutil.copytree(ROOT, source, ignore=NOT_THE_SITES)
    page = source / "docs" / "tutorial.md"
    planted = (
        "\n[a](nowhere.md) [b](runbook.md#no-such-head) [c](#nor-this)\n\n![d](images/no.png)\n"
    )
    page.write_text(page.read_text() + planted)
    (source / "tests" / "oracle" / "reference" / "lost.md").write_text("# Lost\n")
    conf = source / "docs" / "site" / "conf.py"
    conf.write_text(conf.read_text().replace("reference/README.md", "reference/*.md"))
    command = [str(SPHINX), "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-c", str(conf.parent), str(source), str(made)],
        env={**os.environ, "ATLAS_FORGE_NOTEBOOK": "off"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    for what in ("nowhere.md", "no-such-head", "nor-this", "images/no.png", "lost.md"):
        assert any("WARNING" in line and what in line for line in done.stderr.splitlines()), what
    lines = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert len(lines) == 5, lines
