"""The machine of a call with one agent at a time: waiting, offered, connecting, talking, moved on.

`TABLE` has a handler for every stimulus in every state; `nothing` is a handler too, and stands where a
stimulus is late or without meaning. What is true in each state, what can come and where it goes:

WAITING      the caller hears music, nobody rings. An agent is reserved -> OFFERING. Waited too long -> the next
             place of the fallback order.
OFFERING     one phone rings for one pending offer. Accepted by button or by picking up -> CONNECTING; anything
             else ends the offer -> WAITING.
CONNECTING   the call is the agent's, caller and leg are not yet in one bridge. Both seen in one bridge -> TALKING;
             the leg is gone or the PBX cannot -> WAITING, place kept.
TALKING      one bridge holds both. Either hangs up -> ENDING. An unsupervised transfer -> MOVING.
MOVING       the caller is being sent to the music, away from agent 1. Seen there -> WAITING for the target.
FALLING_BACK the caller is being sent to the dialplan's own fallback. Seen there -> ENDED.
ENDING       nobody talks any more; channels that are still there are told to hang up until they are gone -> ENDED.
             Whom the dialplan's fallback has is never hung up; sent back by it -> WAITING.
"""

from collections.abc import Callable
from enum import StrEnum

from callbridge.domain import call_steps as do
from callbridge.domain import requests as ask
from callbridge.domain import ringing_again
from callbridge.domain.calls import Call, CallState
from callbridge.domain.signals import Signal
from callbridge.domain.step import Step


class Stimulus(StrEnum):
    CALLER_HELD = "caller_held"
    """The caller is in the holding bridge with music."""
    CALLER_GONE = "caller_gone"
    CALLER_FELL_BACK = "caller_fell_back"
    """The dialplan's own fallback has the caller, by our doing or by its own."""
    LEG_RINGING = "leg_ringing"
    LEG_ANSWERED = "leg_answered"
    LEG_HELD = "leg_held"
    """The present agent's leg is where it can be bridged."""
    LEG_GONE = "leg_gone"
    LEG_FAILED = "leg_failed"
    """The PBX says that the leg came to nothing, not why; its end with the cause follows, if it ever lived."""
    JOINED = "joined"
    """One bridge holds the caller and the present agent's leg."""
    ACTION_FAILED = "action_failed"
    OFFER_TIMEOUT = "offer_timeout"
    PBX_TIMEOUT = "pbx_timeout"
    """The PBX has not done in time what the state waits for."""
    WAIT_TIMEOUT = "wait_timeout"
    ACCEPT = "accept"
    REJECT = "reject"
    AGENT_LEFT = "agent_left"
    """The agent with the pending offer logged out or became busy."""
    END = "end"
    """The agent hangs up from the page."""
    HOLD = "hold"
    RESUME = "resume"
    RING_AGAIN = "ring_again"
    """The agent's phone has lost the call, and can be rung for it."""
    TRANSFER = "transfer"
    CANCEL_TRANSFER = "cancel_transfer"


Handler = Callable[[Step, Call, Signal], None]
Row = dict[Stimulus, Handler]

S = Stimulus

_WAITING: Row = {
    S.CALLER_HELD: do.nothing,
    S.CALLER_GONE: do.abandoned,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.nothing,
    S.LEG_HELD: do.nothing,
    S.LEG_GONE: do.nothing,
    S.LEG_FAILED: do.nothing,
    S.JOINED: do.joined_unasked,
    S.ACTION_FAILED: do.nothing,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.nothing,
    S.WAIT_TIMEOUT: do.wait_timeout,
    S.ACCEPT: ask.refuse_offer_ended,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: ask.refuse_not_talking,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ask.refuse_not_talking,
    S.TRANSFER: ask.refuse_not_talking,
    S.CANCEL_TRANSFER: ask.cancel_waiting_transfer,
}

_OFFERING: Row = {
    S.CALLER_HELD: do.nothing,
    S.CALLER_GONE: do.abandoned,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.picked_up,
    S.LEG_HELD: do.picked_up_and_held,
    S.LEG_GONE: do.phone_said_no,
    S.LEG_FAILED: do.leg_end_follows,
    S.JOINED: do.joined_unasked,
    S.ACTION_FAILED: do.originate_failed,
    S.OFFER_TIMEOUT: do.offer_timeout,
    S.PBX_TIMEOUT: do.leg_never_came,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: do.accept_button,
    S.REJECT: do.reject_button,
    S.AGENT_LEFT: do.agent_left,
    S.END: ask.refuse_not_talking,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ask.refuse_not_talking,
    S.TRANSFER: ask.refuse_not_talking,
    S.CANCEL_TRANSFER: ask.cancel_offered_transfer,
}

_CONNECTING: Row = {
    S.CALLER_HELD: do.nothing,
    S.CALLER_GONE: do.abandoned,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.leg_answered,
    S.LEG_HELD: do.bridge_now,
    S.LEG_GONE: do.agent_lost_before_talking,
    S.LEG_FAILED: do.leg_end_follows,
    S.JOINED: do.talking,
    S.ACTION_FAILED: do.try_soon_again,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.connect_again,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: do.accept_again,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: do.agent_gives_up,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ringing_again.while_connecting,
    S.TRANSFER: ask.refuse_not_talking,
    S.CANCEL_TRANSFER: ask.refuse_transfer_ended,
}

_TALKING: Row = {
    S.CALLER_HELD: do.look_soon,
    S.CALLER_GONE: do.caller_hung_up,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.nothing,
    S.LEG_HELD: do.look_soon,
    S.LEG_GONE: do.agent_hung_up,
    S.LEG_FAILED: do.nothing,
    S.JOINED: do.still_talking,
    S.ACTION_FAILED: do.nothing,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.rejoin,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: do.accept_again,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: do.end_conversation,
    S.HOLD: ask.hold,
    S.RESUME: ask.refuse_not_held,
    S.RING_AGAIN: ringing_again.while_talking,
    S.TRANSFER: ask.start_transfer,
    S.CANCEL_TRANSFER: ask.cancel_deferred_transfer,
}

_MOVING: Row = {
    S.CALLER_HELD: do.moved,
    S.CALLER_GONE: do.abandoned,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.nothing,
    S.LEG_HELD: do.nothing,
    S.LEG_GONE: do.nothing,
    S.LEG_FAILED: do.nothing,
    S.JOINED: do.nothing,
    S.ACTION_FAILED: do.try_soon_again,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.move_again,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: ask.refuse_offer_ended,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: ask.refuse_transfer_under_way,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ask.refuse_not_talking,
    S.TRANSFER: ask.refuse_transfer_under_way,
    S.CANCEL_TRANSFER: ask.cancel_moving_transfer,
}

_FALLING_BACK: Row = {
    S.CALLER_HELD: do.nothing,
    S.CALLER_GONE: do.fell_back,
    S.CALLER_FELL_BACK: do.fell_back,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.nothing,
    S.LEG_HELD: do.nothing,
    S.LEG_GONE: do.nothing,
    S.LEG_FAILED: do.nothing,
    S.JOINED: do.nothing,
    S.ACTION_FAILED: do.try_soon_again,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.fall_back_again,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: ask.refuse_offer_ended,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: ask.refuse_not_talking,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ask.refuse_not_talking,
    S.TRANSFER: ask.refuse_not_talking,
    S.CANCEL_TRANSFER: ask.refuse_transfer_ended,
}

_ENDING: Row = {
    S.CALLER_HELD: do.back_from_fallback,
    S.CALLER_GONE: do.ended_if_empty,
    S.CALLER_FELL_BACK: do.still_in_fallback,
    S.LEG_RINGING: do.nothing,
    S.LEG_ANSWERED: do.nothing,
    S.LEG_HELD: do.release_again,
    S.LEG_GONE: do.ended_if_empty,
    S.LEG_FAILED: do.nothing,
    S.JOINED: do.nothing,
    S.ACTION_FAILED: do.nothing,
    S.OFFER_TIMEOUT: do.nothing,
    S.PBX_TIMEOUT: do.release_again,
    S.WAIT_TIMEOUT: do.nothing,
    S.ACCEPT: ask.refuse_offer_ended,
    S.REJECT: ask.refuse_offer_ended,
    S.AGENT_LEFT: do.nothing,
    S.END: ask.already_ending,
    S.HOLD: ask.refuse_not_talking,
    S.RESUME: ask.refuse_not_talking,
    S.RING_AGAIN: ask.refuse_not_talking,
    S.TRANSFER: ask.refuse_not_talking,
    S.CANCEL_TRANSFER: ask.refuse_transfer_ended,
}

TABLE: dict[CallState, Row] = {
    CallState.WAITING: _WAITING,
    CallState.OFFERING: _OFFERING,
    CallState.CONNECTING: _CONNECTING,
    CallState.TALKING: _TALKING,
    CallState.MOVING: _MOVING,
    CallState.FALLING_BACK: _FALLING_BACK,
    CallState.ENDING: _ENDING,
}
"""CONSULTING and EXTERNAL have a table of their own, in `consulting.py`. ENDED has no row: an ended call is no longer
in the world, and what still comes of it is dropped before."""


def apply(step: Step, call: Call, stimulus: Stimulus, signal: Signal) -> None:
    """The call meets the stimulus. A cell that is missing is an anomaly, and nothing changes."""
    handler = TABLE.get(call.state, {}).get(stimulus)
    if handler is None:
        step.anomaly(f"no cell for {call.state} x {stimulus}", call.id)
    else:
        handler(step, call, signal)
