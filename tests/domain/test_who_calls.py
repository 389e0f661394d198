"""Whom a call shows, inside and outside; what is withheld stays so, and what is no number is none."""

from dataclasses import replace

import pytest
from simulation import Simulation, settings

from callbridge.domain.lifecycle.caller import Caller, caller_of
from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import Originate, PublishCall, SaveCall
from callbridge.domain.model.facts import ChannelFact, ChannelVariables
from callbridge.domain.model.ids import BridgeId, ChannelId
from callbridge.domain.model.settings import Options
from callbridge.domain.model.transfer import Destination, DestinationKind

SECRET, NAME = "+493055512345", "Erika Muster"


def a_fact(number: str = SECRET, name: str = NAME, *, withheld: bool = False, caller: str = "") -> ChannelFact:
    return ChannelFact(
        channel=ChannelId("77.1"),
        name="PJSIP/carrier-1",
        answered=True,
        ringing=False,
        caller_number=number,
        caller_name=name,
        caller_withheld=withheld,
        bridge=BridgeId("hold"),
        holding=True,
        variables=ChannelVariables(role="caller", group="support", called="100", caller=caller),
    )


def arrive(options: Options, *, withheld: bool) -> tuple[Simulation, Call]:
    sim = Simulation(replace(settings(options), options=options))
    sim.ready("anna")
    call = sim.arrive(who={"number": SECRET, "name": NAME, "withheld": withheld})
    sim.settle()
    return sim, sim.call(call)


OPTIONS = Options(four_way=True, outbound_dial="PJSIP/{number}@carrier")


@pytest.mark.parametrize("number", ["anonymous", "Anonymous", "ANONYMOUS", "anonymous@anonymous.invalid", "withheld"])
def test_given_a_caller_who_chose_to_be_nobody_when_they_come_then_they_are_withheld(number: str) -> None:
    assert caller_of(a_fact(number, "Anonymous"), settings()) == Caller(
        number="", number_raw="", name="", withheld=True
    )


@pytest.mark.parametrize("number", ["unavailable", "Unknown", "out-of-area", "-", "+", "00000000", "", "@", "null"])
def test_given_what_is_no_number_when_they_come_then_there_is_none(number: str) -> None:
    found = caller_of(a_fact(number, "Unknown"), settings())
    assert (found.number, found.withheld, found.number_raw) == ("", False, number)
    assert found.name in ("", "-", "+")  # signs that no network writes by itself stay as the name of a SIP user


@pytest.mark.parametrize("number", ["201", "0", "000", "*21#", "+493012345", "1-800-FLOWERS"])
def test_given_a_number_that_no_region_explains_when_they_come_then_it_stays_as_it_is(number: str) -> None:
    assert caller_of(a_fact(number), settings()).number == number


def test_given_a_sip_user_when_they_come_then_it_is_a_name() -> None:
    assert caller_of(a_fact("alice@example.com", ""), settings()) == Caller(
        number="", number_raw="alice@example.com", name="alice", withheld=False
    )


def test_given_a_region_when_a_national_number_calls_then_it_is_e164_and_the_original_is_kept() -> None:
    known = replace(settings(), e164=lambda number: "+49" + number[1:])
    found = caller_of(a_fact("03012345"), known)
    assert (found.number, found.number_raw) == ("+493012345", "03012345")


def test_given_a_call_back_when_the_dialplan_says_who_is_called_then_they_are_shown() -> None:
    found = caller_of(a_fact("100", "Our own name", withheld=True, caller="+491701"), settings())
    assert found == Caller(number="+491701", number_raw="+491701", name="", withheld=False)


def test_given_a_withheld_caller_when_offered_and_consulted_about_then_nothing_anywhere_has_the_number() -> None:
    sim, call = arrive(OPTIONS, withheld=True)
    assert call.caller_withheld
    sim.answer("anna")
    sim.settle()
    sim.consult("anna", call.id, Destination(kind=DestinationKind.NUMBER, value="+49401234"))
    sim.settle()
    rung = [effect for effect in sim.effects if isinstance(effect, Originate)]
    assert [effect.external for effect in rung] == [False, True]
    assert all(effect.caller_withheld and not effect.caller_number and not effect.caller_name for effect in rung)
    assert SECRET not in repr(sim.effects)
    assert NAME not in repr(sim.effects)
    pops = [each.call.pop for each in sim.effects if isinstance(each, PublishCall) and each.call.pop is not None]
    assert pops
    assert all(pop.caller_withheld for pop in pops)


def test_given_the_administrators_option_when_a_withheld_caller_comes_then_inside_sees_it_and_outside_never() -> None:
    sim, call = arrive(replace(OPTIONS, show_withheld_inside=True), withheld=True)
    assert (call.caller_number, call.caller_name, call.caller_withheld) == (SECRET, NAME, True)
    sim.answer("anna")
    sim.settle()
    sim.consult("anna", call.id, Destination(kind=DestinationKind.NUMBER, value="+49401234"))
    sim.settle()
    inside, outside = (effect for effect in sim.effects if isinstance(effect, Originate))
    assert (inside.caller_number, inside.caller_withheld) == (SECRET, False)
    assert (outside.caller_number, outside.caller_name, outside.caller_withheld) == ("", "", True)
    assert any(isinstance(each, SaveCall) and each.call.caller_withheld for each in sim.effects)


@pytest.mark.parametrize("withheld", [True, False])
def test_given_a_number_of_our_own_when_somebody_outside_is_called_then_that_is_shown(withheld: bool) -> None:
    sim, call = arrive(replace(OPTIONS, outbound_caller_id="+493000"), withheld=withheld)
    sim.answer("anna")
    sim.settle()
    sim.consult("anna", call.id, Destination(kind=DestinationKind.NUMBER, value="+49401234"))
    sim.settle()
    outside = [effect for effect in sim.effects if isinstance(effect, Originate)][-1]
    assert (outside.caller_number, outside.caller_name, outside.caller_withheld) == ("+493000", "", False)
