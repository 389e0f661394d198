"""What is under way beside the conversation of caller and agent."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.causes import LegEnd
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.transfer import Route


class Stage(StrEnum):
    """Where a consultation is; the table in `consult/table.py` says what each stimulus does in each.

    Of each stage: what is true on entry, what is waited for, where it leads. Everybody named is alive on entry; an end
    of theirs can come in every stage. What was ordered may not have been seen yet: `Consult.settled` says when it was.
    """

    HELD = "held"
    """Nobody else is in the call: the caller hears music, the agent nothing. A transfer may wait for its target.

    The agent's next request is waited for: resume leads to `returning`, a transfer to `ringing` or to the other
    machine's `moving`; so does the target's becoming available. The agent's end brings the caller back by a recall.
    """
    RINGING = "ringing"
    """A transfer is under way: its target is looked for, or their phone rings. The caller hears music, agent 1 ringing.

    The target's answer is waited for and leads to `consulting`; a no, by anybody or anything, to `returning`. Where
    agent 1 does not wait for it, the other machine goes on with the offer as an unsupervised transfer.
    """
    CONSULTING = "consulting"
    """The target is up: agent 1 talks with them, the caller hears music.

    Agent 1 decides: alternate to `with_caller`, merge or a fourth party's answer to `conference`, complete (by hanging
    up too, where the administrator wants that) to `completing`, cancel or the target's end to `returning`.
    """
    WITH_CALLER = "with_caller"
    """The target is up: agent 1 talks with the caller, the target hears music. Leads where `consulting` does."""
    CONFERENCE = "conference"
    """All who are up and not held talk with one another: caller, agent 1, target, and a fourth party.

    Whoever leaves, the others go on: without agent 1 the target has the call (`completing` where they are not yet
    together, else the other machine's `talking`, or `external`); without target and fourth party it is `returning`.
    """
    COMPLETING = "completing"
    """Caller and target are being put together, and are alone in the call but for agent 1, who is let go once they are.

    To be seen together is waited for: then call and pop are the target's. Where it cannot be done: `returning`, or a
    recall where agent 1 is gone.
    """
    RETURNING = "returning"
    """Nobody but caller and agent 1 is in the call, and they are being put together again.

    To be seen together is waited for: then they talk as before the consultation. Where it cannot be done, the caller
    goes on to the group.
    """
    WITHOUT_CALLER = "without_caller"
    """The caller hung up; two or more of the others are still together and may finish their sentence.

    The end of all but one is waited for, and ends the call.
    """


@dataclass(frozen=True, kw_only=True)
class Action:
    """One move that the PBX is making for a call, at most one at a time."""

    verb: str
    """`bridge`, `join`, `apart`."""
    channel: ChannelId
    peer: ChannelId | None = None


@dataclass(frozen=True, kw_only=True)
class Doing:
    action: Action
    deadline: float
    attempts: int
    ordered_at: float = 0.0
    seen: bool = False
    """It has happened; until the deadline it is not ordered again, since what undid it can be older."""
    late: bool = False
    """It was not seen in time, and is not needed any more: the next look at the PBX says whether it happened."""


@dataclass(frozen=True, kw_only=True)
class NotReached:
    """A number that was called in vain."""

    number: str
    """E.164."""
    leg_end: LegEnd


@dataclass(frozen=True, kw_only=True)
class Consult:
    """What is under way beside the conversation of caller and agent."""

    stage: Stage
    route: Route | None = None
    """Which agent is looked for."""
    offer: Offer | None = None
    """The offer to the target, pending or accepted."""
    pop: Pop | None = None
    """What the target is shown: a preview until the call is theirs."""
    settled: bool = False
    """Everybody has been seen where the stage wants them."""
    from_hold: bool = False
    """It began by itself while the caller was on hold, since its target became available: a no leads back there."""
    fourth_failure: NotReached | None = None
    """Why the last fourth party was not reached; gone when another one is called."""
