"""Does a signal wait for the next partition, and only while a cluster is open?"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

import pytest

from pipeline.cli.interrupts import ending_cleanly, sigterm_as_ctrl_c
from pipeline.stages.contract import Progress


def at(stage: str) -> Progress:
    return Progress(stage, 1, 2, 10, 5, 0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_next_partition(number: signal.Signals) -> None:
    shown = []
    before = signal.getsignal(number)
    with ending_cleanly(shown.append) as on_progress:
        on_progress(at("permutation"))
        os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            on_progress(at("pruning"))
    assert [progress.stage for progress in shown] == ["permutation", "pruning"]
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_wait() -> None:
    with ending_cleanly(lambda _: None) as on_progress:
        on_progress(at("pruning"))
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("stage", [None, "output"])
def test_without_a_cluster_it_does_not_wait(stage: str | None) -> None:
    with ending_cleanly(lambda _: None) as on_progress:
        if stage:
            on_progress(at(stage))
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_flow_engines_own_handler_ends_the_run() -> None:
    class Ended(BaseException):
        pass

    def end(_: int, __: FrameType | None) -> None:
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        with ending_cleanly(lambda _: None) as on_progress:
            on_progress(at("pruning"))
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(Ended):
                on_progress(at("pruning"))
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)


def test_beside_the_main_thread_nothing_is_installed() -> None:
    with ThreadPoolExecutor(1) as aside:
        shown = []

        def work() -> None:
            with ending_cleanly(shown.append) as on_progress:
                on_progress(at("pruning"))

        aside.submit(work).result()
    assert [progress.stage for progress in shown] == ["pruning"]


def test_sigterm_is_ctrl_c_for_a_flow_engine() -> None:
    with sigterm_as_ctrl_c(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
