"""Requests by anybody, of any call, and transfers to anywhere, to calls in every state."""

from collections.abc import Callable

from scenes import CALL, FOURTH
from simulation import Simulation

from callbridge.domain.model.ids import AgentId, CallId, ChannelId, OfferId, RequestId, TransferId
from callbridge.domain.model.requests import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CancelTransfer,
    DoParty,
    EndCall,
    HoldCall,
    PartyVerb,
    RequestTransfer,
    ResumeCall,
    RingAgain,
)
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.transfer import Destination, DestinationKind

Provoke = Callable[[Simulation], None]
ASKED = RequestId("asked")


def gives(signal: Signal) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.give(signal)

    return provoke


def of_call(agent: str, call: CallId = CALL) -> list[Signal]:
    who, to = AgentId(agent), Destination(kind=DestinationKind.AGENT, value="ben")
    return [
        EndCall(request=ASKED, agent=who, call=call),
        HoldCall(request=ASKED, agent=who, call=call),
        ResumeCall(request=ASKED, agent=who, call=call),
        RingAgain(request=ASKED, agent=who, call=call),
        RequestTransfer(request=ASKED, agent=who, call=call, destination=to),
        CallFourth(request=ASKED, agent=who, call=call, number=FOURTH),
        *(
            DoParty(request=ASKED, agent=who, call=call, channel=ChannelId("17.1"), verb=verb)
            for verb in (PartyVerb.MUTE, PartyVerb.UNMUTE)
        ),
    ]


def _named(signals: list[Signal], by: str) -> dict[str, Provoke]:
    return {
        f"{type(each).__name__}{' ' + verb if (verb := getattr(each, 'verb', '')) else ''} {by}": gives(each)
        for each in signals
    }


REQUESTS: dict[str, Provoke] = {
    **_named(of_call("anna"), "by anna"),
    **_named(of_call("cleo"), "by cleo"),
    **_named(of_call("dan"), "by dan"),
    **_named(of_call("zoe"), "by somebody unknown"),
    **_named(of_call("anna", CallId("c-99")), "of another call"),
    "a note by anna": gives(AddNote(request=ASKED, agent=AgentId("anna"), call=CALL, text="calls again")),
    "a note by dan": gives(AddNote(request=ASKED, agent=AgentId("dan"), call=CALL, text="calls again")),
    "a note of another call": gives(AddNote(request=ASKED, agent=AgentId("anna"), call=CallId("c-9"), text="who?")),
    "an offer that never was": gives(AcceptOffer(request=ASKED, agent=AgentId("anna"), offer=OfferId("c-9-offer-1"))),
    "dan accepts anna's offer": gives(
        AcceptOffer(request=ASKED, agent=AgentId("dan"), offer=OfferId(f"{CALL}-offer-1"))
    ),
    "dan cancels": gives(
        CancelTransfer(request=ASKED, agent=AgentId("dan"), transfer=TransferId(f"{CALL}-transfer-1"))
    ),
    "a transfer that never was": gives(
        CancelTransfer(request=ASKED, agent=AgentId("anna"), transfer=TransferId(f"{CALL}-transfer-9"))
    ),
}


def _transfer(kind: DestinationKind, value: str, **more: object) -> Provoke:
    to = Destination(kind=kind, value=value)
    return gives(RequestTransfer(request=ASKED, agent=AgentId("anna"), call=CALL, destination=to, **more))  # type: ignore[arg-type]


DESTINATIONS = (
    *((DestinationKind.AGENT, value) for value in ("anna", "ben", "dan", "zoe")),
    *((DestinationKind.GROUP, value) for value in ("support", "empty", "no such")),
    *((DestinationKind.PRESET, value) for value in ("hotline", "no such")),
    *((DestinationKind.NUMBER, value) for value in ("+4930555", "+49900555", "+33155")),
)
TRANSFERS: dict[str, Provoke] = {
    **{f"to {kind.value} {value}": _transfer(kind, value) for kind, value in DESTINATIONS},
    **{f"supervised, to {kind.value} {value}": _transfer(kind, value, supervised=True) for kind, value in DESTINATIONS},
    "with a reason and a note": _transfer(DestinationKind.AGENT, "cleo", reason="billing", note="VIP"),
    "supervised, with a reason and a note": _transfer(
        DestinationKind.AGENT, "cleo", supervised=True, reason="billing", note="VIP"
    ),
    "deferred, to ben": _transfer(DestinationKind.AGENT, "ben", supervised=True, deferred=True),
    "deferred, to dan": _transfer(DestinationKind.AGENT, "dan", supervised=True, deferred=True),
    "hard, to dan": _transfer(DestinationKind.AGENT, "dan", mode=AgentTransferMode.HARD),
    "hard, to ben": _transfer(DestinationKind.AGENT, "ben", mode=AgentTransferMode.HARD),
    "soft, to ben": _transfer(DestinationKind.AGENT, "ben", mode=AgentTransferMode.SOFT),
    **{
        f"to an {problem} number": _transfer(
            DestinationKind.NUMBER, "+4930123", supervised=True, number_problem=problem
        )
        for problem in ("invalid", "emergency", "premium")
    },
}
