"""Is a dropped file taken once, whatever dies in between, and a bad one refused with reasons?"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from pipeline.inbox import NEW, REFUSED, TAKEN, Refused, Taken, done, look
from pipeline.storage.store import open_folder
from tests.run_projects import PROJECT

SOUND = PROJECT.replace("LIMIT", "100")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / NEW).mkdir()
    return tmp_path


def drop(inbox: Path, name: str, content: str = SOUND) -> Path:
    path = inbox / NEW / name
    path.write_text(content)
    return path


def looked(inbox: Path) -> list[Taken | Refused]:
    return list(look(open_folder(inbox), settle_s=0.05))


def names(inbox: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (inbox / folder).glob("*"))


def test_a_sound_file_is_given_until_it_is_noted(inbox: Path) -> None:
    drop(inbox, "a.yaml")
    (first,) = looked(inbox)
    assert isinstance(first, Taken)
    assert first.project_id == "trial" and first.text == SOUND
    assert names(inbox, NEW) == []
    assert looked(inbox) == [first]  # whoever took it died before it was asked for
    done(open_folder(inbox), first, {"flow_run_id": "1"})
    assert looked(inbox) == []


def test_the_same_file_dropped_again_is_another_request(inbox: Path) -> None:
    keys = set()
    for _ in range(3):
        drop(inbox, "a.yaml")
        (taken,) = looked(inbox)
        assert isinstance(taken, Taken)
        done(open_folder(inbox), taken, {})
        keys.add(taken.key)
    assert len(keys) == 3


def test_two_looks_at_once_give_one_key(inbox: Path) -> None:
    drop(inbox, "a.yaml")
    store, found = open_folder(inbox), []
    looks = [
        threading.Thread(target=lambda: found.extend(look(store, settle_s=0.2))) for _ in range(3)
    ]
    for each in looks:
        each.start()
    for each in looks:
        each.join()
    assert len({each.key for each in found}) == 1
    assert len([name for name in names(inbox, TAKEN) if name.endswith(".yaml")]) == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bad.yaml", SOUND.replace("[8, 12]", "[8, -1]"), "SeniorTenorY_39"),
        ("bad.yaml", SOUND.replace("builtin:gbp", "/etc/passwd"), "did not come along"),
        ("bad.yaml", SOUND[: len(SOUND) // 2], "is missing"),
        ("empty.yaml", "", "is empty"),
        ("large.yaml", "a: b\n" * 300_000, "larger than"),
        ("notes.txt", "hello", "not called like a project file"),
        ("..yaml; rm -rf ~.sh", SOUND, "not called like a project file"),
    ],
)
def test_a_bad_file_is_refused_with_all_that_is_wrong(
    inbox: Path, name: str, content: str, reason: str
) -> None:
    drop(inbox, name, content) if not name.startswith(".") else drop(inbox, f"x{name}", content)
    (refused,) = looked(inbox)
    assert isinstance(refused, Refused)
    assert names(inbox, NEW) == [] and names(inbox, TAKEN) == []
    assert names(inbox, REFUSED) == sorted([refused.name, f"{refused.name}.errors.txt"])
    assert reason in (inbox / REFUSED / f"{refused.name}.errors.txt").read_text()


@pytest.mark.parametrize("name", [".a.yaml", "a.yaml.part", "a.yaml.tmp", "a.yaml~", "~$a.yaml"])
def test_a_file_called_unfinished_is_left(inbox: Path, name: str) -> None:
    drop(inbox, name)
    assert looked(inbox) == []
    assert names(inbox, NEW) == [name]


def test_a_file_that_is_still_written_is_left(inbox: Path) -> None:
    path = drop(inbox, "a.yaml", SOUND[:200])
    found: list[Taken | Refused] = []
    looking = threading.Thread(target=lambda: found.extend(look(open_folder(inbox), settle_s=0.5)))
    looking.start()
    time.sleep(0.2)
    path.write_text(SOUND)
    looking.join()
    assert found == [] and path.exists()
    assert isinstance(looked(inbox)[0], Taken)


def test_a_link_is_not_followed(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2")
    (inbox / NEW / "a.yaml").symlink_to(secret)
    (refused,) = looked(inbox)
    assert isinstance(refused, Refused) and "is a link" in refused.errors[0]
    assert "hunter2" not in "".join(path.read_text() for path in (inbox / REFUSED).iterdir())
