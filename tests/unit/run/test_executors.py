"""Do executors return everything, bound what is under way, and name what fails?"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pipeline.compute import Executor, PartitionsFailed, SerialExecutor, open_executor
from pipeline.compute.executor import WINDOW_PER_SLOT, check_fingerprints
from pipeline.settings import load_settings
from pipeline.storage.fingerprint import engine_fingerprint


@dataclass(frozen=True)
class Item:
    number: int

    def __str__(self) -> str:
        return f"partition {self.number}"


def square(item: Item) -> int:
    return item.number**2


def fail_on_seven(item: Item) -> int:
    if item.number == 7:
        raise ValueError("seven is\nnot liked")
    return item.number


def die_on_two(item: Item) -> int:
    if item.number == 2:
        os._exit(9)
    return item.number


DASHBOARD = "127.0.0.1:0"


@dataclass(frozen=True)
class Slow:
    folder: Path
    number: int


def die_once(item: Slow) -> int:
    seen = item.folder / f"{item.number}.seen"
    if item.number in (2, 5) and not seen.exists():
        seen.touch()
        os._exit(9)
    return item.number


def take_a_while(item: Slow) -> int:
    (item.folder / f"{item.number}.began").touch()
    time.sleep(0.0 if item.number == 0 else 0.4)
    (item.folder / f"{item.number}.ended").touch()
    return item.number


@pytest.mark.parametrize("chosen", [{"compute": "processes"}, {"dashboard": DASHBOARD}, {}])
def test_what_was_under_way_when_a_run_is_ended_is_finished(
    tmp_path: Path, chosen: dict[str, str]
) -> None:
    with (  # noqa: PT012 - the point is that both blocks are left by the exception
        pytest.raises(KeyboardInterrupt),
        open_executor(load_settings({}, pack="no", workers=2, **chosen)) as executor,
    ):
        for _ in executor.map_unordered(take_a_while, (Slow(tmp_path, n) for n in range(40))):
            raise KeyboardInterrupt
    began = {path.stem for path in tmp_path.glob("*.began")}
    assert began == {path.stem for path in tmp_path.glob("*.ended")}
    assert 1 < len(began) < 12


@pytest.fixture(params=["serial", "threads", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    chosen = {"dashboard": DASHBOARD} if request.param == "dask" else {"compute": request.param}
    with open_executor(load_settings({}, pack="no", workers=2, **chosen)) as opened:
        yield opened


def test_every_item_gives_one_result(executor: Executor) -> None:
    results = sorted(executor.map_unordered(square, map(Item, range(50))))
    assert results == [number**2 for number in range(50)]
    assert list(executor.map_unordered(square, [])) == []


def test_a_failing_item_is_named_with_its_cause(executor: Executor) -> None:
    with pytest.raises(PartitionsFailed) as caught:
        list(executor.map_unordered(fail_on_seven, map(Item, range(50))))
    assert [(each.item, each.cause) for each in caught.value.failures] == [
        ("partition 7", "ValueError: seven is not liked")
    ]


def quote_the_environment(item: Item) -> int:
    raise ValueError(f"login with {os.environ['SOME_PASSWORD']} failed")


@pytest.mark.parametrize("compute", ["processes"])
def test_what_a_worker_raises_and_logs_holds_no_secret(
    compute: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "open-sesame-4711")
    with (
        open_executor(load_settings({}, pack="no", workers=1, compute=compute)) as executor,
        pytest.raises(PartitionsFailed, match=r"login with \*\*\* failed"),
    ):
        list(executor.map_unordered(quote_the_environment, [Item(1)]))
    told = capfd.readouterr()
    assert "open-sesame-4711" not in told.out + told.err


def test_an_executor_is_usable_after_a_failure(executor: Executor) -> None:
    with pytest.raises(PartitionsFailed):
        list(executor.map_unordered(fail_on_seven, map(Item, range(50))))
    assert sorted(executor.map_unordered(square, [Item(3)])) == [9]


@pytest.mark.parametrize("dashboard", ["", DASHBOARD])
def test_items_are_drawn_only_as_slots_become_free(dashboard: str) -> None:
    drawn = 0

    def items() -> Iterator[Item]:
        nonlocal drawn
        for number in range(200):
            drawn += 1
            yield Item(number)

    with open_executor(load_settings({}, pack="no", workers=2, dashboard=dashboard)) as executor:
        for done, _ in enumerate(executor.map_unordered(square, items())):
            assert drawn <= done + 2 * WINDOW_PER_SLOT + 1
            if done == 30:
                time.sleep(0.2)
    assert drawn == 200


def test_no_dashboard_unless_asked_for() -> None:
    with open_executor(load_settings({}, pack="no", workers=1)) as executor:
        assert executor.dashboard_link is None


def test_nothing_listens_beyond_this_machine() -> None:
    with open_executor(load_settings({}, pack="no", workers=1, dashboard=DASHBOARD)):
        mine = psutil.Process().net_connections()
        addresses = {each.laddr.ip for each in mine if each.status == psutil.CONN_LISTEN}
    assert addresses <= {"127.0.0.1", "::1"}


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    settings = load_settings({}, pack="no", compute="processes", workers=1, allowed_failures=0)
    with open_executor(settings) as opened:
        yield opened


def test_a_partition_that_kills_its_worker_is_named(processes: Executor) -> None:
    with pytest.raises(PartitionsFailed) as caught:
        list(processes.map_unordered(die_on_two, map(Item, range(3))))
    causes = {each.item: each.cause for each in caught.value.failures}
    assert "workers died while they computed it" in causes["partition 2"]
    assert processes.retried == 0, "nothing was begun again"


@pytest.mark.full
def test_attempts_that_were_lost_with_their_worker_are_counted(tmp_path: Path) -> None:
    settings = load_settings({}, pack="no", compute="processes", workers=2)
    with open_executor(settings) as executor:
        items = [Slow(tmp_path, number) for number in range(20)]
        assert sorted(executor.map_unordered(die_once, items)) == list(range(20))
        assert executor.retried == 2
        assert sorted(executor.map_unordered(die_once, items)) == list(range(20))
        assert executor.retried == 2


def test_workers_are_asked_for_their_engine(processes: Executor) -> None:
    assert set(processes.fingerprints().values()) == {engine_fingerprint()}
    check_fingerprints(processes, engine_fingerprint())
    with pytest.raises(PartitionsFailed, match="the plan needs 0123"):
        check_fingerprints(processes, "0123")
    check_fingerprints(SerialExecutor(), "0123")
