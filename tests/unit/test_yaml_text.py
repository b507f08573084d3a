"""YAML is read strictly, and every error names its file and line."""

from datetime import date
from decimal import Decimal

import pytest

from rfm_spark.config.problems import Problems
from rfm_spark.config.yaml_text import MAX_BYTES, Entries, Scalar, parse_yaml, plain_data


def read(text: str | bytes) -> tuple[object, list[str]]:
    problems = Problems()
    content = text.encode() if isinstance(text, str) else text
    node = parse_yaml(content, "a.yaml", problems)
    return (None if node is None else plain_data(node)), [problem.sentence() for problem in problems.found]


def value(text: str) -> object:
    problems = Problems()
    node = parse_yaml(f"k: {text}\n".encode(), "a.yaml", problems)
    assert not problems.found
    assert isinstance(node, Entries)
    scalar = node.entries["k"]
    assert isinstance(scalar, Scalar)
    return scalar.value


def test_plain_values_have_one_meaning() -> None:
    texts = ("365", "-5", "0", "0.10", "true", "null", "", "2011-12-09", "net", '"007"', "'yes'", "a b", "2011-12-09x")
    found = [value(text) for text in texts]
    assert found == [
        365, -5, 0, Decimal("0.10"), True, None, None, date(2011, 12, 9), "net", "007", "yes", "a b", "2011-12-09x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["yes", "NO", "on", "Off", "y", "007", "00.5", "0x1F", "0o17", "12:30", "12:30:00", "2011-2-3", "2011-02-30",
     "2011-12-09 10:00:00", "1_000", "1e5", "+86", ".5", "5.", ".inf", "-.NaN"],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_must_be_quoted(text: str) -> None:
    assert len(read(f"a: 1\nk: {text}\n")[1]) == 1
    assert "a.yaml:2: " in read(f"a: 1\nk: {text}\n")[1][0]
    assert read(f'a: 1\nk: "{text}"\n')[1] == []


def test_value_that_may_be_a_secret_is_never_shown() -> None:
    for text in ("0123456", "&hunter2 x", "*hunter2", "!hunter2 x", "12:34:56"):
        (error,) = read(f"password: {text}\n")[1]
        assert "hunter2" not in error
        assert "123456" not in error
        assert "12:34" not in error


def test_repeated_key_names_both_places() -> None:
    assert read("a: 1\nb: 2\na: 3\n")[1] == ["a.yaml:3: key 'a' is written twice, first in a.yaml:1; keep one"]


def test_repeated_key_inside_a_flow_mapping_is_found() -> None:
    assert len(read("rules: [{r: 1, r: 2}]\n")[1]) == 1


def test_all_repeated_keys_are_reported_at_once() -> None:
    assert len(read("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n")[1]) == 2


def test_alias_bomb_is_an_error_and_costs_nothing() -> None:
    lines = ["a: &a [x]"] + [f"b{n}: &b{n} [*a, *a, *a, *a, *a, *a, *a, *a]" for n in range(50)]
    errors = read("\n".join(lines))[1]
    assert "alias" in errors[-1]


def test_merge_key_is_an_error() -> None:
    assert "merge keys are not read" in read("a: {<<: {b: 1}}\n")[1][0]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!str", "!custom", "!!binary"])
def test_tag_is_an_error(tag: str) -> None:
    assert any("a tag" in error for error in read(f"a: {tag} [x]\n")[1])


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, "a: " + "{b: " * 5000, "- " * 5000 + "x"])
def test_deep_nesting_is_one_clean_error(text: str) -> None:
    (error,) = read(text)[1]
    assert error == "a.yaml:1: more than 32 levels inside each other; write it flatter"


def test_file_over_the_size_limit_is_not_read() -> None:
    assert "split the file" in read(b"a: 1\n" + b"#" * MAX_BYTES)[1][0]


def test_text_that_is_not_utf8_names_its_line() -> None:
    assert read("a: 1\nb: 会员\n".encode("gbk"))[1] == [
        "a.yaml:2: text that is not UTF-8; expected UTF-8; save the file as UTF-8"
    ]


def test_byte_order_mark_is_no_error() -> None:
    assert read(b"\xef\xbb\xbfa: 1\n") == ({"a": 1}, [])


@pytest.mark.parametrize(
    "text", ["a: [1\n", "a: b: c\n", "a:\n\t- 1\n", "a: \x00\n", "? [x]\n: 1\n", "a: 1\n---\nb: 2\n"]
)
def test_what_is_no_single_document_is_an_error_with_a_place(text: str) -> None:
    errors = read(text)[1]
    assert len(errors) == 1
    assert errors[0].startswith("a.yaml")
