"""Is there everything that pages tell people to type? And would it be noticed if there were not?"""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml

from pipeline.cli.main import cli
from tests.charts import ENVIRONMENTS, at, environment, merged, objects
from tests.page_blocks import Block, PageError, blocks
from tests.page_commands import ROOT, lines_of, pages, shell_blocks, why_not_typed, wrong
from tests.page_shell import Shell

FENCE = "```"


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text.replace("'''", FENCE))
    return path


def follow_all(folder: Path, text: str) -> Shell:
    shell = Shell(folder / "home")
    for block in blocks(page(folder, text)):
        shell.follow(block)
    return shell


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_page_is_one_that_there_is(path: Path) -> None:
    assert [what for block in shell_blocks(path) for what in wrong(block)] == []


def test_every_command_is_shown_on_a_how_to_page_and_listed_by_their_first() -> None:
    how_to = ROOT / "docs" / "how-to"
    found = [block for path in how_to.glob("*.md") for block in shell_blocks(path)]
    typed = {line for block in found for line in lines_of(block)}
    first = (how_to / "README.md").read_text()
    listed = {word for cell in re.findall(r"\| (`[^|]*`) \|", first) for word in cell.split("`")}
    listed = {word for cell in listed for word in cell.split()}
    for name in cli.list_commands(click.Context(cli)):
        assert any(f"{line} ".startswith(f"atlas-forge {name} ") for line in typed), name
        assert name in listed, name


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_sentence_is_one_that_there_is(path: Path) -> None:
    words = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    said = re.findall(r"`((?:atlas-forge|kubectl|helm|make|python -m) [^`\n]+)`", words)
    told = [what for each in said for what in wrong(Block(path.name, 0, "", "bash", each))]
    # a sentence may name a command without what it is asked of
    assert [what for what in told if not what.endswith(" is missing")] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("atlas-forge rum my-project.yaml", "no command rum"),
        ("atlas-forge run my-project.yaml --derect", "No such option"),
        ("atlas-forge run", "project is missing"),
        ("atlas-forge top A B", "unexpected extra argument"),
        ("export X=1 && atlas-forge rulebook dif v1 v2", "no command dif"),
        ("X=1 atlas-forge status RUN_ID --databse", "No such option"),
        ("make tset", "no target tset"),
        ("python -m pipeline.storage.mongo_desks", "no module"),
        ("kubectl gett pods", "no such command of kubectl"),
        ("kubectl apply -k k8s/overlays/nowhere", "no k8s/overlays/nowhere"),
        ("helm upgrade atlas-forge helm/nowhere", "no helm/nowhere"),
        ("scripts/nothing", "no file scripts/nothing"),
        ("frobnicate all", "know nothing of"),
        ('atlas-forge top "RUN_ID', "No closing quotation"),
    ],
)
def test_a_command_that_there_is_not_would_be_found(line: str, said: str) -> None:
    told = wrong(Block("page.md", 7, "", "bash", f"echo before\n{line}  # why"))
    assert len(told) == 1
    assert told[0].startswith("page.md:7: ") and said in told[0]


@cache
def every_line() -> tuple[tuple[str, str], ...]:
    """Place and text of every command of every page."""
    found = [block for path in pages() for block in shell_blocks(path)]
    return tuple((block.place, line) for block in found for line in lines_of(block))


def test_what_pages_install_by_helm_renders_with_every_values_file() -> None:
    lines = [line for _, line in every_line() if re.search(r"^helm .*\bhelm/atlas-forge\b", line)]
    assert lines
    for line in lines:
        words = line.split()
        release = words[words.index("helm/atlas-forge") - 1]
        given = [word.split("=", 1) for flag, word in pairwise(words) if flag == "--set"]
        more = [at(path, yaml.safe_load(value)) for path, value in given]
        # rendered without a cluster, which would have to know DaskCluster
        more.append(at("dask.requireOperator", False))
        for name in ENVIRONMENTS:
            assert objects(merged(environment(name), *more), name=release)


def test_objects_that_pages_name_are_in_the_chart() -> None:
    there = {
        f"{each['kind'].lower()}/{each['metadata']['name']}"
        for name in ENVIRONMENTS
        for each in objects(environment(name), name="atlas-forge")
    }
    named = re.compile(r"\b((?:deployment|service|job|secret|statefulset)/atlas-forge[\w-]*)")
    asked = {(place, name) for place, line in every_line() for name in named.findall(line)}
    assert asked
    assert {(place, name) for place, name in asked if name not in there} == set()


def test_what_cannot_be_typed_here_has_a_reason() -> None:
    def reason(text: str, needs: str = "") -> str:
        return why_not_typed(Block("page.md", 1, "", "bash", text, needs=needs))

    assert reason("atlas-forge runs") == ""
    assert "cluster" in reason("kubectl get pods")
    assert "cluster" in reason("echo x | kubectl apply -f -")
    assert "Prefect server" in reason("atlas-forge submit a.yaml")
    assert reason("atlas-forge runs", "mongo") == "mongo"


def test_a_page_that_is_right_is_followed(tmp_path: Path) -> None:
    text = """# T
<!-- test: file names.txt -->
'''yaml
one: 1
'''

<!-- test: names RUN_ID -->
'''bash
echo "Run small-0123456789ab took 4.2 s"   # a remark
'''

'''text
Run small-ba9876543210   took 17 s
'''

'''bash
grep -c one names.txt; echo RUN_ID
echo middle; echo last
'''

'''text
1
…
last
'''

<!-- test: exit 3 -->
'''bash
echo no >&2; exit 3
'''

'''text
no
'''
"""
    assert follow_all(tmp_path, text).runs == {"RUN_ID": "small-0123456789ab"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'''bash\nfalse\n'''", "exit 1, the page says 0"),
        ("'''bash\nfalse\necho later\n'''", "exit 1, the page says 0"),
        ("<!-- test: exit 2 -->\n'''bash\ntrue\n'''", "exit 0, the page says 2"),
        ("'''bash\necho 1.35x\n'''\n\n'''text\n1.36x\n'''", "+1.35x"),
        ("'''bash\necho a; echo b\n'''\n\n'''text\na\n'''", "+b"),
        ("'''bash\necho a; echo b; echo c\n'''\n\n'''text\na\n…\nb\n'''", "not printed:"),
        ("'''bash\necho b; echo a\n'''\n\n'''text\n…\na\n…\nb\n…\n'''", "not printed:"),
        ("<!-- test: names RUN_ID -->\n'''bash\necho none\n'''", "no run is named"),
        ("'''bash\natlas-forge catalogue --nothing\n'''", "No such option"),
    ],
)
def test_a_page_that_is_wrong_is_found(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:[12]: ") as failed:
        follow_all(tmp_path, text)
    assert said in str(failed.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- test: exti 2 -->\n'''bash\ntrue\n'''", "do not understand 'exti'"),
        ("<!-- test: exit 2 -->\nwords\n", "without a block"),
        ("'''bash\ntrue\n", "no end"),
    ],
)
def test_what_a_page_says_wrongly_to_tests_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PageError, match=said):
        blocks(page(tmp_path, text))
