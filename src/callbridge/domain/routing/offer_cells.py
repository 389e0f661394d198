"""Cells of a pending offer."""

from callbridge.domain.lifecycle.legs import end_of
from callbridge.domain.lifecycle.offer_end import pause_agent
from callbridge.domain.lifecycle.patience import PBX_PAUSE, SOON
from callbridge.domain.model.calls import Call
from callbridge.domain.model.causes import NOT_THERE
from callbridge.domain.model.facts import ActionFailed, ChannelGone
from callbridge.domain.model.legs import LegState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import AcceptOffer, RejectOffer
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing import offers
from callbridge.domain.routing.requests import refuse_offer_ended
from callbridge.domain.routing.talk_cells import bridge_now


def picked_up(step: Step, call: Call, signal: Signal) -> None:
    """Answering the phone is the same as pressing Accept."""
    offers.accept(step, call, "phone")


def picked_up_and_held(step: Step, call: Call, signal: Signal) -> None:
    bridge_now(step, offers.accept(step, call, "phone"), signal)


def phone_said_no(step: Step, call: Call, signal: Signal) -> None:
    """Declining on the phone is the same as pressing Reject."""
    if isinstance(signal, ChannelGone):
        offers.not_reached(step, call, end_of(signal))
    else:
        offers.rescinded(step, call, "leg_lost")


def leg_end_follows(step: Step, call: Call, signal: Signal) -> None:
    """Wait a moment for the leg's end, which knows the cause. A phone that the PBX cannot reach never has one."""
    leg = call.agent_leg
    if leg is not None and leg.state is LegState.DIALING:
        step.put(replace(call, deadline=min(call.deadline or step.now + SOON, step.now + SOON)))


def leg_never_came(step: Step, call: Call, signal: Signal) -> None:
    """The PBX said that it came to nothing and no end followed: there never was a channel whose end could be seen."""
    leg = call.agent_leg
    legs = tuple(each for each in call.legs if leg is None or each.channel != leg.channel)
    offers.not_reached(step, step.put(replace(call, legs=legs)), NOT_THERE)


def originate_failed(step: Step, call: Call, signal: Signal) -> None:
    offer = call.offer
    if not isinstance(signal, ActionFailed) or offer is None or signal.channel != offer.channel:
        return
    if signal.refused:
        offers.not_reached(step, call, NOT_THERE)
    else:
        paused = pause_agent(step, call, offer.agent, PBX_PAUSE, why="not_connected")
        offers.rescinded(step, paused, "pbx_failed")


def offer_timeout(step: Step, call: Call, signal: Signal) -> None:
    offers.timed_out(step, call)


def accept_button(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, AcceptOffer)
    offers.accept(step, call, "button")
    step.accept(signal.request)


def accept_again(step: Step, call: Call, signal: Signal) -> None:
    """The same button twice, or the button after the phone: it is theirs already."""
    assert isinstance(signal, AcceptOffer)
    if call.offer is not None and call.offer.id == signal.offer:
        step.accept(signal.request)
    else:
        refuse_offer_ended(step, call, signal)


def reject_button(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, RejectOffer)
    offers.rejected(step, call, "button")
    step.accept(signal.request)


def agent_left(step: Step, call: Call, signal: Signal) -> None:
    assert call.offer is not None
    offers.rescinded(step, pause_agent(step, call, call.offer.agent), "agent_left")
