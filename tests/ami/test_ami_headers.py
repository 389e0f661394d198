"""What may go into an action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.ami.errors import AmiError, BadValue
from callbridge.ami.headers import MAX_LINE_BYTES, MAX_LINES, checked


@pytest.mark.parametrize("char", ["\r", "\n", "\r\n", "\0", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"])
def test_given_a_control_character_in_a_value_when_checked_then_it_is_refused_by_the_headers_name(char: str) -> None:
    with pytest.raises(BadValue) as caught:
        checked("Originate", {"Channel": f"PJSIP/100{char}Action: Hangup"})
    assert caught.value.header == "Channel"
    assert "at position 10" in str(caught.value)
    assert "PJSIP" not in str(caught.value)
    assert isinstance(caught.value, AmiError)
    assert isinstance(caught.value, ValueError)


def test_given_a_control_character_in_one_of_many_values_when_checked_then_it_is_refused() -> None:
    with pytest.raises(BadValue, match="Variable"):
        checked("Originate", {"Variable": ["a=1", "b=2\r\nAction: Hangup"]})


@pytest.mark.parametrize("key", ["A\r\nB", "A B", "A:", "", "Ключ", "1A", "A" * 65, "A\n"])
def test_given_a_key_that_is_no_plain_word_when_checked_then_it_is_refused(key: str) -> None:
    with pytest.raises(BadValue):
        checked("Status", {key: "1"})


@pytest.mark.parametrize("name", ["", "Sta tus", "Status\r\nAction: Hangup", "Ping:"])
def test_given_an_action_name_that_is_no_plain_word_when_checked_then_it_is_refused(name: str) -> None:
    with pytest.raises(BadValue, match="Action"):
        checked(name, {})


@pytest.mark.parametrize(
    "headers", [{"Action": "Hangup"}, {"action": "x"}, {"Variable": "a=1", "variable": "b=2"}, {"ActionID": ["a", "b"]}]
)
def test_given_a_header_that_would_override_another_when_checked_then_it_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadValue):
        checked("Originate", headers)


@pytest.mark.parametrize("value", [None, 7, b"x", ["a", None], {"a": "b"}])
def test_given_a_value_that_is_no_string_when_checked_then_it_is_refused(value: object) -> None:
    with pytest.raises(BadValue, match="Exten"):
        checked("Originate", {"Exten": value})  # type: ignore[dict-item]


def test_given_a_value_longer_than_asterisks_line_when_checked_then_it_is_refused() -> None:
    # The tail of a longer line would be read as a header of its own.
    fits = "x" * (MAX_LINE_BYTES - len("Exten: "))
    assert checked("Redirect", {"Exten": fits})["Exten"] == fits
    with pytest.raises(BadValue, match="Exten: is longer"):
        checked("Redirect", {"Exten": fits + "x"})
    with pytest.raises(BadValue, match="Exten: is longer"):
        checked("Redirect", {"Exten": "ж" * (len(fits) // 2 + 1)})


def test_given_more_lines_than_asterisk_keeps_when_checked_then_it_is_refused() -> None:
    with pytest.raises(BadValue, match="lines"):
        checked("Originate", {"Variable": ["a=1"] * MAX_LINES})


@given(st.dictionaries(st.from_regex(r"[A-Z][a-z]{1,9}", fullmatch=True), st.text(max_size=30), max_size=5))
def test_given_any_values_when_they_pass_then_they_make_exactly_one_line_each(headers: dict[str, str]) -> None:
    try:
        result = checked("Status", headers)
    except BadValue:
        return
    data = "".join(f"{key}: {value}\r\n" for key, value in result.items())
    assert len(data.splitlines()) == len(headers) + 1
    assert "\0" not in data
