"""The machine of a call with one agent at a time: waiting, offered, connecting, talking, moved on.

`TABLE` has a cell for every stimulus in every state. What is true in each state, what can come and where it goes:

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

from enum import StrEnum

from callbridge.domain.consult import ringing_again, start
from callbridge.domain.lifecycle import ending
from callbridge.domain.lifecycle.grid import read
from callbridge.domain.model.calls import Call
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing import end_cells, offer_cells, requests, talk_cells


class Stimulus(StrEnum):
    CALLER_HELD = "caller_held"
    """The caller is in the holding bridge with music."""
    CALLER_GONE = "caller_gone"
    CALLER_REPLACED = "caller_replaced"
    """Another channel is the caller's now, perhaps somewhere else than the old one was."""
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
    TALKED = "talked"
    """The least time of a talk has passed."""
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
    PHONE_HOLDS = "phone_holds"
    """The agent pressed the phone's own hold key."""
    PHONE_BACK = "phone_back"


GRID = """
                  waiting                  offering                 connecting                 talking                   moving                     falling_back           ending
caller_held       -                        -                        -                          look_soon                 moved                      -                      back_from_fallback
caller_gone       abandoned                abandoned                abandoned                  caller_hung_up            abandoned                  fell_back              ended_if_empty
caller_replaced   -                        -                        connect_new                look_soon                 move_new                   fall_back_new          -
caller_fell_back  fell_back                fell_back                fell_back                  fell_back                 fell_back                  fell_back              still_in_fallback
leg_ringing       -                        -                        -                          -                         -                          -                      -
leg_answered      -                        picked_up                leg_answered               -                         -                          -                      -
leg_held          -                        picked_up_and_held       bridge_now                 look_soon                 -                          -                      release_again
leg_gone          -                        phone_said_no            agent_lost_before_talking  talk_ended             -                          -                      ended_if_empty
leg_failed        -                        leg_end_follows          leg_end_follows            -                         -                          -                      -
joined            joined_unasked           joined_unasked           talking                    still_talking             -                          -                      -
action_failed     -                        originate_failed         try_soon_again             -                         try_soon_again             try_soon_again         -
offer_timeout     -                        offer_timeout            -                          -                         -                          -                      -
pbx_timeout       -                        leg_never_came           connect_again              rejoin                    move_again                 fall_back_again        release_again
wait_timeout      wait_timeout             -                        -                          -                         -                          -                      -
talked            -                        -                        -                          talked                    -                          -                      -
accept            refuse_offer_ended       accept_button            accept_again               accept_again              refuse_offer_ended         refuse_offer_ended     refuse_offer_ended
reject            refuse_offer_ended       reject_button            refuse_offer_ended         refuse_offer_ended        refuse_offer_ended         refuse_offer_ended     refuse_offer_ended
agent_left        -                        agent_left               -                          -                         -                          -                      -
end               refuse_not_talking       refuse_not_talking       agent_gives_up             end_conversation          refuse_transfer_under_way  refuse_not_talking     already_ending
hold              refuse_not_talking       refuse_not_talking       refuse_not_talking         hold                      refuse_not_talking         refuse_not_talking     refuse_not_talking
resume            refuse_not_talking       refuse_not_talking       refuse_not_talking         refuse_not_held           refuse_not_talking         refuse_not_talking     refuse_not_talking
ring_again        refuse_not_talking       refuse_not_talking       while_connecting           while_talking             refuse_not_talking         refuse_not_talking     refuse_not_talking
transfer          refuse_not_talking       refuse_not_talking       refuse_not_talking         start_transfer            refuse_transfer_under_way  refuse_not_talking     refuse_not_talking
cancel_transfer   cancel_waiting_transfer  cancel_offered_transfer  refuse_transfer_ended      cancel_deferred_transfer  cancel_moving_transfer     refuse_transfer_ended  refuse_transfer_ended
phone_holds       -                        -                        -                          held_by_phone             -                          -                      -
phone_back        -                        -                        -                          -                         -                          -                      -
"""

TABLE = read(GRID, Stimulus, offer_cells, talk_cells, end_cells, requests, start, ending, ringing_again)
"""CONSULTING and EXTERNAL have a table of their own, in `consult/table.py`. ENDED has no column: an ended call is no
longer in the world, and what still comes of it is dropped before."""


def apply(step: Step, call: Call, stimulus: Stimulus, signal: Signal) -> None:
    """The call meets the stimulus. A cell that is missing is an anomaly, and nothing changes."""
    handler = TABLE.get(call.state, {}).get(stimulus)
    if handler is None:
        step.anomaly(f"no cell for {call.state} x {stimulus}", call.id)
    else:
        handler(step, call, signal)
