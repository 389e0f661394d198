"""Telephone numbers in the configuration, brought to E.164."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers

_WRITTEN: Final = re.compile(r"[+0-9][0-9 ()/.-]*")
_EMERGENCY: Final = frozenset({"110", "112", "911", "999", "000"})


def is_region(text: str) -> bool:
    """Whether it is an ISO 3166 region that telephone numbers are known for, in capitals."""
    return text in phonenumbers.SUPPORTED_REGIONS


def to_e164(written: str, region: str | None) -> str:
    """`030 1234567` in region DE is `+49301234567`.

    Raises ValueError with a sentence for what is no complete number, and for emergency and premium-rate numbers, which
    nobody shall reach by a click.
    """
    if not _WRITTEN.fullmatch(written):
        raise ValueError("is not a telephone number; digits, with a leading + or as dialled in site.region")
    digits = re.sub(r"\D", "", written)
    regions = [region] if region else []
    if digits in _EMERGENCY or any(phonenumbers.connects_to_emergency_number(digits, known) for known in regions):
        raise ValueError("is an emergency number; these are never dialled for an agent")
    if not written.startswith("+") and region is None:
        raise ValueError("has no country code; begin with +, or set site.region")
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException as error:  # its text begins with a code, "(0) "
        reason = str(error).partition(") ")[2].rstrip(".")
        raise ValueError(f"is not a telephone number: {reason}") from None
    national = str(number.national_number)
    for known in phonenumbers.region_codes_for_country_code(number.country_code or 0):
        if phonenumbers.is_emergency_number(national, known):
            raise ValueError("is an emergency number; these are never dialled for an agent")
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError("does not have the length of a number there; write it in full, with area code")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise ValueError("is a premium-rate number; these are never dialled for an agent")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_CALLER: Final = re.compile(r"\+?[0-9][0-9 ()/.-]{0,39}")
_LONGEST_EXTENSION: Final = 6
"""Digits: what has no more is taken for an extension of the PBX, and stays as it is."""


@dataclass(frozen=True, slots=True)
class CallerNumbers:
    """Callers' numbers as carriers write them, in E.164: `03012345678`, `493012345678` and `004930...` in region DE.

    What is no complete number there, such as an extension, stays as it is; without a region so does everything.
    """

    region: str | None

    def __call__(self, number: str) -> str:
        return _caller_e164(number, self.region)


@lru_cache(maxsize=4096)
def _caller_e164(number: str, region: str | None) -> str:
    """Never raises."""
    if not _CALLER.fullmatch(number):
        return number
    digits = re.sub(r"[^0-9]", "", number)
    plus = number.startswith("+")
    if not plus and (region is None or len(digits) <= _LONGEST_EXTENSION):
        return number
    try:
        parsed = phonenumbers.parse(f"+{digits}" if plus else digits, region)
    except phonenumbers.NumberParseException:
        return number
    fits = phonenumbers.is_possible_number(parsed) if plus else phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if fits else number
