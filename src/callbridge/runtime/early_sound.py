"""Which numbers outside make sound before they answer: the PBX says that there may be some, and is asked for it.

Progress in a call (SIP 183) can be a word without any sound, and then agent 1 shall go on hearing ringing. Whether
packets have come only the channel itself knows, and no event tells of the first one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from callbridge.ami.decode import text
from callbridge.ami.errors import ActionRefused, AmiError
from callbridge.ami.framing import Message, number
from callbridge.domain.model.ids import ChannelId

_AGAIN = 0.1
"""Seconds until it is asked again. So much of an announcement is not heard."""
_PACKETS = "CHANNEL(rtcp,rxcount)"
"""Not for the dialplan's IMPORT(), which locks the channel: this waits for a thread that may want to do that too."""


class EarlySounds:
    """The legs that may make sound soon."""

    def __init__(
        self,
        *,
        ask: Callable[[str, Mapping[str, str]], Awaitable[Message]],
        tell: Callable[[ChannelId], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """`ask` performs an AMI action; `tell` is told once of each leg from which sound has come."""
        self._ask = ask
        self._tell = tell
        self._sleep = sleep
        self._legs: dict[ChannelId, None] = {}
        self._some = asyncio.Event()

    def expect(self, leg: ChannelId) -> None:
        self._legs[leg] = None
        self._some.set()

    def forget(self, leg: ChannelId) -> None:
        """It is answered."""
        self._legs.pop(leg, None)

    def clear(self) -> None:
        """The link is down: whoever makes sound is found in the next snapshot."""
        self._legs.clear()

    async def run(self) -> None:
        """Asks, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._legs:
                for leg in list(self._legs):
                    await self._look(leg)
                await self._sleep(_AGAIN)

    async def _look(self, leg: ChannelId) -> None:
        try:
            packets = number(text(await self._ask("Getvar", {"Channel": leg, "Variable": _PACKETS}), "Value"))
        except ActionRefused:
            packets = None  # gone
        except AmiError:
            return  # no answer: asked again
        if packets == 0 or leg not in self._legs:
            return
        del self._legs[leg]
        if packets is not None:
            self._tell(leg)
