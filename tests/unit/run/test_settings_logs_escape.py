"""Which setting wins, what never reaches a log, and does untrusted text stay text?"""

import json
from pathlib import Path

import pytest

from pipeline import escape
from pipeline.logs import run_log
from pipeline.redaction import redacted
from pipeline.settings import BadSettingError, Settings, load_settings


def test_given_beats_environment_beats_default() -> None:
    environment = {"ATLAS_FORGE_WORKERS": "3", "ATLAS_FORGE_OUT": "elsewhere", "OTHER": "1"}
    settings = load_settings(environment, workers="5", seed=None)
    assert settings == Settings(workers=5, out="elsewhere")
    assert load_settings({}).slots >= 1
    assert settings.slots == 5


def test_every_bad_setting_is_told_at_once() -> None:
    with pytest.raises(BadSettingError) as caught:
        load_settings(
            {"ATLAS_FORGE_WORKERS": "many"}, compute="fast", seed=-1, partition_rows=0, colour="red"
        )
    told = str(caught.value).splitlines()
    assert len(told) == 5
    assert told[0].startswith("ATLAS_FORGE_WORKERS: 'many'")
    assert any(line.startswith("compute: 'fast'") and "threads" in line for line in told)


@pytest.mark.parametrize(
    "place",
    [
        "threads",
        "processes",
        "serial",
        "tcp://127.0.0.1:8786",
        "tcp://[::1]:1",
        "tcp://localhost:9",
    ],
)
def test_a_place_to_compute_that_needs_nothing_else_is_taken(place: str) -> None:
    settings = load_settings({"ATLAS_FORGE_COMPUTE": place})
    assert settings.compute == place
    assert settings.scheduler == (place if "://" in place else "")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("tcp://10.0.0.7:8786", "only tls://host:port"),
        ("tcp://127.0.0.1.example.org:8786", "only tls://host:port"),
        ("tls://host", "is none of threads"),
        ("tls://host:port", "is none of threads"),
        ("tls://:8786", "is none of threads"),
        ("tls://host:70000", "is none of threads"),
        ("tls://host:8786/path", "is none of threads"),
        ("tls://user:word@host:8786", "is none of threads"),
        ("tls://[host:8786", "is none of threads"),
        ("https://host:8786", "is none of threads"),
        ("Threads", "is none of threads"),
        ("", "is none of threads"),
    ],
)
def test_a_place_that_is_none_is_told_with_what_is_allowed(place: str, told: str) -> None:
    with pytest.raises(BadSettingError, match=told):
        load_settings({}, compute=place)


def test_what_a_place_needs_besides_is_told_at_once(tmp_path: Path) -> None:
    given = {"scheduler_ca_file": str(tmp_path / "missing.pem")}
    with pytest.raises(BadSettingError) as caught:
        load_settings({}, compute="kubernetes", **given)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file", "cluster_file", "store",
    ]  # fmt: skip
    with pytest.raises(BadSettingError) as caught:
        load_settings({}, compute="tls://host:8786", **given)
    assert len(str(caught.value).splitlines()) == 3


SECRETS = {
    "password": "hunter2",
    "nested": {
        "api_key": "hunter2",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "list": ["a://u:hunter2@h"],
    },
    "url": "mongodb://user:hunter2@host/db and https://h/p?token=hunter2&x=1",
    "key": "hunter2",
    "session_token": "hunter2",
}


def test_no_secret_reaches_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = run_log(tmp_path, "warning")
    log.warning("connected", **SECRETS)
    log.info("only in the file", rows=3)
    lines = (tmp_path / "log.jsonl").read_text()
    shown = capsys.readouterr().err
    assert "hunter2" not in lines + shown
    first, second = map(json.loads, lines.splitlines())
    assert first["url"] == "mongodb://***@host/db and https://h/p?token=***&x=1"
    assert (first["level"], first["event"], first["component"]) == (
        "WARNING", "connected", "pipeline",
    )  # fmt: skip
    assert first["timestamp"].endswith("Z")
    assert second["rows"] == 3
    assert "warning: connected" in shown
    assert "only in the file" not in shown


def test_what_is_no_secret_stays() -> None:
    plain = {"rows": 5, "keyboard": "x", "plan": "s3://bucket/prefix", "names": ["a@b.c"]}
    assert redacted(plain) == plain


HOSTILE = "A<b>&\"'\x1b[31m\u202eevil\x00\nnext"


@pytest.mark.parametrize("helper", [escape.pdf_paragraph, escape.html_text])
def test_markup_is_shown_not_obeyed(helper) -> None:
    text = helper(HOSTILE)
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;" in text


@pytest.mark.parametrize(
    "helper",
    [escape.pdf_paragraph, escape.html_text, escape.spreadsheet_cell, escape.path_part,
     escape.log_text, escape.visible],
)  # fmt: skip
def test_control_characters_reach_no_output(helper) -> None:
    text = helper(HOSTILE)
    assert not set(text) & set("\x1b\x00\n\u202e")
    assert "evil" in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_never_a_formula(start: str) -> None:
    assert escape.spreadsheet_cell(start + "1+1")[0] == "'"


def test_an_ordinary_cell_is_left_alone() -> None:
    assert escape.spreadsheet_cell("Campus 5 MW") == "Campus 5 MW"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("Ünïcode name/1", "Unicode-name-1"),
        ("日本", "unnamed"),
        ("-rf", "rf"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_path_part_stays_in_its_folder(text: str, part: str) -> None:
    assert escape.path_part(text) == part


def test_a_mounted_secret_keeps_the_path_that_every_pod_has(tmp_path: Path) -> None:
    """Kubernetes mounts a link into a folder with a name of its own in each pod."""
    (tmp_path / "..2026_11_21").mkdir()
    secret = tmp_path / "..2026_11_21" / "credentials"
    secret.write_text("[default]\naws_access_key_id = k\naws_secret_access_key = s\n")
    secret.chmod(0o440)
    (tmp_path / "..data").symlink_to("..2026_11_21")
    (tmp_path / "credentials").symlink_to("..data/credentials")
    settings = load_settings(
        {}, store="s3://bucket/runs", store_secret_file=str(tmp_path / "credentials")
    )
    assert settings.store_address is not None
    assert settings.store_address.secret_file == str(tmp_path / "credentials")
