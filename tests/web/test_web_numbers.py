"""Typed numbers: what becomes of them, and that nothing else ever comes through."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.domain.model.settings import NumberRules, Options, Settings
from callbridge.web.numbers import Typed, international, parse


@pytest.mark.parametrize(
    ("typed", "number", "shown"),
    [
        ("030 1234567", "+49301234567", "+49 30 1234567"),
        ("(030) 123-45.67", "+49301234567", "+49 30 1234567"),
        ("+49 (0)30 1234567", "+49301234567", "+49 30 1234567"),
        ("0049 30/1234567", "+49301234567", "+49 30 1234567"),
        ("  +4930123456 ", "+4930123456", "+49 30 123456"),
        ("0170 1234567", "+491701234567", "+49 170 1234567"),
        ("+1 212 555 2368", "+12125552368", "+1 212-555-2368"),
        ("+33 1 53 00 00 00", "+33153000000", "+33 1 53 00 00 00"),
        ("+39 06 1234 5678", "+390612345678", "+39 06 1234 5678"),
        ("0800 1234567", "+498001234567", "+49 800 1234567"),
        ("+15552345678", "+15552345678", "+1 555-234-5678"),
    ],
)
def test_given_a_number_in_germany_when_typed_then_e164_and_how_people_read_it(
    typed: str, number: str, shown: str
) -> None:
    assert parse(typed, "DE") == Typed(number, shown, None)


def test_given_no_region_when_typed_then_only_with_the_country_code() -> None:
    assert parse("+49 30 1234567", None).number == "+49301234567"
    assert parse("030 1234567", None).problem == "invalid"


@pytest.mark.parametrize(
    "typed",
    ["112", "110", "1 1 2", "911", "999", "+49 112", "+49110", "0049112", "0110", "1101234", "+491101234567", "+1911"],
)
def test_given_an_emergency_number_in_any_dress_when_typed_then_never_dialled(typed: str) -> None:
    assert parse(typed, "DE") == Typed(typed, None, "emergency")
    assert parse("112", None).problem == "emergency"


@pytest.mark.parametrize(
    "typed",
    [
        "0900 1 234567",
        "+49 900 1 234567",
        "0900 1 234567 890",  # the network would not hear the last digits
        "0180 5 123456",
        "0137 8 123456",
        "118 33",
        "+49 11880",
        "0118 999 881",
        "+1 900 555 1234",
        "+44 870 123 4567",
        "+979 123456789",
    ],
)
def test_given_a_number_that_costs_much_when_typed_then_premium(typed: str) -> None:
    assert parse(typed, "DE").problem == "premium"


HOSTILE = [
    "",
    " ",
    "+",
    "++4930123456",
    "+-()/.",
    "12",
    "4930",
    "116117",
    "0301234567890123456",
    "+4930123456;ext=5",
    "+4930123456x5",
    "+4930123456#",
    "*21*030123456#",
    "+4930123456&PJSIP/evil",
    "+4930123456@evil",
    "+4930123456,30",
    "+4930123456/b",
    "${EXTEN}",
    "$[1+1]",
    "sip:anna@pbx",
    "tel:+4930123456",
    "0800 FLOWERS",
    "call me",
    "+4930123456\n",
    "\n+4930123456",
    "+4930123456\r\nAction: Hangup",
    "+4930\t123456",
    "+4930123456\0",
    "+4930\u00a0123456",
    "+4930\u2011123456",
    "＋４９３０１２３４５６",
    "٠٣٠١٢٣٤٥٦٧",
    "०३०१२३४५६७",
    "+4930123456\u202e",
    "\ud800",
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_given_what_is_no_number_when_typed_then_invalid_and_nothing_else(typed: str) -> None:
    assert parse(typed, "DE") == Typed(typed, None, "invalid")


def test_given_a_megabyte_when_typed_then_invalid_at_once() -> None:
    begun = time.perf_counter()
    for piece in ("1", "+", " ", "(", "é"):
        assert parse(piece * 1_000_000, "DE").problem == "invalid"
    assert time.perf_counter() - begun < 1


_ALPHABET = st.one_of(st.sampled_from("0123456789+ ()/.-"), st.characters())


@given(st.text(_ALPHABET, max_size=50), st.sampled_from(["DE", "US", "GB", "IT", "SG", "FR", None]))
def test_given_any_text_when_it_comes_through_then_it_is_a_plus_and_digits(typed: str, region: str | None) -> None:
    found = parse(typed, region)
    if found.problem is None:
        assert found.number[0] == "+"
        assert found.number[1:].isascii()
        assert found.number[1:].isdigit()
        assert 4 <= len(found.number) <= 18
        assert parse(found.number, None) == found
    else:
        assert found.problem in ("invalid", "emergency", "premium")


@pytest.mark.parametrize("number", ["+491701234567", "anonymous", "0301", "", "+", "+49", "+4930&x", "+" + "1" * 40])
def test_given_any_caller_when_shown_then_e164_is_spaced_and_the_rest_is_as_it_is(number: str) -> None:
    assert international(number) == ("+49 170 1234567" if number == "+491701234567" else number)


def test_given_defaults_when_looked_at_then_nothing_leads_outside() -> None:
    assert Settings().numbers == NumberRules()
    assert Options().outbound_dial is None
