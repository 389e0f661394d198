"""The lines of the phone bank: agents' phones, callers from outside, and the numbers outside that the PBX dials.

A line is what a person would hold in the hand; a leg is one call of it. Each line sings its own tone from the moment
that a leg is up until the leg ends.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from callbridge.ami.decode import known, unescaped
from callbridge.demo.bank_ami import AmiClient, AmiError, Message

BUSY = 17
"""Hangup cause of a refused call: the other side sees SIP 486. Causes are those of Q.850."""
NO_ANSWER = 19
REJECTED = 21
NOT_FOUND = 1
"""The other side sees SIP 404."""
OUT_OF_ORDER = 27
"""The other side sees SIP 502: the phone's own fault."""
UNAVAILABLE = 34
"""The other side sees SIP 503: the network's."""


class LegState(StrEnum):
    CALLING = "calling"
    """Placed by the line, not answered yet."""
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


@dataclass(eq=False, kw_only=True, slots=True)
class Leg:
    """One call of a line, as the bank's Asterisk sees it."""

    line: str
    uniqueid: str
    state: LegState
    channel: str = ""
    caller_number: str = ""
    """The number that the INVITE showed; empty when the line placed the call itself."""
    caller_name: str = ""
    cause: int | None = None
    """Q.850 cause of the end."""
    dtmf: str = ""
    """Digits that the other end has sent."""
    refer_result: str = ""
    """What became of the newest REFER: `SUCCESS`, or a word for the failure; see TRANSFERSTATUS in app_transfer."""
    refer_code: str = ""
    """The SIP code that answered the newest REFER."""

    @property
    def live(self) -> bool:
        return self.state is not LegState.ENDED

    def learn(self, message: Message) -> None:
        """Takes what an event of this leg's channel says."""
        kind = message.get("Event")
        if kind == "OriginateResponse":
            # Where there was a channel, its Hangup follows and knows the cause; this names only what was dialled.
            if message.get("Response") == "Failure" and self.channel == self.uniqueid:
                self.state = LegState.ENDED
            return
        self.channel = message.get("Channel") or self.channel
        match kind:
            case "Newstate" if message.get("ChannelStateDesc") == "Up" and self.live:
                self.state = LegState.UP
            case "Hangup":
                self.state, self.cause = LegState.ENDED, int(message.get("Cause", "0"))
            case "DTMFEnd" if message.get("Direction") == "Received":
                self.dtmf += message["Digit"]
            case "UserEvent" if message.get("UserEvent") == "BankRefer":
                self.refer_result, self.refer_code = message["Status"], message.get("Code", "")


class Watch:
    """Lets tasks wait until something that AMI events change has come true. Looks at every event, never at a clock."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def changed(self) -> None:
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool], within: float, what: str) -> None:
        """Raises TimeoutError, saying `what` did not happen, after `within` seconds."""
        if condition():
            return
        entry = (condition, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(entry[1], within)
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {within:g} s") from None
        finally:
            self._waiting.remove(entry)


@dataclass(eq=False, kw_only=True)
class Line:
    """What all lines have in common."""

    name: str
    """By this it is heard, and shown in messages."""
    key: str
    """By this the bank's dialplan knows it."""
    hertz: int
    ami: Callable[[], AmiClient] = field(repr=False)
    watch: Watch = field(repr=False)
    legs: list[Leg] = field(default_factory=list)
    """Newest first, ended ones included."""

    @property
    def leg(self) -> Leg | None:
        """The newest leg that lives."""
        return next((leg for leg in self.legs if leg.live), None)

    @property
    def up(self) -> Leg | None:
        """The newest leg that is up: the one that can be listened to."""
        return self._newest(LegState.UP)

    @property
    def ended(self) -> bool:
        """Whether there was a call and none is left."""
        return bool(self.legs) and self.leg is None

    async def wait_up(self, within: float = 10) -> Leg:
        await self.watch.until(lambda: self.up is not None or self.ended, within, f"{self.name} is in a call")
        return self._need(LegState.UP)

    async def wait_ended(self, within: float = 10) -> Leg:
        """Returns the newest leg once no leg lives."""
        await self.watch.until(lambda: self.ended, within, f"{self.name}'s call ends")
        return self.legs[0]

    async def hang_up(self, leg: Leg | None = None, *, within: float = 10) -> None:
        """Ends one leg, the newest living one unless told otherwise. Does nothing where none is left."""
        chosen = leg or self.leg
        if chosen is None or not chosen.live:
            return
        # Refused where the leg has ended by itself in the meantime; the wait tells.
        with contextlib.suppress(AmiError):
            await self.ami().action("Hangup", Channel=chosen.channel, Cause=16)
        await self.watch.until(lambda: not chosen.live, within, f"{self.name} hangs up")

    async def send_dtmf(self, digits: str, *, leg: Leg | None = None, tone: int = 120, pause: float = 0.2) -> None:
        """Presses keys: `tone` ms each, one every `pause` seconds."""
        channel = (leg or self._need(LegState.UP)).channel
        for digit in digits:
            await self.ami().action("PlayDTMF", Channel=channel, Digit=digit, Duration=tone)
            await asyncio.sleep(pause)

    async def refer(self, uri: str, *, leg: Leg | None = None, within: float = 10) -> str:
        """Presses the phone's own transfer key: a REFER to `uri`, for example `sip:anna@127.0.0.1`.

        Returns Asterisk's word for the result, `SUCCESS` or another.
        """
        chosen = leg or self._need(LegState.UP)
        chosen.refer_result = ""
        await self.ami().action("Setvar", Channel=chosen.channel, Variable="REFER_TO", Value=uri)
        await self._redirect(chosen, "refer", "s")
        said = f"an answer to {self.name}'s REFER"
        await self.watch.until(lambda: bool(chosen.refer_result) or not chosen.live, within, said)
        return chosen.refer_result

    async def _redirect(self, leg: Leg, context: str, extension: str) -> None:
        await self.ami().action("Redirect", Channel=leg.channel, Context=context, Exten=extension, Priority=1)

    def _newest(self, state: LegState) -> Leg | None:
        return next((leg for leg in self.legs if leg.state is state), None)

    def _need(self, state: LegState) -> Leg:
        if leg := self._newest(state):
            return leg
        seen = ", ".join(f"{leg.state} (cause {leg.cause})" if not leg.live else leg.state for leg in self.legs)
        raise LookupError(f"{self.name} has no call that is {state}; its calls: {seen or 'none'}")


class CalledLine(Line):
    """A line that can be called. It rings until it is told what to do, unless it was told beforehand."""

    @property
    def ringing(self) -> Leg | None:
        return self._newest(LegState.RINGING)

    @property
    def caller_id_shown(self) -> tuple[str, str]:
        """Number and name on the display, as the INVITE of the newest call brought them.

        Later updates are not seen: Asterisk has no event for those that reach a channel outside a bridge.
        """
        return (self.legs[0].caller_number, self.legs[0].caller_name) if self.legs else ("", "")

    async def wait_ringing(self, within: float = 10) -> Leg:
        await self.watch.until(lambda: self.ringing is not None, within, f"{self.name} rings")
        return self._need(LegState.RINGING)

    async def answer(self, leg: Leg | None = None, *, within: float = 10) -> Leg:
        """Picks up the newest ringing call and returns once it is up."""
        chosen = leg or self._need(LegState.RINGING)
        await self._redirect(chosen, "sing", "s")
        said = f"{self.name} answers"
        await self.watch.until(lambda: chosen.state is not LegState.RINGING, within, said)
        return chosen

    async def decline(self, leg: Leg | None = None, *, cause: int = BUSY, within: float = 10) -> None:
        """Refuses the newest ringing call."""
        chosen = leg or self._need(LegState.RINGING)
        await self._redirect(chosen, "decline", str(cause))
        await self.watch.until(lambda: not chosen.live, within, f"{self.name} declines")

    async def auto_answer(self, after: float | None = 0.0) -> None:
        """Answers every later call after so many seconds of ringing; None: rings until told."""
        await self._behave("" if after is None else "answer", after or 0.0)

    async def auto_refuse(self, cause: int = BUSY, after: float = 0.0) -> None:
        """Refuses every later call with this cause: `BUSY`, `REJECTED`, `NOT_FOUND`, `OUT_OF_ORDER`, `UNAVAILABLE`."""
        await self._behave(f"cause{cause}", after)

    async def announce(self, *, sound: bool = True) -> None:
        """Sings on every later call before it is answered, until told to answer or to refuse, as a network does that
        says why a number cannot be reached. Without `sound` only the network's word comes that there would be some.
        """
        await self._behave("early" if sound else "mute", 0.0)

    async def speak(self, leg: Leg | None = None, *, sound: bool = True) -> None:
        """Begins to sing, or ends it, in the newest call that is not answered."""
        await self._redirect(leg or self._need(LegState.RINGING), "early", "early" if sound else "mute")

    async def _behave(self, how: str, after: float) -> None:
        await self.ami().action("Setvar", Variable=f"AFTER_{self.key}", Value=after)
        await self.ami().action("Setvar", Variable=f"HOW_{self.key}", Value=how or "ring")


class Outside(CalledLine):
    """A number outside that the PBX dials through the trunk. Until told otherwise it answers at once."""


class Caller(Line):
    """Somebody outside who has called one of the PBX's numbers. Has one leg."""

    number: str = ""


def shown(value: str) -> str:
    """A number or name as a display shows it."""
    return unescaped(known(value))
