"""What strangers write into SIP headers tears AMI's messages: nobody else's call is touched by it, whatever they write.

Percent signs make a line break of a SIP address, and the trunk of the lab trusts what its other side says in the middle
of a call (`trust_id_inbound`).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import steps
from hostile import LIST_END, escaped, forged, hangup, looks_again, talking, torn_rows, unharmed
from withheld_caller import SipCaller

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

BERND_UNCLEANED = "5551002"
"""Rings bernd's phone from a context in which nothing is cleaned."""


@dataclass
class Strangers:
    """Who calls from the carrier's address with headers of their own making."""

    lab: Lab
    here: list[SipCaller] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.lab.pbx.address.rpartition(".")[0] + ".3"

    async def calls(
        self, number: str = steps.SUPPORT, who: str = "", extra: str = "", *, rings: bool = False
    ) -> SipCaller:
        """`who`, `extra` as in `SipCaller.invite`. Returns once it is answered, or rings."""
        stranger = await SipCaller.open(self.host, self.lab.pbx.address)
        self.here.append(stranger)
        await stranger.invite(number, who or f"<sip:+49301009@{self.host}>", extra, answered=not rings)
        return stranger

    async def now_is(self, stranger: SipCaller, name: str, method: str) -> None:
        """Says in the middle of the call who they are."""
        assert await stranger.again(method, f"P-Asserted-Identity: <sip:{escaped(name)}@{self.host}>\r\n") == 200

    def leave(self) -> None:
        while self.here:
            self.here.pop().bye()


@pytest_asyncio.fixture
async def strangers(site: Site, lab: Lab) -> AsyncIterator[Strangers]:
    here = Strangers(lab)
    yield here
    here.leave()


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
async def test_given_callers_who_end_the_list_of_channels_when_it_is_read_then_everybody_still_talks(
    site: Site, lab: Lab, strangers: Strangers, method: str
) -> None:
    anna, carla = await steps.at_work(site, "anna", "carla")
    talks = [
        await talking(site, lab, anna, steps.SUPPORT, "+49301001"),
        await talking(site, lab, carla, steps.SALES, "+49301002"),
    ]
    waits = await steps.ring(lab, steps.EMPTY, number="+49301003")
    await steps.the_call(site, lambda call: call["caller_number"] == "+49301003" and call["state"] == "waiting")
    for _ in range(2):
        await strangers.now_is(await strangers.calls(steps.EMPTY), LIST_END, method)
    assert len(await torn_rows(lab)) == 2
    await looks_again(site)
    await unharmed(site, lab, *talks)
    await steps.hears_music(lab, waits)
    assert len(await steps.live_calls(site)) == 5


async def test_given_a_caller_who_says_that_another_channel_is_theirs_when_connected_then_the_other_talks_on(
    site: Site, lab: Lab, strangers: Strangers
) -> None:
    (anna,) = await steps.at_work(site, "anna")
    talk = await talking(site, lab, anna, steps.SUPPORT, "+49301001")
    await strangers.now_is(await strangers.calls(), forged(talk.channel), "UPDATE")
    assert await torn_rows(lab)
    await looks_again(site)
    (bernd,) = await steps.at_work(site, "bernd")
    pop = await bernd.take()
    assert pop["call"] != talk.call
    await unharmed(site, lab, talk)


@pytest.mark.parametrize("says", [hangup, forged], ids=["somebody's end", "somebody's channel"])
async def test_given_forgeries_by_whatever_header_when_the_pbx_tells_of_them_then_everybody_still_talks(
    site: Site, lab: Lab, strangers: Strangers, says: Any
) -> None:
    anna, carla = await steps.at_work(site, "anna", "carla")
    talks = [
        await talking(site, lab, anna, steps.SUPPORT, "+49301001"),
        await talking(site, lab, carla, steps.SALES, "+49301002"),
    ]
    host = strangers.host
    for talk in talks:
        word, plain = escaped(says(talk.channel)), says(talk.channel)
        evil = f"<sip:{word}@{host}>"
        await strangers.calls(who=f'"{word}" <sip:+49301009@{host}>')
        await strangers.calls(who=f'"{plain.replace(chr(13) + chr(10), chr(92) + "r" + chr(92) + "n")}" <sip:1@{host}>')
        await strangers.calls(who=evil)
        await strangers.calls(BERND_UNCLEANED, who=evil, rings=True)
        await strangers.calls(extra=f"Remote-Party-ID: {evil};party=calling;privacy=off;screen=yes\r\n")
        await strangers.calls(BERND_UNCLEANED, extra=f"P-Asserted-Identity: {evil}\r\n", rings=True)
        await strangers.calls(
            BERND_UNCLEANED, extra=f"Diversion: {evil};reason=unconditional;counter=1\r\n", rings=True
        )
        await strangers.calls(extra=f"Diversion: {evil};reason=unconditional;counter=1\r\n")
    assert await torn_rows(lab)
    await unharmed(site, lab, *talks)
    await looks_again(site)
    await unharmed(site, lab, *talks)
    strangers.leave()
    await unharmed(site, lab, *talks)
