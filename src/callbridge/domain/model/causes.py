"""What a leg's end means: one word for each Q.850 cause, and whose fault it is.

Causes are those of ITU-T Q.850 as Asterisk's Hangup event gives them. Asterisk (seen: 22.10) makes them from the SIP
status of the answer, which its header `TechCause` tells, and takes no notice of a `Reason: Q.850` beside it. So a
carrier's cause 41 that comes as "603 Decline" is a declined call here, as on every phone of that PBX.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why somebody was not reached, stable, for programs."""

    BUSY = "busy"
    """They talk with somebody else, or their phone says so."""
    DECLINED = "declined"
    """They do not want the call."""
    NO_ANSWER = "no_answer"
    """It rang long enough, or nobody was there."""
    NO_SUCH_NUMBER = "no_such_number"
    """The number does not exist, or is incomplete."""
    NUMBER_CHANGED = "number_changed"
    """The number is no longer this party's."""
    UNREACHABLE = "unreachable"
    """The phone is off, out of order, or not known to be anywhere."""
    NETWORK_TROUBLE = "network_trouble"
    """Between here and there something failed or is overloaded; later it may work."""
    NOT_ALLOWED = "not_allowed"
    """The other side's network does not let this call through."""


class Fault(StrEnum):
    """Who has to do something about it, which decides what becomes of an agent whose phone it was."""

    REFUSED = "refused"
    """A person, or their phone for them, said no: as good as pressing Reject."""
    AWAY = "away"
    """Nobody picked up."""
    PHONE = "phone"
    """The phone is dead or wrongly set up: it will not ring for the next call either."""
    NETWORK = "network"
    """Neither of them."""


FAULT: Mapping[Reason, Fault] = {
    Reason.BUSY: Fault.REFUSED,
    Reason.DECLINED: Fault.REFUSED,
    Reason.NO_ANSWER: Fault.AWAY,
    Reason.NO_SUCH_NUMBER: Fault.PHONE,
    Reason.NUMBER_CHANGED: Fault.PHONE,
    Reason.UNREACHABLE: Fault.PHONE,
    Reason.NOT_ALLOWED: Fault.PHONE,
    Reason.NETWORK_TROUBLE: Fault.NETWORK,
}

_NAMED: Mapping[Reason, frozenset[int]] = {
    # 17 user busy
    Reason.BUSY: frozenset({17}),
    # 16 cleared without an answer, 21 rejected, 24 rejected by a feature of the called one
    Reason.DECLINED: frozenset({16, 21, 24}),
    # 18 no user responding, 19 no answer, 26 answered elsewhere
    Reason.NO_ANSWER: frozenset({18, 19, 26}),
    # 1 unallocated, 5 wrong prefix, 28 invalid or incomplete
    Reason.NO_SUCH_NUMBER: frozenset({1, 5, 28}),
    # 22 number changed, 23 moved
    Reason.NUMBER_CHANGED: frozenset({22, 23}),
    # 3 no route to the destination, 4 long-term, 20 subscriber absent, 27 out of order, 31 unspecified, 88 incompatible
    Reason.UNREACHABLE: frozenset({3, 4, 20, 27, 31, 88}),
    # 29 facility rejected, 50 not subscribed, 52 to 57 barred or not authorized, 87 and 90 closed user group
    Reason.NOT_ALLOWED: frozenset({29, 50, 52, 53, 54, 55, 57, 87, 90}),
}
CAUSES = range(1, 128)
REASONS: Mapping[int, Reason] = {
    cause: next((reason for reason, causes in _NAMED.items() if cause in causes), Reason.NETWORK_TROUBLE)
    for cause in CAUSES
}
"""Every cause. Those not named above are failures of routes, circuits, services, protocols and timers."""

_SIP_SAYS_MORE: Mapping[int, Reason] = {
    **dict.fromkeys((401, 402, 407, 433), Reason.NOT_ALLOWED),
    **dict.fromkeys((607, 608), Reason.DECLINED),
}
"""Statuses of which Asterisk's cause is another, or none: credentials, payment and withheld numbers that are not taken;
unwanted and rejected calls (RFC 8197, RFC 8688)."""
_BY_CLASS: Mapping[int, Reason] = {5: Reason.NETWORK_TROUBLE, 6: Reason.DECLINED}

DIED = frozenset({27, 38, 41, 42, 44, 47, 102})
"""A phone that died rather than hung up in a talk: no sound any more, network, timer. The dialplan knows the same."""

END_FOLLOWS = 0.5
"""Seconds in which the end of a leg that failed must say why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LegEnd:
    """Why a leg that was rung came to nothing, as the other side said it."""

    reason: Reason
    cause: int | None = None
    """Q.850; None where the PBX did not tell, or the gateway itself gave up."""
    sip_status: int | None = None
    """Of the answer to the INVITE; None where there was none, or Asterisk is too old to tell."""

    @property
    def fault(self) -> Fault:
        return FAULT[self.reason]


def said(end: LegEnd | None) -> dict[str, object]:
    """For the history: nothing where nobody said anything."""
    return {} if end is None else {"said": end.reason.value, "cause": end.cause, "sip_status": end.sip_status}


NOBODY_ANSWERED = LegEnd(reason=Reason.NO_ANSWER)
"""The gateway had it ring long enough."""
NOT_THERE = LegEnd(reason=Reason.UNREACHABLE)
"""The PBX could not even begin, or nobody saw the end."""


def leg_end(cause: int, sip_status: int | None = None) -> LegEnd:
    """What this end means; `cause` 0 or unheard of: then the status alone says it, where there is one."""
    known = cause if cause in REASONS else None
    reason = _SIP_SAYS_MORE.get(sip_status or 0)
    if reason is None and known is not None:
        reason = REASONS[known]
    if reason is None:
        reason = _BY_CLASS.get((sip_status or 0) // 100, Reason.UNREACHABLE)
    return LegEnd(reason=reason, cause=known, sip_status=sip_status)
