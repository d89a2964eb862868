"""Do steps run in order, refuse what is newer, and lead nowhere half way?"""

from typing import Any

import pytest

from pipeline.migrate.steps import CURRENT, STEPS, NewerSchemaError, Step, schema_of, upgraded
from pipeline.storage.manifest import UnreadableDocumentError

KIND = "thing"


def _renamed(thing: dict[str, Any]) -> None:
    thing["tenor_years"] = thing.pop("tenor")


def _counted(thing: dict[str, Any]) -> None:
    thing.setdefault("seen", 0)


def _nested(thing: dict[str, Any]) -> None:
    thing["terms"] = {"tenor_years": thing.pop("tenor_years"), "seen": thing.pop("seen")}


# In another order than they have to be done in.
THINGS = (
    Step(KIND, "into a block", 1, 2, _nested),
    Step("other", "of another kind", 0, 1, lambda _: 1 / 0),
    Step(KIND, "a unit in the name", 0, 1, _renamed),
    Step(KIND, "a count", 1, 1, _counted),
)


def up(document: dict[str, Any], current: int = 2) -> tuple[dict[str, Any], tuple[str, ...]]:
    found = upgraded(KIND, document, THINGS, current)
    return found.document, found.steps


def test_a_document_of_schema_0_takes_every_step_in_order() -> None:
    old = {"tenor": 12}
    assert up(old) == (
        {"schema": 2, "terms": {"tenor_years": 12, "seen": 0}},
        ("a unit in the name", "a count", "into a block"),
    )
    assert old == {"tenor": 12}, "what was given is not touched"


@pytest.mark.parametrize("schema", [0, 1, 2])
def test_a_step_begins_where_the_document_stands(schema: int) -> None:
    document: dict[str, Any] = {"schema": 0, "tenor": 12}
    for current in range(1, schema + 1):
        document = up(document, current)[0]
    assert up(document)[0] == up({"tenor": 12})[0]


def test_all_steps_again_change_nothing() -> None:
    done, _ = up({"tenor": 12})
    assert up(done) == (done, ())


def test_an_addition_to_today_s_schema_is_made_once() -> None:
    found = upgraded(KIND, {"schema": 1, "tenor_years": 3}, THINGS, 1)
    assert found.added == ("seen",) and found.steps == ("a count",)
    assert upgraded(KIND, found.document, THINGS, 1).added == ()


def test_a_newer_document_is_refused() -> None:
    with pytest.raises(NewerSchemaError, match=r"schema 3, this version reads 2.*install a newer"):
        up({"schema": 3, "tenor": 12})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"schema": "1"}, "no whole number"),
        ({"schema": True}, "no whole number"),
        ({"schema": -1}, "no whole number"),
        ({"schema": 1.0}, "no whole number"),
        ({"schema": None}, "no whole number"),
        ({"schema": 0}, "does not find in it what it expects"),
    ],
)
def test_what_is_no_such_document_is_told(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=said):
        up(document)


def test_without_a_step_there_is_no_way_on() -> None:
    with pytest.raises(UnreadableDocumentError, match="no step leads from there to 2"):
        upgraded(KIND, {"schema": 1, "tenor_years": 3}, THINGS[1:], 2)
    with pytest.raises(UnreadableDocumentError, match="names no schema"):
        upgraded("manifest", {"run_id": "x"})


@pytest.mark.parametrize("kind", sorted(CURRENT))
def test_the_registry_leads_every_kind_to_its_schema(kind: str) -> None:
    ours = [step for step in STEPS if step.kind == kind]
    assert all(0 <= step.before <= step.after <= CURRENT[kind] for step in ours)
    onward = [step.before for step in ours if step.after > step.before]
    assert len(onward) == len(set(onward)), "one way from each schema"
    start = min([*onward, CURRENT[kind]])
    assert sorted(onward) == list(range(start, CURRENT[kind]))


def test_every_step_belongs_to_a_kind_there_is() -> None:
    assert {step.kind for step in STEPS} <= CURRENT.keys()
    assert schema_of({}) == 0
