"""Who is called says in the answer who they are: whatever they write there, the call goes on and nobody else's changes.

Asterisk takes it for the phone's own number and tells the caller's channel, as the connected line: so that it is in
the messages about both. The lab trusts its inside phones (`trust_id_inbound`); one is an agent's here, or is outside.
"""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
import steps
from consults import NUMBER, settled
from hostile import LIST_END, escaped, forged, hangup, looks_again, talking, torn_rows, unharmed
from sip_phone import SipPhone
from withheld_caller import SipCaller

from callbridge.demo.bank_ami import Message
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

Text = Callable[[Message], str]


def list_end(channel: Message) -> str:
    return LIST_END


FORGERIES = pytest.mark.parametrize(
    "writes", [hangup, forged, list_end], ids=["somebody's end", "somebody's channel", "a list's end"]
)


@pytest_asyncio.fixture
async def phone(site: Site, lab: Lab) -> AsyncIterator[SipPhone]:
    async with SipPhone(lab, "warehouse") as phone:
        yield phone


@pytest_asyncio.fixture
async def desk(site: Site, lab: Lab) -> AsyncIterator[SipPhone]:
    """Of the agent who consults: told of the forgery too, as whom they talk with."""
    async with SipPhone(lab, "reception") as phone:
        yield phone


def says(phone: SipPhone, text: str) -> None:
    phone.says = f'P-Asserted-Identity: "{escaped(text)}" <sip:{escaped(text)}@{phone.address}>\r\n'


async def whole_history(site: Site, call: str) -> list[str]:
    """With its end, which is seen a moment before it is kept."""
    return await steps.eventually(
        lambda: steps.history(site, call), lambda kinds: "call.ended" in kinds, "the end is in the history"
    )


async def calls(lab: Lab) -> SipCaller:
    """A caller whose side of the line is no Asterisk: that would be told of the forgery too, and be torn by it."""
    host = lab.pbx.address.rpartition(".")[0] + ".3"
    caller = await SipCaller.open(host, lab.pbx.address)
    await caller.invite(steps.SUPPORT, f"<sip:+49301009@{host}>")
    return caller


@FORGERIES
async def test_given_an_agents_phone_that_forges_messages_when_it_answers_then_the_agent_has_the_call_and_all_talk_on(
    site: Site, lab: Lab, phone: SipPhone, writes: Text
) -> None:
    assert await steps.configure(site, agents={"bernd": {"phone": "PJSIP/warehouse"}})
    (carla,) = await steps.at_work(site, "carla")
    other = await talking(site, lab, carla, steps.SALES, "+49301002")
    says(phone, writes(other.channel))
    (bernd,) = await steps.at_work(site, "bernd")
    caller = await calls(lab)
    await phone.answer()
    call = (await bernd.pop())["call"]
    await bernd.is_talking(call)
    await unharmed(site, lab, other)
    caller.bye()
    ended = await steps.ended_call(site, call)
    assert (ended["outcome"], ended["caller_number"]) == ("handled", "+49301009")
    kinds = await whole_history(site, call)
    assert [kinds.count(kind) for kind in ("offer.made", "offer.accepted", "call.connected", "call.ended")] == [1] * 4
    await unharmed(site, lab, other)


@FORGERIES
async def test_given_an_agents_phone_that_forges_messages_in_mid_talk_then_all_talk_on_and_the_end_is_seen(
    site: Site, lab: Lab, phone: SipPhone, writes: Text
) -> None:
    assert await steps.configure(site, agents={"bernd": {"phone": "PJSIP/warehouse"}})
    bernd, carla = await steps.at_work(site, "bernd", "carla")
    other = await talking(site, lab, carla, steps.SALES, "+49301002")
    caller = await calls(lab)
    dialog = await phone.answer()
    call = (await bernd.pop())["call"]
    await bernd.is_talking(call)
    says(phone, writes(other.channel))
    await phone.says_again(dialog)
    assert await torn_rows(lab)
    await looks_again(site)
    await unharmed(site, lab, other)
    assert (await steps.the_call(site, lambda one: one["id"] == call))["agent"] == "bernd"
    caller.bye()
    # What the PBX says of the end is torn too. That they are gone is seen by looking, and is said so.
    assert (await steps.ended_call(site, call))["outcome"] == "lost_sight"
    assert (await whole_history(site, call)).count("call.ended") == 1
    await steps.agent_is(site, "bernd", "available")
    await unharmed(site, lab, other)


@FORGERIES
async def test_given_a_number_outside_that_forges_messages_when_it_answers_then_the_transfer_goes_on_and_all_talk_on(
    site: Site, lab: Lab, phone: SipPhone, desk: SipPhone, writes: Text
) -> None:
    site.document["outbound"] = {"dial": "PJSIP/{number}@warehouse"}
    assert await steps.configure(site, agents={"bernd": {"phone": "PJSIP/reception"}})
    bernd, carla = await steps.at_work(site, "bernd", "carla")
    other = await talking(site, lab, carla, steps.SALES, "+49301002")
    says(phone, writes(other.channel))
    caller = await calls(lab)
    await desk.answer()
    call = (await bernd.pop())["call"]
    await bernd.is_talking(call)
    transfer = await bernd.person.consult(call, "number", NUMBER)
    dialog = await phone.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    says(phone, f"again {writes(other.channel)}")
    await phone.says_again(dialog)
    assert await torn_rows(lab)
    await unharmed(site, lab, other)
    await bernd.person.complete(transfer["id"])
    await bernd.transfer_is("completed")
    await looks_again(site)
    await unharmed(site, lab, other)
    await steps.the_call(site, lambda one: one["id"] == call and one["state"] == "external")
    phone.hang_up(dialog)
    ended = await steps.ended_call(site, call)
    assert ended["caller_number"] == "+49301009"
    assert (await whole_history(site, call)).count("transfer.completed") == 1
    assert any(message.startswith("BYE ") for message in caller.seen)
    await unharmed(site, lab, other)
