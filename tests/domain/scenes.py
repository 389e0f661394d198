"""Calls in every state and stage, for tests that look at each cell of the tables."""

from collections.abc import Callable
from dataclasses import replace

from simulation import HOLD, Simulation, settings

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.facts import ChannelGone
from callbridge.domain.model.ids import CallId, ChannelId, GroupId
from callbridge.domain.model.settings import GroupSettings, Options
from callbridge.domain.model.transfer import Destination, DestinationKind

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
BEN = Destination(kind=DestinationKind.AGENT, value="ben")
EMPTY = Destination(kind=DestinationKind.GROUP, value="empty")
OUTSIDE = Destination(kind=DestinationKind.NUMBER, value="+4930123")
FOURTH = "+4940555"
CALL = CallId("c-17-1")
_OPTIONS = Options(four_way=True, outbound_dial="PJSIP/{number}@carrier")


def _sim(options: Options = _OPTIONS, max_wait: float | None = None) -> Simulation:
    base = settings(options)
    empty = GroupSettings(id=GroupId("empty"), name="Empty", max_wait=max_wait)
    return Simulation(replace(base, groups={**base.groups, GroupId("empty"): empty}))


def waiting() -> Simulation:
    sim = _sim(max_wait=60.0)
    sim.arrive("empty", 1)
    sim.settle()
    return sim


def transfer_waiting() -> Simulation:
    sim = talking()
    sim.presence("cleo", Presence.BUSY)
    sim.transfer("anna", CALL, CLEO)
    sim.settle()
    return sim


def offering() -> Simulation:
    sim = _sim()
    sim.ready("anna", "ben")
    sim.arrive("support", 1)
    sim.settle()
    return sim


def offering_unreachable() -> Simulation:
    """The PBX said that the phone failed; the cause may follow."""
    sim = _sim()
    sim.unreachable.add("PJSIP/anna")
    sim.ready("anna")
    sim.arrive("support", 1)
    sim.settle()
    return sim


def transfer_offering() -> Simulation:
    sim = talking()
    sim.transfer("anna", CALL, CLEO)
    sim.settle()
    return sim


def recalling() -> Simulation:
    """Agent 1 is offered the call again, and is not there for the group's."""
    sim = transfer_offering()
    sim.reject("cleo")
    sim.settle()
    return sim


def connecting() -> Simulation:
    sim = offering()
    sim.accept("anna")
    return sim


def connecting_answered() -> Simulation:
    sim = offering()
    sim.cut = True
    sim.answer("anna")
    sim.settle()
    sim.cut = False
    return sim


def connecting_rung_again() -> Simulation:
    sim = connecting()
    sim.ring_again("anna", CALL)
    sim.settle()
    return sim


def talking() -> Simulation:
    sim = _sim()
    sim.ready("anna")
    sim.arrive("support", 1)
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.ready("ben", "cleo")
    return sim


def deferred() -> Simulation:
    sim = talking()
    sim.presence("cleo", Presence.BUSY)
    sim.consult("anna", CALL, CLEO, deferred=True)
    return sim


def held_deferred() -> Simulation:
    sim = deferred()
    sim.hold("anna", CALL)
    sim.settle()
    return sim


def moving() -> Simulation:
    """The order to hold the caller was lost."""
    sim = talking()
    sim.cut = True
    sim.transfer("anna", CALL, CLEO)
    sim.cut = False
    return sim


def moving_cancelled() -> Simulation:
    sim = moving()
    sim.cancel("anna", CALL)
    return sim


def moving_cancelled_agent_left() -> Simulation:
    """Agent 1 wanted the caller back, and the end of their phone overtook the caller's coming to the music."""
    sim = moving_cancelled()
    sim.channels[sim.call(CALL).caller].after = "hold"
    leg = sim.leg_of("anna")
    sim.hang_up(leg)
    end = next(fact for fact in sim.facts if isinstance(fact, ChannelGone) and fact.channel == leg)
    sim.facts.clear()
    sim.give(end)
    return sim


def falling_back() -> Simulation:
    """The order to send the caller to the dialplan's fallback was lost."""
    sim = waiting()
    sim.cut = True
    sim.wait(61)
    sim.cut = False
    return sim


def ending() -> Simulation:
    """The order to hang up was lost."""
    sim = talking()
    sim.cut = True
    sim.end("anna", CALL)
    sim.cut = False
    return sim


def _alone(sim: Simulation, channel: ChannelId) -> Simulation:
    """The other one has gone since."""
    sim.cut = True
    sim.hang_up(channel)
    sim.settle()
    sim.cut = False
    return sim


def ending_agent_left() -> Simulation:
    sim = ending()
    return _alone(sim, sim.call(CALL).caller)


def ending_caller_left() -> Simulation:
    sim = ending()
    sim.channels[sim.call(CALL).caller].after = "hold"
    return _alone(sim, sim.call(CALL).legs[0].channel)


def ending_in_fallback() -> Simulation:
    """The dialplan's fallback has the caller, and a phone still rings."""
    sim = offering()
    caller = sim.channels[sim.call(CALL).caller]
    caller.role, caller.bridge = "fallback", None
    sim.cut = True
    sim.give(sim.snapshot())
    sim.cut = False
    return sim


ROUTING_SCENES: dict[CallState, list[Callable[[], Simulation]]] = {
    CallState.WAITING: [waiting, transfer_waiting],
    CallState.OFFERING: [offering, transfer_offering, recalling, offering_unreachable],
    CallState.CONNECTING: [connecting, connecting_answered, connecting_rung_again],
    CallState.TALKING: [talking, deferred],
    CallState.MOVING: [moving, moving_cancelled, moving_cancelled_agent_left],
    CallState.FALLING_BACK: [falling_back],
    CallState.ENDING: [ending, ending_agent_left, ending_caller_left, ending_in_fallback],
}

# ---------------------------------------------------------------- supervised


def held() -> Simulation:
    sim = talking()
    sim.hold("anna", CALL)
    sim.settle()
    return sim


def ringing() -> Simulation:
    sim = talking()
    sim.consult("anna", CALL, CLEO)
    sim.settle()
    return sim


def looking() -> Simulation:
    """Nobody of the group is there."""
    sim = _sim(max_wait=60.0)
    sim.ready("anna")
    sim.arrive("support", 1)
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.consult("anna", CALL, EMPTY)
    sim.settle()
    return sim


def ringing_accepted() -> Simulation:
    sim = ringing()
    sim.accept("cleo")
    return sim


def ringing_outside() -> Simulation:
    sim = talking()
    sim.consult("anna", CALL, OUTSIDE)
    sim.settle()
    return sim


def consulting(options: Options = _OPTIONS) -> Simulation:
    sim = _sim(options)
    sim.ready("anna")
    sim.arrive("support", 1)
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.ready("ben", "cleo")
    sim.consult("anna", CALL, CLEO)
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    return sim


def consulting_returns() -> Simulation:
    return consulting(replace(_OPTIONS, hangup_completes=False))


def consulting_outside(options: Options = _OPTIONS) -> Simulation:
    sim = _sim(options)
    sim.ready("anna")
    sim.arrive("support", 1)
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.consult("anna", CALL, OUTSIDE)
    sim.settle()
    sim.answer("+4930123")
    sim.settle()
    return sim


def _with_fourth(sim: Simulation) -> Simulation:
    sim.fourth("anna", CALL, FOURTH)
    sim.settle()
    return sim


def _verb(sim: Simulation, verb: str) -> Simulation:
    sim.verb("anna", CALL, verb)
    sim.settle()
    return sim


def consulting_fourth_rings() -> Simulation:
    return _with_fourth(consulting())


def with_caller() -> Simulation:
    return _verb(consulting(), "alternate")


def with_caller_returns() -> Simulation:
    return _verb(consulting_returns(), "alternate")


def with_caller_fourth_rings() -> Simulation:
    return _verb(consulting_fourth_rings(), "alternate")


def conference() -> Simulation:
    return _verb(consulting(), "merge")


def conference_fourth_rings() -> Simulation:
    return _with_fourth(conference())


def four_way() -> Simulation:
    sim = consulting_fourth_rings()
    sim.answer(FOURTH)
    sim.settle()
    return sim


def four_way_outside() -> Simulation:
    sim = _with_fourth(consulting_outside(replace(_OPTIONS, externals_may_stay=True)))
    sim.answer(FOURTH)
    sim.settle()
    return sim


def conference_outside() -> Simulation:
    return _verb(consulting_outside(), "merge")


def conference_held() -> Simulation:
    sim = conference()
    sim.party("anna", CALL, sim.call(CALL).caller, "hold")
    sim.settle()
    return sim


def _without_target(sim: Simulation, target: str) -> Simulation:
    sim.party("anna", CALL, sim.leg_of(target), "drop")
    sim.settle()
    return sim


def conference_with_fourth_only() -> Simulation:
    return _without_target(four_way(), "cleo")


def conference_with_fourth_only_may_stay() -> Simulation:
    return _without_target(four_way_outside(), "+4930123")


def conference_of_externals() -> Simulation:
    """Agent 1 has left; externals may stay."""
    return _verb(four_way_outside(), "leave")


def _lost(sim: Simulation, do: Callable[[Simulation], object]) -> Simulation:
    """The moves that follow are lost on the way."""
    sim.cut = True
    do(sim)
    sim.cut = False
    return sim


def rung_again(scene: Callable[[], Simulation], agent: str = "anna") -> Callable[[], Simulation]:
    """The page of the agent was reloaded, and its phone rings again."""

    def make() -> Simulation:
        sim = scene()
        sim.ring_again(agent, CALL)
        sim.settle()
        return sim

    make.__name__ = f"{scene.__name__}_{agent}_rung_again"
    return make


def offering_dialing() -> Simulation:
    """The order to ring the phone was lost."""
    sim = _sim()
    sim.ready("anna")
    return _lost(sim, lambda sim: (sim.arrive("support", 1), sim.settle()))


def dialing() -> Simulation:
    return _lost(talking(), lambda sim: sim.consult("anna", CALL, CLEO))


def dialing_outside() -> Simulation:
    return _lost(talking(), lambda sim: sim.consult("anna", CALL, OUTSIDE))


def fourth_dialing() -> Simulation:
    return _lost(consulting(), lambda sim: sim.fourth("anna", CALL, FOURTH))


def _by_key(sim: Simulation, party: str) -> Simulation:
    sim.hold_key(party)
    sim.settle()
    return sim


def held_by_phone() -> Simulation:
    return _by_key(talking(), "anna")


def consulting_with_a_phone_that_holds() -> Simulation:
    """The one who is asked hears music."""
    sim = _by_key(ringing(), "anna")
    sim.answer("cleo")
    sim.settle()
    return sim


def conference_with_a_phone_that_holds() -> Simulation:
    return _by_key(four_way(), "cleo")


def completing() -> Simulation:
    return _lost(consulting(), lambda sim: sim.verb("anna", CALL, "complete"))


def going() -> Simulation:
    """Agent 1 put the caller through while their own phone was being rung again."""
    sim = rung_again(consulting)()
    return _lost(sim, lambda sim: sim.verb("anna", CALL, "complete"))


def completing_hung_up() -> Simulation:
    sim = consulting()
    sim.refuse["Bridge"] = 1
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    return sim


def completing_outside() -> Simulation:
    return _lost(consulting_outside(), lambda sim: sim.verb("anna", CALL, "complete"))


def returning() -> Simulation:
    return _lost(consulting(), lambda sim: sim.cancel("anna", CALL))


def resuming() -> Simulation:
    return _lost(held(), lambda sim: sim.resume("anna", CALL))


def without_caller() -> Simulation:
    sim = consulting()
    sim.hang_up(sim.call(CALL).caller)
    sim.settle()
    return sim


def without_caller_fourth() -> Simulation:
    sim = four_way()
    sim.hang_up(sim.call(CALL).caller)
    sim.wait(1)  # who is in a talk may be another's caller now: the PBX is looked at first
    return sim


def external() -> Simulation:
    return _verb(consulting_outside(), "complete")


SUPERVISED_SCENES: dict[str, list[Callable[[], Simulation]]] = {
    "held": [held, held_deferred, rung_again(held)],
    "ringing": [
        *(ringing, ringing_accepted, looking, ringing_outside, rung_again(ringing), rung_again(ringing_outside)),
        rung_again(ringing_accepted, "cleo"),
    ],
    "consulting": [
        *(consulting, consulting_returns, consulting_outside, consulting_fourth_rings, rung_again(consulting)),
        *(rung_again(consulting_returns), rung_again(consulting, "cleo")),
    ],
    "with_caller": [
        *(with_caller, with_caller_returns, with_caller_fourth_rings, rung_again(with_caller)),
        *(rung_again(with_caller_returns), rung_again(with_caller, "cleo")),
    ],
    "conference": [
        *(conference, conference_fourth_rings, conference_outside, conference_held, four_way, four_way_outside),
        *(conference_with_fourth_only, conference_with_fourth_only_may_stay, conference_of_externals),
        *(rung_again(conference), rung_again(conference, "cleo"), rung_again(four_way), rung_again(conference_outside)),
    ],
    "completing": [completing, completing_hung_up, completing_outside, rung_again(completing, "cleo"), going],
    "returning": [returning, resuming, rung_again(talking), rung_again(returning)],
    "without_caller": [
        *(without_caller, without_caller_fourth, rung_again(without_caller), rung_again(without_caller, "cleo")),
        rung_again(without_caller_fourth),
    ],
    "external": [external],
}

__all__ = ["BEN", "CALL", "CLEO", "EMPTY", "FOURTH", "HOLD", "OUTSIDE", "ROUTING_SCENES", "SUPERVISED_SCENES"]
