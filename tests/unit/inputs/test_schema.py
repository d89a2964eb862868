"""Does the schema that editors get accept our own files and refuse plain mistakes?"""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from pipeline.inputs.schema import KINDS, schema_of
from pipeline.inputs.starter import STARTER
from tests.unit.inputs.sound import ROOT, document, project
from tests.unit.inputs.test_payload import PAYLOAD


def keyed_by_text(value):
    """JSON has text keys only; YAML's 5 and 10 of a curve are read as text by us."""
    return json.loads(json.dumps(value, default=str))


def problems(kind, content):
    return list(Draft202012Validator(schema_of(kind)).iter_errors(keyed_by_text(content)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_a_schema(kind):
    Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize(
    "name",
    sorted(f"{path.parent.name}/{path.stem}" for path in (ROOT / "fixtures").glob("*/*.yaml")),
)
def test_every_fixture_is_valid(name):
    kind = name.split("/")[0].removesuffix("s")
    assert problems(kind, document(name)) == []


def test_the_starter_and_the_sources_payload_are_valid():
    assert problems("project", yaml.safe_load(STARTER)) == []
    assert problems("payload", PAYLOAD) == []


@pytest.mark.parametrize(
    "change",
    [
        {"base": {"SeniorCoupon_38": 99}},
        {"base": {"SeniorCupon_38": 5}},
        {"base": {"NetIncome_11": 5}},
        {"base": {"SeniorAmortType_40": "none"}},
        {"levers": {"SeniorCoupon_38": []}},
        {"levers": {"SeniorCoupon_38": {"min": 5}}},
        {"levers": {"overlays": ["zcis"]}},
        {"levers": {"MaxPermutations_108": [1000]}},
        {"run": {"seed": -1}},
        {"schema": 2},
        {"extra": 1},
        {"covenants": {"max_ltv_pct": 0}},
    ],
)
def test_a_plain_mistake_is_refused(change):
    assert problems("project", project()) == []
    assert problems("project", project(**change)) != []
