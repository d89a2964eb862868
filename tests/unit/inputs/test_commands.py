"""Do catalogue, schema, init and validate say what they should, as text and as JSON?"""

import json

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from pipeline.inputs.schema import KINDS, schema_of
from tests.unit.inputs.sound import ROOT

FIXTURES = sorted(str(path) for path in (ROOT / "fixtures").glob("*/*.yaml"))


def printed(arguments, capsys, code=0):
    assert run_command(arguments) == code
    return capsys.readouterr().out


def test_the_catalogue_lists_all_or_what_is_asked_for(capsys):
    assert len(json.loads(printed(["catalogue", "--json"], capsys))["variables"]) == 116
    text = printed(["catalogue", "mezz"], capsys)
    assert "MezzCoupon_46" in text
    assert "SeniorCoupon_38" not in text
    assert len(printed(["catalogue"], capsys).splitlines()) == 117
    assert "No variable" in printed(["catalogue", "nothing like it"], capsys)


def test_the_catalogue_says_what_a_variable_takes(capsys):
    (found,) = json.loads(printed(["catalogue", "SeniorAmort", "--json"], capsys))["variables"]
    assert found["number"] == 40
    assert found["allowed"] == ["Annuity", "Sculpted", "Bullet", "StepDown", "LevelPrincipal"]
    assert found["aliases"]["Level Pay"] == "LevelPrincipal"
    assert found["default"] == "Annuity"


@pytest.mark.parametrize("kind", KINDS)
def test_schema_prints_the_schema(kind, capsys):
    assert json.loads(printed(["schema", kind], capsys)) == schema_of(kind)


def test_init_writes_a_sound_project(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "project.yaml is written" in printed(["init"], capsys)
    request = load_request("project.yaml")
    assert request.space_size == 7 * 2 * 3 * 3 * 2 * 4
    assert request.warnings == ()
    assert json.loads(printed(["init", "b.yaml", "--json"], capsys))["file"] == "b.yaml"


@pytest.mark.parametrize("file", FIXTURES)
def test_every_fixture_is_sound(file, capsys):
    kind = file.split("/")[-2].removesuffix("s")
    assert f"a sound {kind} file" in printed(["validate", file], capsys)
    document = json.loads(printed(["validate", file, "--json"], capsys))
    assert (document["valid"], document["kind"], document["errors"]) == (True, kind, [])


def test_validate_tells_errors_and_warnings_as_one_document(tmp_path, capsys):
    sound = (ROOT / "fixtures" / "projects" / "small.yaml").read_text()
    sound = sound.replace("../markets/gbp.yaml", "builtin:gbp")
    sound = sound.replace("../rulebooks/v1.yaml", "builtin:v1")
    path = tmp_path / "p.yaml"
    path.write_text(sound.replace("OPEX_08: 15", "OPEX_08: 150"))
    document = json.loads(printed(["validate", str(path), "--json"], capsys, code=2))
    (error,) = document["errors"]
    assert (error["path"], error["value"], error["allowed"]) == (
        "base.OPEX_08",
        "150",
        "0 to 80 % or money/year",
    )
    assert error["line"] == sound.splitlines().index("  OPEX_08: 15") + 1
    path.write_text(sound.replace("step: 0.25", "step: 0.3"))
    document = json.loads(printed(["validate", str(path), "--json"], capsys))
    assert [warning["path"] for warning in document["warnings"]] == ["levers.SeniorCoupon_38.step"]
    assert run_command(["validate", str(path)]) == 0
    assert "warning: " in capsys.readouterr().err
