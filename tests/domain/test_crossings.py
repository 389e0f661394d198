"""Things that cross: each of these was found by `make explore`, and is told here in its shortest form."""

import pytest
from invariants import check_at_rest
from simulation import Simulation

from callbridge.domain.calls import CallId, Destination, DestinationKind

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
NUMBER = Destination(kind=DestinationKind.NUMBER, value="+4930123")


def talk(sim: Simulation) -> CallId:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    return call


def consulting(sim: Simulation, destination: Destination = CLEO, party: str = "cleo") -> CallId:
    call = talk(sim)
    sim.ready("cleo")
    sim.consult("anna", call, destination)
    sim.settle()
    sim.answer(party)
    sim.settle()
    assert sim.talk_of("anna") == {party}
    return call


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_given_a_phone_that_never_rang_then_its_leg_is_not_believed_to_live(sim: Simulation, how: str) -> None:
    sim.ready("anna")
    if how == "refused":
        sim.refuse["Originate"] = 1
    else:
        sim.unreachable.add("PJSIP/anna")
    call = sim.arrive()
    sim.wait(1)
    assert sim.on_music(call)
    assert sim.call(call).legs == ()
    check_at_rest(sim)


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_given_an_external_that_never_rang_then_its_leg_is_not_believed_to_live(sim: Simulation, how: str) -> None:
    call = talk(sim)
    if how == "refused":
        sim.refuse["Originate"] = 1
    else:
        sim.unreachable.add("PJSIP/+4930123@carrier")
    sim.consult("anna", call, NUMBER)
    sim.wait(1)
    assert sim.talking(call) == {"anna"}
    assert len(sim.call(call).legs) == 1
    check_at_rest(sim)
