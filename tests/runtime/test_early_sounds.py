"""Sound before the answer: the PBX says that there may be some, and is asked until some has come."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import pytest

from callbridge.ami.errors import ActionRefused, ActionTimeout, AmiError
from callbridge.ami.framing import Message
from callbridge.domain.model.ids import ChannelId
from callbridge.runtime.early_sound import EarlySounds

LEG, OTHER = ChannelId("c-17-1-leg-2"), ChannelId("c-17-2-leg-2")
NEVER = "0"
"""Packets of a leg from which none come."""


class Asked:
    """A PBX that answers each question with the next of what it has; and what is told."""

    def __init__(self) -> None:
        self.packets: dict[ChannelId, list[str | AmiError]] = {}
        self.times: dict[ChannelId, int] = {}
        self.told: list[ChannelId] = []
        self.rounds = 0
        self.round = asyncio.Event()
        self.sounds = EarlySounds(ask=self._ask, tell=self.told.append, sleep=self._sleep)

    async def _ask(self, name: str, headers: Mapping[str, str]) -> Message:
        assert (name, headers["Variable"]) == ("Getvar", "CHANNEL(rtcp,rxcount)")
        leg = ChannelId(headers["Channel"])
        self.times[leg] = self.times.get(leg, 0) + 1
        given = self.packets[leg].pop(0) if self.packets.get(leg) else NEVER
        if isinstance(given, AmiError):
            raise given
        return {"Response": "Success", "Value": given}

    async def _sleep(self, seconds: float) -> None:
        self.rounds += 1
        self.round.set()
        await asyncio.sleep(0)

    async def until_round(self, number: int) -> None:
        async with asyncio.timeout(10):
            while self.rounds < number:
                self.round.clear()
                await self.round.wait()


@pytest.fixture
async def pbx() -> AsyncIterator[Asked]:
    asked = Asked()
    running = asyncio.get_running_loop().create_task(asked.sounds.run())
    yield asked
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_given_progress_when_packets_come_then_it_is_told_once_and_asked_no_more(pbx: Asked) -> None:
    pbx.packets = {LEG: ["0", "0", "3"]}
    pbx.sounds.expect(LEG)
    pbx.sounds.expect(OTHER)
    await pbx.until_round(6)
    assert pbx.told == [LEG]
    assert pbx.times[LEG] == 3
    assert pbx.times[OTHER] >= 6, "who is silent is asked on"


@pytest.mark.parametrize(
    "answer", ["", "x", "-1", ActionRefused("Getvar", "No such channel")], ids=["no sound agreed", "x", "-1", "gone"]
)
async def test_given_a_leg_that_has_no_sound_to_send_when_asked_then_it_is_left_alone(
    pbx: Asked, answer: str | AmiError
) -> None:
    pbx.packets = {LEG: [answer, "5"]}
    pbx.sounds.expect(LEG)
    pbx.sounds.expect(OTHER)
    await pbx.until_round(3)
    assert (pbx.told, pbx.times[LEG]) == ([], 1)
    pbx.sounds.expect(LEG)  # a later word of the network
    await pbx.until_round(6)
    assert pbx.told == [LEG]


async def test_given_a_pbx_that_does_not_answer_when_it_does_again_then_the_leg_is_still_asked_for(pbx: Asked) -> None:
    pbx.packets = {LEG: [ActionTimeout("Getvar", 5.0), "0", "1"]}
    pbx.sounds.expect(LEG)
    await pbx.until_round(3)
    assert pbx.told == [LEG]


async def test_given_an_answered_leg_or_a_lost_link_then_nothing_is_asked_or_told_any_more(pbx: Asked) -> None:
    pbx.sounds.expect(LEG)
    pbx.sounds.expect(OTHER)
    await pbx.until_round(2)
    pbx.sounds.forget(LEG)
    times = pbx.times[LEG]
    await pbx.until_round(4)
    assert pbx.times[LEG] == times
    pbx.sounds.clear()
    times = pbx.times[OTHER]
    for _ in range(10):
        await asyncio.sleep(0)
    assert pbx.times[OTHER] <= times + 1
    assert pbx.told == []
