"""Who takes part in a call and who hears whom, as JSON."""

from typing import Annotated, Literal

from pydantic import Field

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.web.words import Out, Text


class PartyOut(Out):
    """One who takes part in a call. All of it is seen on the PBX at this moment, nothing is an intention."""

    id: Annotated[str, Field(examples=["caller", "leg-2"])]
    """Names the party within its call; `caller` is always the caller."""
    role: Literal["caller", "agent", "target", "fourth"]
    """`agent`: whose call it is, or who is offered it; `target`: who is consulted, or talks on with the caller."""
    agent: str | None
    name: Text | None
    number: Text | None
    """Of the caller and of external parties, in international form where it is known."""
    state: Literal["dialing", "ringing", "answered", "held", "talking"]
    """`answered`: on the way between two places; `talking`: in a bridge."""
    muted: bool
    """The others do not hear them."""
    held: bool
    """Put on hold in a conference, until they are resumed."""
    external: bool
    """An outside number that was dialled for this call."""
    phone_holds: bool
    """Their phone is on hold by its own key: they hear nobody, and nobody hears them. Only they can take it back."""
    hears: list[str]
    """Those whom they hear: the ids of the parties that are in one bridge with them, not muted, whose phones do not
    hold."""


class PartiesOut(Out):
    call: str
    state: CallState
    stage: Stage | None
    """Where a consultation or a hold is; null without one."""
    items: list[PartyOut]
    """The caller first. Empty once the call has ended."""
