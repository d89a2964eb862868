"""Does the reader keep decimal text, and make text of everything that only looks like a value?"""

from decimal import Decimal

import pytest
import yaml

from pipeline.inputs import yaml_reader
from pipeline.inputs.errors import InputErrors


def test_numbers_keep_their_digits():
    found = yaml_reader.parse("[1.50, 1e3, -0.25, .5, 7, +3]", "f").value
    assert found == [Decimal("1.50"), Decimal("1e3"), Decimal("-0.25"), Decimal("0.5"), 7, 3]
    assert str(found[0]) == "1.50"


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "TRUE", "010", "0x1f", "1:30", ".inf", ".nan", "2026-01-30", "1_0"]
)
def test_what_only_looks_like_a_value_stays_text(text):
    assert yaml_reader.parse(f"a: {text}", "f").value == {"a": text}


def test_quoted_text_is_text():
    assert yaml_reader.parse("a: '1'\nb: \"true\"", "f").value == {"a": "1", "b": "true"}


def test_keys_are_text_whatever_they_look_like():
    assert yaml_reader.parse("{5: a, true: b}", "f").value == {"5": "a", "true": "b"}


def test_an_anchor_is_the_same_value_again():
    assert yaml_reader.parse("a: &x [1, {b: 2}]\nc: *x", "f").value["c"] == [1, {"b": 2}]


def test_each_field_has_its_line():
    lines = yaml_reader.parse("a: 1\nb:\n  - 5\n  - c: 6\n", "f").lines
    assert (lines["a"], lines["b[0]"], lines["b[1].c"]) == (1, 3, 4)


def test_json_is_read_as_json():
    assert yaml_reader.parse('{"a": 1.50,\t"b": "\\/\\ud83d\\ude00"}', "f").value == {
        "a": Decimal("1.50"),
        "b": "/\U0001f600",
    }


def test_a_byte_order_mark_is_no_content(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yaml_reader.read_file(tmp_path / "f.yaml").value == {"a": 1}


def test_the_slow_parser_reads_the_same(monkeypatch):
    text = "a: [1.50, 'x', true, ~]\nb: {c: &d 5, e: *d}\n"
    fast = yaml_reader.parse(text, "f")
    monkeypatch.setattr(yaml_reader, "_Loader", yaml.SafeLoader)
    assert yaml_reader.parse(text, "f") == fast


def test_all_duplicate_keys_are_told_at_once():
    with pytest.raises(InputErrors) as caught:
        yaml_reader.parse("a: 1\na: 2\nb: {c: 1, c: 2}", "f")
    assert [error.path for error in caught.value.errors] == ["a", "b.c"]
