"""The machine of a supervised transfer, and of hold: `TABLE` has every stimulus in every stage.

What is true in each stage is said with `Stage` in `model/consult.py`; who then is in one bridge with whom is decided
in `arrangement.py`. The columns of the grid are stages; `external` is the call's state of that name.
"""

from enum import StrEnum

from callbridge.domain.consult import gone_cells, party_cells, requests, ringing_again, talk_cells, target_cells
from callbridge.domain.lifecycle import ending
from callbridge.domain.lifecycle.grid import read
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step


class Event(StrEnum):
    """Stimuli of a consultation."""

    CALLER_GONE = "caller_gone"
    CALLER_REPLACED = "caller_replaced"
    """Another channel is the caller's now: where it shall be is where the old one should have been."""
    CALLER_FELL_BACK = "caller_fell_back"
    AGENT_GONE = "agent_gone"
    """The leg of the agent whose call it is."""
    AGENT_OVERDUE = "agent_overdue"
    """Their phone was rung again, and nobody answered it."""
    TARGET_ANSWERED = "target_answered"
    TARGET_UP = "target_up"
    """The target's leg is where it can be bridged."""
    TARGET_GONE = "target_gone"
    TARGET_OVERDUE = "target_overdue"
    """The target's phone rang long enough, be it again, or the PBX said that it failed and no reason came."""
    FOURTH_UP = "fourth_up"
    FOURTH_GONE = "fourth_gone"
    FOURTH_FAILED = "fourth_failed"
    """They were rung, and their leg ended before they picked up."""
    FOURTH_OVERDUE = "fourth_overdue"
    SETTLED = "settled"
    """Everybody is where the stage wants them."""
    STUCK = "stuck"
    """The PBX could not be brought to it."""
    OFFER_TIMEOUT = "offer_timeout"
    WAIT_TIMEOUT = "wait_timeout"
    """No agent was found for the target in time."""
    ACCEPT = "accept"
    REJECT = "reject"
    TARGET_LEFT = "target_left"
    """The agent with the pending offer logged out or became busy."""
    HOLD = "hold"
    RESUME = "resume"
    RING_AGAIN = "ring_again"
    """The phone of the agent, or of the consulted one, has lost the call, and can be rung for it."""
    TRANSFER = "transfer"
    ALTERNATE = "alternate"
    MERGE = "merge"
    COMPLETE = "complete"
    CANCEL = "cancel"
    LEAVE = "leave"
    CALL_FOURTH = "call_fourth"
    PARTY = "party"
    END = "end"
    PHONE_HOLDS = "phone_holds"
    """The agent whose call it is pressed the phone's own hold key."""
    PHONE_BACK = "phone_back"


GRID = """
                  held             ringing          consulting       with_caller      conference       completing       returning        without_caller   external
caller_gone       over             caller_left      caller_left_talk caller_left_talk caller_left_talk caller_left      caller_left      -                over
caller_replaced   told             told             told             told             told             told             told             told             told
caller_fell_back  fell_back        fell_back        fell_back        fell_back        fell_back        fell_back        fell_back        -                fell_back
agent_gone        agent_lost       agent_lost_ring  agent_hung_up    agent_hung_up    agent_left       -                agent_lost       last_words       -
agent_overdue     agent_overdue    agent_overdue    agent_overdue    agent_overdue    agent_overdue    agent_overdue    agent_overdue    agent_overdue    -
target_answered   -                target_answered  -                -                -                -                -                -                -
target_up         -                consult          -                -                -                -                -                -                -
target_gone       -                target_said_no   target_hung_up   target_hung_up   party_left       target_lost      -                last_words       over
target_overdue    -                target_overdue   target_away      target_away      target_away      target_away      -                target_away      -
fourth_up         -                -                all_talk         all_talk         all_talk         release_fourth   release_fourth   release_fourth   -
fourth_gone       -                -                fourth_said_no   fourth_said_no   party_left       -                -                last_words       -
fourth_failed     -                -                fourth_said_no   fourth_said_no   fourth_said_no   -                -                -                -
fourth_overdue    -                -                fourth_overdue   fourth_overdue   fourth_overdue   -                -                fourth_overdue   -
settled           told             told             consulting       told             conferring       completed        returned         told             external
stuck             not_held         give_up          give_up          give_up          give_up          target_lost      lost             end_all          external_lost
offer_timeout     -                offer_timeout    -                -                -                -                -                -                -
wait_timeout      -                waited_too_long  -                -                -                -                -                -                -
accept            no_offer         accept           accepted_already accepted_already accepted_already accepted_already no_offer         no_offer         no_offer
reject            no_offer         reject           no_offer         no_offer         no_offer         no_offer         no_offer         no_offer         no_offer
target_left       -                target_left      -                -                -                -                -                -                -
hold              done             not_now          not_now          not_now          not_now          not_now          coming_back      caller_hung_up   not_now
resume            resume           not_now          not_now          not_now          not_now          not_now          done             caller_hung_up   not_now
ring_again        while_consulting while_consulting while_consulting while_consulting while_consulting while_consulting while_consulting while_consulting not_now
transfer          transfer         under_way        under_way        under_way        under_way        under_way        coming_back      caller_hung_up   not_now
alternate         no_transfer      not_consulting   to_caller        to_target        not_consulting   not_consulting   no_transfer      no_transfer      no_transfer
merge             no_transfer      not_consulting   merge            merge            merge_again      not_consulting   no_transfer      no_transfer      no_transfer
complete          no_transfer      complete_ringing complete         complete         leave            done             no_transfer      no_transfer      no_transfer
cancel            cancel_deferred  cancel           cancel           cancel           cancel           cancel           cancel_deferred  no_transfer      no_transfer
leave             no_transfer      not_conference   not_conference   not_conference   leave            done             no_transfer      no_transfer      no_transfer
call_fourth       not_consulting   not_consulting   call_fourth      call_fourth      call_fourth      not_consulting   not_consulting   not_consulting   not_consulting
party             party_elsewhere  party_ringing    party_talk       party_talk       party            party_elsewhere  party_elsewhere  party_talk       party_elsewhere
end               end              end              end              end              end              done             end              end              end
phone_holds       -                -                -                -                -                -                held_by_phone    -                -
phone_back        taken_back       -                -                -                -                -                -                -                -
"""


TABLE = read(GRID, Event, target_cells, talk_cells, party_cells, gone_cells, requests, ending, ringing_again)


def column_of(call: Call) -> str | None:
    if call.state is CallState.EXTERNAL:
        return CallState.EXTERNAL.value
    return call.consult.stage.value if call.state is CallState.CONSULTING and call.consult else None


def apply(step: Step, call: Call, event: Event, signal: Signal) -> None:
    """The consultation meets the stimulus. A cell that is missing is an anomaly, and nothing changes."""
    handler = TABLE.get(column_of(call) or "", {}).get(event)
    if handler is None:
        step.anomaly(f"no cell for {call.state} {call.consult.stage if call.consult else '-'} x {event}", call.id)
    else:
        handler(step, call, signal)


STAGES = (*(stage.value for stage in Stage), CallState.EXTERNAL.value)
