"""Row 6: an unsupervised transfer never leads outside, whether by the API, by a program or by the phone itself."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from steps import (
    LISTEN,
    PRESET_NUMBER,
    agent_is,
    at_work,
    connected,
    hear_each_other,
    hears_music,
    history,
    ring,
)

from callbridge.demo.instance import SIP_PORT
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site

# A PBX whose administrator has feature codes, as many have.
FEATURES = "[featuremap]\nblindxfer=>#1\natxfer=>*2\ndisconnect=>*0\nparkcall=>#72\nautomixmon=>*3\n"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def feature_codes(lab_of_the_session: Lab) -> AsyncIterator[None]:
    file = lab_of_the_session.pbx.folder / "etc/features.conf"
    before = file.read_text()
    ami = await lab_of_the_session.ami()
    file.write_text(FEATURES)
    await ami.command("module reload features")
    yield
    file.write_text(before)
    await ami.command("module reload features")


async def test_given_a_call_when_transferred_outside_by_the_api_then_it_is_refused_and_both_go_on_talking(
    site: Site, lab: Lab
) -> None:
    outside = await lab.bank.outside(PRESET_NUMBER)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    places = [
        *(("number", value) for value in (f"+{PRESET_NUMBER}", "5550777", "bernd")),
        *(("preset", value) for value in ("plumber", "nobody")),
    ]
    for kind, value in places:
        for mode in ({}, {"mode": "hard"}):
            with pytest.raises(ApiError) as refused:
                await anna.person.transfer(pop["call"], kind, value, **mode)
            assert (refused.value.status, refused.value.code) == (403, "external_not_allowed")
            assert "external number or preset is not allowed" in refused.value.problem["detail"]
    await hear_each_other(lab, caller, anna.phone)
    assert outside.legs == []
    assert anna.seen("transfer.updated") == []
    assert (await history(site, pop["call"])).count("transfer.refused") == 2 * len(places)


async def test_given_a_program_for_the_agent_then_it_is_refused_as_well(site: Site, lab: Lab) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    for destination in ({"kind": "number", "value": f"+{PRESET_NUMBER}"}, {"kind": "preset", "value": "plumber"}):
        with pytest.raises(ApiError, match="403 external_not_allowed"):
            await site.crm.post(f"/v1/calls/{pop['call']}/transfers", {"destination": destination, "agent": "anna"})
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_number_in_the_place_of_an_agent_or_group_then_it_is_unknown_and_not_dialled(
    site: Site, lab: Lab
) -> None:
    outside = await lab.bank.outside(PRESET_NUMBER)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    for kind in ("agent", "group"):
        for value in ("+4940555777", "5550777@carrier", "PJSIP/5550777@carrier", "Local/5@from-carrier"):
            with pytest.raises(ApiError, match="422 unknown_destination"):
                await anna.person.transfer(pop["call"], kind, value)
    await hear_each_other(lab, caller, anna.phone)
    assert outside.legs == []


async def test_given_a_call_when_the_phones_transfer_key_is_pressed_then_it_is_refused_and_both_go_on_talking(
    site: Site, lab: Lab
) -> None:
    outside = [await lab.bank.outside(number) for number in ("5550777", PRESET_NUMBER)]
    anna, bernd = await at_work(site, "anna", "bernd")
    caller, pop = await connected(site, anna)
    leg = anna.phone.up
    assert leg is not None
    for target in ("5550777", PRESET_NUMBER, "bernd", "PJSIP%2F5550777%40carrier", "callbridge-hold"):
        assert await anna.phone.refer(f"sip:{target}@{lab.pbx.address}:{SIP_PORT}") != "SUCCESS"
        assert leg.refer_code.startswith(("4", "5", "6")) or leg.refer_result == "FAILURE"
        await lab.assert_hears({caller: {anna.phone}, anna.phone: {caller}}, seconds=0.3)
    assert [line.legs for line in outside] == [[], []]
    assert bernd.phone.leg is None
    [call] = (await anna.person.get("/v1/calls"))["items"]
    assert (call["id"], call["state"], call["transfer"]) == (pop["call"], "talking", None)


async def test_given_a_call_when_feature_codes_are_pressed_then_nothing_moves(site: Site, lab: Lab) -> None:
    outside = await lab.bank.outside("5550777")
    anna, bernd = await at_work(site, "anna", "bernd")
    caller, pop = await connected(site, anna)
    for code in ("#15550777#", "*22", "*0", "#72"):
        await anna.phone.send_dtmf(code, pause=0.13)
    await caller.send_dtmf("#1*0", pause=0.13)
    await hear_each_other(lab, caller, anna.phone)
    assert outside.legs == []
    assert bernd.phone.leg is None
    [call] = (await anna.person.get("/v1/calls"))["items"]
    assert (call["id"], call["state"]) == (pop["call"], "talking")


@pytest.mark.parametrize("target", ["5550777", "carla", "PJSIP%2F5550777%40carrier"])
async def test_given_a_phone_that_forwards_when_it_is_offered_a_call_then_nobody_gets_it_there_and_the_next_is_asked(
    site: Site, lab: Lab, target: str
) -> None:
    outside = await lab.bank.outside("5550777")
    anna, bernd, carla = await at_work(site, "anna", "bernd", "carla")
    await carla.phone.auto_answer()
    await outside.auto_answer()
    caller = await ring(lab)
    ringing = await anna.phone.wait_ringing()
    # While a phone rings, the bank's REFER becomes a 302.
    await anna.phone.refer(f"sip:{target}@{lab.pbx.address}:{SIP_PORT}", leg=ringing)
    assert (await anna.offer_ended())["state"] == "rescinded"
    await agent_is(site, "anna", "busy", "phone_unreachable")
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)
    assert carla.phone.up is None
    assert outside.up is None


async def test_given_a_caller_on_hold_when_agent_1s_phone_tries_to_transfer_then_the_caller_stays_with_the_music(
    site: Site, lab: Lab
) -> None:
    outside = await lab.bank.outside("5550777")
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.person.accept(offer["id"])
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await anna.take_ringing(offer["call"])
    await anna.phone.refer(f"sip:5550777@{lab.pbx.address}:{SIP_PORT}")
    await lab.assert_hears({caller: {anna.phone}}, seconds=LISTEN)
    assert outside.legs == []
