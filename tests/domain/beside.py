"""What happens beside the two tables, to calls in every state: people come and go, strangers ask, the PBX is away, the
gateway dies, settings change, orders fail, time passes."""

from collections.abc import Callable
from dataclasses import replace

import scenes
from beside_facts import ARRIVALS, FACTS, anna_is_ready, nobody_there
from beside_pbx import LINK, ORDERS
from beside_requests import ASKED, REQUESTS, TRANSFERS, gives
from simulation import Simulation

from callbridge.domain.model.agents import PhoneState, Presence
from callbridge.domain.model.facts import (
    PhoneChanged,
)
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.requests import (
    LogIn,
    LogOut,
    SetPresence,
)
from callbridge.domain.model.settings import AgentSettings, Member, Settings
from callbridge.domain.model.signals import Configured

Provoke = Callable[[Simulation], None]

SCENES: list[Callable[[], Simulation]] = [
    *(scenes.waiting, scenes.transfer_waiting, scenes.offering, scenes.transfer_offering, scenes.recalling),
    *(scenes.connecting, scenes.talking, scenes.deferred, scenes.moving, scenes.moving_cancelled, scenes.falling_back),
    *(scenes.ending, scenes.ending_in_fallback, scenes.held, scenes.ringing, scenes.looking, scenes.ringing_outside),
    *(scenes.consulting, scenes.consulting_outside, scenes.with_caller, scenes.conference, scenes.conference_held),
    *(scenes.four_way, scenes.four_way_outside, scenes.completing, scenes.completing_outside, scenes.returning),
    *(scenes.resuming, scenes.without_caller, scenes.without_caller_fourth, scenes.external, scenes.offering_dialing),
    *(scenes.dialing, scenes.dialing_outside, scenes.fourth_dialing, scenes.held_by_phone),
    *(scenes.consulting_with_a_phone_that_holds, scenes.conference_with_a_phone_that_holds),
]


# ---------------------------------------------------------------- people


def _presence(agent: str, presence: Presence, reason: str | None = None, by: str | None = None) -> Provoke:
    return gives(SetPresence(request=ASKED, agent=AgentId(agent), presence=presence, reason=reason, by=by))


_PEOPLE: dict[str, Provoke] = {
    "anna logs in": gives(LogIn(request=ASKED, agent=AgentId("anna"))),
    "dan logs in": gives(LogIn(request=ASKED, agent=AgentId("dan"))),
    "somebody unknown logs in": gives(LogIn(request=ASKED, agent=AgentId("zoe"))),
    "anna logs out": gives(LogOut(request=ASKED, agent=AgentId("anna"))),
    "cleo is logged out": gives(LogOut(request=ASKED, agent=AgentId("cleo"), by="Sue")),
    "somebody unknown logs out": gives(LogOut(request=ASKED, agent=AgentId("zoe"))),
    "anna is busy": _presence("anna", Presence.BUSY, "lunch"),
    "anna is busy for no reason": _presence("anna", Presence.BUSY),
    "cleo is set to busy": _presence("cleo", Presence.BUSY, "meeting", by="Sue"),
    "anna is available": _presence("anna", Presence.AVAILABLE),
    "cleo is set to available": _presence("cleo", Presence.AVAILABLE, by="Sue"),
    "dan is available without having logged in": _presence("dan", Presence.AVAILABLE),
    "somebody unknown is available": _presence("zoe", Presence.AVAILABLE),
    "anna is offline": _presence("anna", Presence.OFFLINE),
    "ben's phone is away": gives(PhoneChanged(phone="PJSIP/ben", state=PhoneState.UNREACHABLE)),
    "anna's phone is in use": gives(PhoneChanged(phone="PJSIP/anna", state=PhoneState.IN_USE)),
}

# ---------------------------------------------------------------- settings


def _settings(change: Callable[[Simulation], Settings]) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.give(Configured(settings=change(sim)))

    return provoke


def _without_agent(name: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        return replace(sim.settings, agents={key: each for key, each in sim.settings.agents.items() if key != name})

    return _settings(change)


def _without_group(*names: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        return replace(
            sim.settings, groups={key: each for key, each in sim.settings.groups.items() if key not in names}
        )

    return _settings(change)


def _anna_serves(group: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        members = (Member(agent=AgentId("anna")), Member(agent=AgentId("ben")))
        changed = replace(sim.settings.groups[GroupId(group)], members=members, max_wait=None)
        return replace(sim.settings, groups={**sim.settings.groups, changed.id: changed})

    return _settings(change)


def _with_zoe(sim: Simulation) -> Settings:
    zoe = AgentSettings(id=AgentId("zoe"), name="Zoe", phone="PJSIP/zoe")
    return replace(sim.settings, agents={**sim.settings.agents, zoe.id: zoe})


_SETTINGS: dict[str, Provoke] = {
    "anna is configured no more": _without_agent("anna"),
    "cleo is configured no more": _without_agent("cleo"),
    "anna and ben serve the empty group": _anna_serves("empty"),
    "zoe is new": _settings(_with_zoe),
    "the groups are no more": _without_group("support", "empty"),
    "sales is no more": _without_group("sales"),
}

# ---------------------------------------------------------------- time


def _waits(sim: Simulation) -> None:
    sim.wait(150)


_TIME: dict[str, Provoke] = {"two minutes and a half pass": _waits}

PAGES: dict[str, tuple[list[Callable[[], Simulation]], dict[str, Provoke]]] = {
    "arrivals": ([nobody_there, anna_is_ready], ARRIVALS),
    "people": (SCENES, _PEOPLE),
    "requests": (SCENES, REQUESTS),
    "transfers": (SCENES, TRANSFERS),
    "link": (SCENES, LINK),
    "settings": (SCENES, _SETTINGS),
    "facts": (SCENES, FACTS),
    "orders": (SCENES, ORDERS),
    "time": (SCENES, _TIME),
}
