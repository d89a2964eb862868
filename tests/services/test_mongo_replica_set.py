"""Does a merge into a replica set of three survive what happens to its members?"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from pipeline.storage.mongo_connect import MongoUnreachableError
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from tests.services.disturbed import at_batch
from tests.services.mongod import Mongod, ReplicaSet, stored

pytestmark = pytest.mark.full
Tell = Callable[[str], None]
Documents = dict[str, list[bytes]]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    found = ReplicaSet(tmp_path_factory.mktemp("three"))
    yield found
    found.kill()


@pytest.fixture(autouse=True)
def healed(three: ReplicaSet) -> Iterator[None]:
    """Every test begins with three members that follow one of them."""
    three.heal()
    yield
    three.heal()


@pytest.mark.fault("MongoDB", "the primary of three is killed (SIGKILL) half way through a merge")
def test_a_killed_primary_is_replaced(
    three: ReplicaSet,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    primaries: list[Mongod] = []

    def kill() -> None:
        primaries.append(three.primary())
        primaries[0].kill()

    at_batch(monkeypatch, 4, kill)
    started = time.monotonic()
    merge_run(finished, three.uri("killed"))
    seconds = time.monotonic() - started
    assert three.primary() is not primaries[0], "another was elected"
    assert stored(three, "killed") == undisturbed
    assert MongoResults(three.uri("killed")).runs() == [finished.name]
    came_of_it(f"the same merge went on with the new primary, done after {seconds:.1f} s")


@pytest.mark.fault("MongoDB", "the primary of three steps down half way through a merge")
def test_a_primary_that_steps_down_is_followed_to_the_next(
    three: ReplicaSet,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    before: list[Mongod] = []

    def step_down() -> None:
        before.append(three.primary())
        with before[0].client() as client, suppress(AutoReconnect):
            command = {"replSetStepDown": 20, "secondaryCatchUpPeriodSecs": 5}
            client.admin.command(command)

    at_batch(monkeypatch, 3, step_down)
    merge_run(finished, three.uri("stepped"))
    assert three.primary() is not before[0]
    assert stored(three, "stepped") == undisturbed
    came_of_it("the same merge went on with the next primary")


@pytest.mark.fault("MongoDB", "a secondary of three is killed and comes back during a merge")
def test_a_secondary_may_come_and_go(
    three: ReplicaSet,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    def restart() -> None:
        (member, *_) = three.others()
        member.kill()
        member.start()

    at_batch(monkeypatch, 2, restart)
    merge_run(finished, three.uri("restarted"))
    assert stored(three, "restarted") == undisturbed
    came_of_it("not noticed: the other two are a majority")


@pytest.mark.fault("MongoDB", "two of three members are killed during a merge, and come back later")
def test_without_a_majority_a_merge_fails_clearly_and_is_resumed(
    three: ReplicaSet,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    uri = three.uri("minority", serverSelectionTimeoutMS=3_000)

    def lose_two() -> None:
        for member in three.others():
            member.kill()

    with monkeypatch.context() as patch:
        acknowledged = at_batch(patch, 4, lose_two)
        started = time.monotonic()
        with pytest.raises(MongoUnreachableError, match=r"does not answer|no majority"):
            merge_run(finished, uri)
        patience = time.monotonic() - started
    three.heal()
    assert MongoResults(uri).runs() == []
    there = stored(three, "minority")["structures"]
    assert len(there) >= sum(acknowledged) >= 300, "what a majority confirmed is there"
    merge_run(finished, uri)
    assert stored(three, "minority") == undisturbed
    came_of_it(
        f"exit 1 after {patience:.0f} s without a majority, nothing visible, {len(there)} of "
        f"{len(undisturbed['structures'])} structures kept; the next merge finished"
    )
