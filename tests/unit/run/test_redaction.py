"""Is what is known to be secret taken out of every text, and nothing else?"""

import json
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline import redaction
from pipeline.cli.console import note
from pipeline.cli.main import run_command
from pipeline.logs import run_log
from pipeline.redaction import errors_without_secrets, hide, redacted, redacted_text
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.store_secret import read_secret

SECRET = 'hu"nt/er2 %wörd\\'


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set())


@pytest.mark.parametrize(
    "text", [SECRET, quote(SECRET, safe=""), json.dumps(SECRET), repr(SECRET)], ids=repr
)
def test_a_known_secret_is_taken_out_as_whatever_writes_it(text: str) -> None:
    before = f"refused: {text} was wrong"
    assert redacted_text(before) == before
    hide(SECRET)
    found = redacted_text(before)
    assert found.startswith("refused: ") and found.endswith(" was wrong")
    assert not {"hu", "nt", "er2"} & set(found.replace('"', " ").split())
    assert "nt/er2" not in found and "er2" not in found


def test_secrets_of_the_environment_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "forge:open-sesame")
    monkeypatch.setenv("SOME_TOKEN_FILE", "/run/secrets/token")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "disabled")
    text = "sent wJalrXUtnFEMI and open-sesame; /run/secrets/token is disabled"
    assert redacted_text(text) == "sent *** and ***; /run/secrets/token is disabled"


def test_who_reads_a_secret_makes_it_known(tmp_path: Path) -> None:
    mongo_address("mongodb://forge:p%40ss-word@db1/atlas?tlsCertificateKeyFilePassword=other-one")
    file = tmp_path / "secret"
    file.write_text("[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=wJalrXUtn\n")
    file.chmod(0o600)
    read_secret(str(file))
    text = "p@ss-word p%40ss-word other-one AKIAEXAMPLE wJalrXUtn db1"
    assert redacted_text(text) == "*** *** *** *** *** db1"
    mongo_address("mongodb://db1:27017/atlas")
    assert redacted_text("mongodb://db1:27017/atlas") == "mongodb://db1:27017/atlas"


@pytest.mark.parametrize(
    "address", ["https://u:a@b/c@host/p", "mongodb://u:p/w@host", "s3://AKIA:x@bucket/p"]
)
def test_the_user_part_of_an_address_goes_up_to_the_last_at(address: str) -> None:
    assert redacted_text(f"to {address} now").split()[1] in {
        "https://***@host/p", "mongodb://***@host", "s3://***@bucket/p",
    }  # fmt: skip


def test_an_unforeseen_error_is_told_without_the_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hide("open-sesame")
    monkeypatch.setenv("ATLAS_FORGE_DEBUG", "1")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("login with open-sesame failed") from ValueError("open-sesame")

    monkeypatch.setattr("pipeline.cli.runs.results_of", fail)
    assert run_command(["runs", "--out", str(tmp_path)]) == 1
    assert run_command(["runs", "--out", str(tmp_path), "--json"]) == 1
    log = run_log(tmp_path, "debug")
    try:
        fail()
    except RuntimeError:
        log.info("run_failed", exc_info=True, **{"open-sesame": 1})
    note("open-sesame")
    told = capsys.readouterr()
    written = (tmp_path / "log.jsonl").read_text()
    for text in (told.out, told.err, written):
        assert "***" in text and "open-sesame" not in text


def test_an_error_that_leaves_the_block_keeps_its_kind_and_lacks_the_secret() -> None:
    hide("open-sesame")
    error = ConnectionError("no open-sesame")
    error.add_note("with open-sesame")
    error.__cause__ = ValueError("open-sesame", 3)
    with pytest.raises(ConnectionError) as caught, errors_without_secrets():
        raise error
    told = "".join(traceback.format_exception(caught.value))
    assert "no ***" in told and "with ***" in told and "('***', 3)" in told
    with pytest.raises(OSError, match="disk full") as kept, errors_without_secrets():
        raise OSError(28, "disk full", "file")
    assert (kept.value.errno, kept.value.filename) == (28, "file")


def test_other_values_stay() -> None:
    hide("x", "", None, "12345")
    plain = {"rows": 5, "rate": 0.5, "text": "x 12345", "names": ["a"], "none": None}
    assert redacted(plain) == plain
