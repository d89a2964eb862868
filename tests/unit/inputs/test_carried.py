"""Does a project that travels give the request of its file, and open no file where it arrives?"""

from pathlib import Path

import pytest

from pipeline.inputs import InputErrors, load_request
from pipeline.inputs.carried import CarriedProject, carry, load_carried

FIXTURES = Path(__file__).parents[3] / "fixtures"
SMALL = FIXTURES / "projects" / "small.yaml"


@pytest.fixture
def with_files(tmp_path: Path) -> Path:
    """The small project beside a market and a rulebook of its own."""
    text = SMALL.read_text()
    fields = {line.split(":")[0]: line for line in text.splitlines() if line[:1].isalpha()}
    (tmp_path / "m.yaml").write_text((FIXTURES / "markets" / "gbp.yaml").read_text())
    (tmp_path / "r.yaml").write_text((FIXTURES / "rulebooks" / "v1.yaml").read_text())
    text = text.replace(fields["market"], "market: m.yaml")
    text = text.replace(fields["rulebook"], "rulebook: ./r.yaml")
    path = tmp_path / "small.yaml"
    path.write_text(text)
    return path


def test_a_carried_project_asks_the_same_question(with_files: Path, tmp_path: Path) -> None:
    carried = carry(str(with_files))
    assert carried.market and carried.rulebook
    asked = load_request(with_files)
    for file in tmp_path.glob("*.yaml"):
        file.unlink()
    arrived = load_carried(carried)
    assert arrived.content() == asked.content()
    assert arrived.document_hashes() == asked.document_hashes()


def test_builtin_references_carry_no_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    lines = [
        line for line in SMALL.read_text().splitlines() if line[:6] not in ("market", "rulebo")
    ]
    path.write_text("\n".join([*lines, "market: builtin:gbp", "rulebook: builtin:v1"]))
    carried = carry(str(path))
    assert not carried.attached()
    assert load_carried(carried).content() == load_request(path).content()


def test_a_builtin_project_travels_too() -> None:
    assert load_carried(carry("builtin:small")).content() == load_request(SMALL).content()


@pytest.mark.parametrize("reference", ["m.yaml", "/etc/passwd", "../../etc/passwd"])
def test_a_file_that_did_not_come_along_is_not_opened(with_files: Path, reference: str) -> None:
    carried = carry(str(with_files))
    text = carried.project.replace("m.yaml", reference)
    with pytest.raises(InputErrors, match="did not come along") as caught:
        load_carried(CarriedProject(text, rulebook=carried.rulebook))
    assert "root:" not in str(caught.value)


def test_a_bad_attachment_is_told_under_its_own_name(with_files: Path) -> None:
    carried = carry(str(with_files))
    with pytest.raises(InputErrors, match="the attached market"):
        load_carried(CarriedProject(carried.project, "schema: 1\n", carried.rulebook))
