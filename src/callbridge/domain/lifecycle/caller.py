"""Who calls, as a call keeps it and as each side may see it.

A number that the caller withheld is not kept at all, unless the administrator shows it to agents; no phone outside ever
gets it. And what is no number (`anonymous`, `unavailable`) is not taken for one.
"""

from dataclasses import dataclass
from typing import Final

from callbridge.domain.model.calls import Call
from callbridge.domain.model.facts import ChannelFact
from callbridge.domain.model.records import replace
from callbridge.domain.model.settings import Settings

_CHOSEN: Final = frozenset(
    {"anonymous", "blocked", "private", "restricted", "secret", "suppressed", "withheld", "266696687"}
)
"""What networks write where the caller wants to stay unknown. The digits are ANONYMOUS on a phone's keys."""
_UNKNOWN: Final = frozenset(
    {"asterisk", "unavailable", "unknown", "nobody", "none", "null", "undefined", "out of area", "not available", "n/a"}
)
"""What they write where they do not know."""
_NO_NUMBER_OF_ZEROS: Final = 5
"""So many zeros and more are nobody's number; fewer may be an extension."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    number: str
    """E.164 where the site's region says how, else as the PBX said it; empty: there is none."""
    number_raw: str
    """As the PBX said it."""
    name: str
    withheld: bool


def caller_of(fact: ChannelFact, settings: Settings) -> Caller:
    """Who is on this channel. In a call-back the dialplan says it: the PBX only knows itself as the caller."""
    called_back = fact.variables.caller
    if called_back:
        return Caller(number=_number(called_back, settings), number_raw=called_back, name="", withheld=False)
    user = fact.caller_number.partition("@")[0].strip()
    withheld = fact.caller_withheld or _word(user.lstrip("+")) in _CHOSEN
    if withheld and not settings.options.show_withheld_inside:
        return Caller(number="", number_raw="", name="", withheld=True)
    name = "" if _word(fact.caller_name) in _CHOSEN | _UNKNOWN else fact.caller_name
    if not any("0" <= sign <= "9" for sign in user) and _word(user) not in _CHOSEN | _UNKNOWN:
        # The user of a SIP address, such as `alice`: no number, but who it is.
        name = name or user
    return Caller(
        number=_number(fact.caller_number, settings), number_raw=fact.caller_number, name=name, withheld=withheld
    )


def called_by(call: Call, fact: ChannelFact, settings: Settings) -> Call:
    """The same call, with whoever is on this channel as its caller."""
    who = caller_of(fact, settings)
    return replace(
        call,
        caller_number=who.number,
        caller_name=who.name,
        caller_number_raw=who.number_raw,
        caller_withheld=who.withheld,
    )


def _word(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("-", " ").strip(" .").lower().split())


def _number(given: str, settings: Settings) -> str:
    """The number in what the PBX says, if there is one."""
    user = given.partition("@")[0].strip()
    digits = "".join(sign for sign in user if "0" <= sign <= "9")
    if not digits or _word(user.lstrip("+")) in _CHOSEN:
        return ""
    if not digits.strip("0") and len(digits) >= _NO_NUMBER_OF_ZEROS:
        return ""
    return settings.e164(user)


def seen_inside(call: Call) -> tuple[str, str, bool]:
    """Number, name, and whether the phone is told that they are withheld, for an agent's phone."""
    return call.caller_number, call.caller_name, call.caller_withheld and not call.caller_number


def seen_outside(call: Call, settings: Settings) -> tuple[str, str, bool]:
    """The same for a phone outside: our own number where there is one, else the caller's if it is not withheld."""
    ours = settings.options.outbound_caller_id
    if ours:
        return ours, "", False
    return ("", "", True) if call.caller_withheld else (call.caller_number, call.caller_name, False)
