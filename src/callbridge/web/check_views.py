"""From the engine's explanation to what clients are shown. Pure."""

from callbridge.domain.model.settings import Settings
from callbridge.domain.model.transfer import Destination
from callbridge.domain.rules.explain import Explanation
from callbridge.web.check_answers import CheckOut, NotEligibleOut
from callbridge.web.numbers import Typed
from callbridge.web.views import agent_ref, destination_out

WORDS = {
    "has_the_call": "has this call already",
    "unknown_agent": "is not configured any more",
    "has_an_offer": "is just being offered another call",
    "rejected_recently": "did not take this call a moment ago",
    "missed_offer": "did not answer their last offer",
    "not_connected": "could not be connected with this caller a moment ago",
    "offline": "is not logged in",
    "at_maximum_sessions": "has as many calls as they may have",
    "phone_unreachable": "has a phone that cannot be reached",
    "busy": "is busy",
    "phone_declines": "has a phone that declines every call at once",
    "wrap_up": "is still in wrap-up",
    "phone_in_use": "is on the phone outside callbridge",
}


def check_out(
    settings: Settings,
    explained: Explanation,
    destination: Destination,
    typed: Typed | None,
    *,
    back: float | None,
) -> CheckOut:
    """`typed`: how a number was understood. `back`: after how many seconds the caller is back."""
    refusal = explained.refusal
    shown = destination_out(settings, destination)
    if typed is not None:
        shown = shown.model_copy(update={"shown": typed.shown})
    return CheckOut(
        allowed=refusal is None,
        code=refusal.code if refusal else None,
        reason=refusal.detail if refusal else None,
        can_wait=refusal is not None and refusal.code == "target_not_available",
        destination=shown,
        eligible=[agent_ref(settings, agent) for agent in explained.eligible],
        others=[
            NotEligibleOut(
                id=agent,
                name=agent_ref(settings, agent).name,
                code=code,
                reason=WORDS.get(code, code.replace("_", " ")),
            )
            for agent, code in explained.others.items()
        ],
        waiting=explained.waiting,
        expected_wait=round(explained.expected_wait, 3) if explained.expected_wait is not None else None,
        back_after=back,
    )
