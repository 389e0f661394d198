"""A caller who withholds the number is nobody to everybody: to agents, to their phones, to the API, and outside."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import steps
from withheld_caller import SipCaller

from callbridge.demo.bank_lines import CalledLine
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

SECRET, DIGITS = "+493055512345", "3055512345"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
OUTSIDE = "+4940555777"


@contextlib.asynccontextmanager
async def a_call_of(lab: Lab, who: str, extra: str = "") -> AsyncIterator[SipCaller]:
    carrier = lab.pbx.address.rpartition(".")[0] + ".3"
    caller = await SipCaller.open(carrier, lab.pbx.address)
    await caller.invite(steps.SUPPORT, who, extra)
    try:
        yield caller
    finally:
        caller.bye()


async def told_to(lab: Lab, line: CalledLine) -> str:
    """What the phone was told of who calls: the headers of its INVITE, and what came since."""
    leg = line.leg
    assert leg is not None
    ami = lab.bank.ami
    headers = ("PJSIP_HEADER(read,From)", "PJSIP_HEADER(read,P-Asserted-Identity)", "CALLERID(all)")
    answers = [await ami.action("Getvar", Channel=leg.channel, Variable=what) for what in headers]
    return " | ".join(each.get("Value", "") for each in answers)


async def consulted_outside(lab: Lab, site: Site, desk: steps.Desk, call: str) -> Any:
    outside = await lab.bank.outside(OUTSIDE)
    transfer = await desk.person.consult(call, "number", OUTSIDE)
    await outside.wait_up()
    return outside, transfer


PRIVATE = f'P-Asserted-Identity: "Erika Muster" <sip:{SECRET}@carrier.example>\r\nPrivacy: id\r\n'


async def test_given_a_withheld_number_when_the_caller_is_served_then_nobody_is_told_it_inside_or_outside(
    lab: Lab,
) -> None:
    numbers = {"allow": ["+49"]}
    async with steps.open_site(lab, numbers=numbers) as site:
        (anna,) = await steps.at_work(site, "anna")
        async with a_call_of(lab, ANONYMOUS, PRIVATE) as caller:
            offered = await steps.the_call(site, lambda call: call["offer"] is not None)
            assert offered["caller_withheld"]
            assert (offered["caller_number"], offered["caller_name"], offered["caller_number_raw"]) == ("", "", "")
            await anna.phone.wait_ringing()
            shown = await told_to(lab, anna.phone)
            assert "anonymous" in shown.lower()
            pop = await anna.take()
            assert pop["caller_withheld"]
            outside, transfer = await consulted_outside(lab, site, anna, offered["id"])
            seen = await told_to(lab, outside)
            await anna.person.complete(transfer["id"])
            await steps.eventually(
                lambda: site.crm.get(f"/v1/calls/{offered['id']}"),
                lambda call: call["state"] == "external",
                "caller and outside talk",
            )
            seen += await told_to(lab, outside)
            history = await site.crm.get(f"/v1/calls/{offered['id']}/history?limit=200")
            for place in (shown, seen, json.dumps([offered, pop, history]), site.log):
                assert DIGITS not in place
                assert "Erika" not in place
            assert caller.seen
        await steps.no_calls(site)


async def test_given_the_administrators_option_when_the_number_is_withheld_then_agents_see_it_and_outside_does_not(
    lab: Lab,
) -> None:
    async with steps.open_site(lab, numbers={"allow": ["+49"]}) as site:
        site.document["privacy"] = {"show_withheld_inside": True}
        site.write_config()
        assert await site.reload()
        (anna,) = await steps.at_work(site, "anna")
        async with a_call_of(lab, ANONYMOUS, PRIVATE):
            pop = await anna.take()
            assert (pop["caller_number"], pop["caller_withheld"]) == (SECRET, True)
            outside, _ = await consulted_outside(lab, site, anna, pop["call"])
            assert DIGITS not in await told_to(lab, outside)
            await outside.hang_up()
        await steps.no_calls(site)


@pytest.mark.parametrize(
    ("who", "number", "withheld"),
    [
        (ANONYMOUS, "", True),
        ('"Unavailable" <sip:unavailable@carrier.example>', "", False),
        ("<sip:03012345678@carrier.example>", "+493012345678", False),
    ],
)
async def test_given_what_carriers_write_when_a_call_comes_then_the_pop_has_a_number_only_where_it_is_one(
    lab: Lab, who: str, number: str, withheld: bool
) -> None:
    async with steps.open_site(lab) as site:
        site.document["site"] = {**site.document.get("site", {}), "region": "DE"}
        site.write_config()
        assert await site.reload()
        (anna,) = await steps.at_work(site, "anna")
        async with a_call_of(lab, who):
            pop = await anna.take()
            assert (pop["caller_number"], pop["caller_withheld"]) == (number, withheld)
        await steps.no_calls(site)
