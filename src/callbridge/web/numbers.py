"""Telephone numbers as people type them: what they are in E.164, how they are shown, and which are never dialled.

The only module that knows phonenumbers. What is not plainly a number is `invalid`: letters, an extension, any
character that means something to a PBX. Numbers that the library does not know as complete are taken where they are
typed with + and their length is possible, since numbering plans grow; but not where a part of them would already reach
an emergency service or a premium-rate number, because the network ignores digits that come after a complete number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ShortNumberCost, ValidationResult

NumberProblem = Literal["invalid", "emergency", "premium"]

_LONGEST: Final = 40
_TYPED: Final = re.compile(r"\+?[0-9 ()/.-]+")
_EMERGENCY: Final = frozenset({"000", "08", "110", "112", "119", "911", "999"})
"""Known far beyond their own countries, and looked for also where no region is set."""
_PREMIUM: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
_SHORTEST: Final = 3
"""Digits of the shortest code that could cost much."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A number that was typed."""

    number: str
    """E.164; as it was typed where it is no number or an emergency one."""
    shown: str | None
    """As people read it, with its country code; None where it is no number."""
    problem: NumberProblem | None


def parse(typed: str, region: str | None) -> Typed:
    """`030 1234567` in region DE is `+49301234567`, shown as `+49 30 1234567`. Never raises."""
    text = typed.strip(" ") if len(typed) <= _LONGEST else ""
    if not _TYPED.fullmatch(text):
        return Typed(typed, None, "invalid")
    digits = re.sub(r"[^0-9]", "", text)
    if digits in _EMERGENCY or (region is not None and phonenumbers.is_emergency_number(digits, region)):
        return Typed(typed, None, "emergency")
    number = _parsed(text, region)
    if number is None:
        return Typed(typed, None, "invalid")
    problem = _problem(number, digits, region)
    if problem is None and text[0] != "+" and not phonenumbers.is_valid_number(number):
        problem = "invalid"
    if problem in ("invalid", "emergency"):
        return Typed(typed, None, problem)
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return Typed(phonenumbers.format_number(number, PhoneNumberFormat.E164), shown, problem)


@lru_cache(maxsize=4096)
def international(number: str) -> str:
    """An E.164 number as people read it; anything else as it is."""
    parsed = _parsed(number, None) if re.fullmatch(r"\+[0-9]{3,15}", number) else None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _problem(number: PhoneNumber, digits: str, region: str | None) -> NumberProblem | None:
    national = phonenumbers.national_significant_number(number)
    regions = [
        known for known in phonenumbers.region_codes_for_country_code(number.country_code or 0) if known != "001"
    ]
    dialled = {national, national.lstrip("0")}
    if any(phonenumbers.is_emergency_number(each, known) for each in dialled for known in regions):
        return "emergency"
    if phonenumbers.number_type(number) in _PREMIUM:
        return "premium"
    if phonenumbers.is_valid_number(number):
        return None
    heard = [(each, known) for each in dialled for known in regions]
    if region is not None:
        heard.append((digits, region))
    if any(phonenumbers.connects_to_emergency_number(each, known) for each, known in heard):
        return "emergency"
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return "invalid"
    costly = any(_is_costly(begin, each, regions) for each in dialled for begin in _beginnings(number, each))
    return "premium" if costly else None


def _beginnings(number: PhoneNumber, national: str) -> Iterator[PhoneNumber]:
    """What the network hears until it takes a number as complete."""
    for length in range(_SHORTEST, len(national) + 1):
        begin = PhoneNumber()
        begin.merge_from(number)
        begin.national_number = int(national[:length])
        yield begin


def _is_costly(number: PhoneNumber, national: str, regions: list[str]) -> bool:
    """Premium-rate, or a short code of which nobody knows what it costs: 118... are directory enquiries in Europe."""
    if phonenumbers.number_type(number) in _PREMIUM:
        return True
    whole = national.startswith("118") or str(number.national_number) == national
    costs = {
        phonenumbers.expected_cost_for_region(number, region)
        for region in regions
        if phonenumbers.is_valid_short_number_for_region(number, region)
    }
    return ShortNumberCost.PREMIUM_RATE in costs or (whole and ShortNumberCost.UNKNOWN_COST in costs)
