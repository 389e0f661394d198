"""A very small SIP caller behind the trunk, for headers that the phone bank does not write. Signalling only."""

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Self

from callbridge.demo.instance import SIP_PORT

_AGAIN, _TRIES = 1.0, 5
"""Seconds until a request that was not answered is sent again, and how often it is sent."""


class SipCaller(asyncio.DatagramProtocol):
    """One call, from `invite` to `bye`; whatever the PBX asks meanwhile is answered with 200."""

    def __init__(self, me: str, pbx: str) -> None:
        self._me, self._pbx = me, pbx
        self._id, self._tag, self._to_tag, self._cseq = secrets.token_hex(8), secrets.token_hex(4), "", 0
        self._from = self._target = self._called = ""
        self.answered, self.rings = asyncio.Event(), asyncio.Event()
        self._finals: dict[str, asyncio.Future[int]] = {}
        """Final answers within the call, by CSeq."""
        self.on_end: Callable[[], None] = lambda: None
        """Called once the call is over, whoever ended it."""
        self._over = False
        self.seen: list[str] = []
        """All messages of the PBX."""

    @classmethod
    async def open(cls, me: str, pbx: str) -> Self:
        loop = asyncio.get_running_loop()
        transport, self = await loop.create_datagram_endpoint(lambda: cls(me, pbx), local_addr=(me, 0))
        self._transport = transport
        self._port = transport.get_extra_info("sockname")[1]
        return self

    async def invite(
        self, called: str, who: str, extra: str = "", within: float = 10, *, answered: bool = True
    ) -> None:
        """`who`: the From header without its tag; `extra`: header lines. Returns once it is answered, or rings."""
        self._called, self._from, self._target = called, who, f"sip:{called}@{self._pbx}:{SIP_PORT}"
        self._cseq += 1
        came = self.answered if answered else self.rings
        async with asyncio.timeout(within):
            await self._until(came.is_set, "INVITE", self._sdp(), extra)
            await came.wait()

    async def again(self, method: str, extra: str, within: float = 10, *, direction: str = "sendrecv") -> int:
        """UPDATE or INVITE in the middle of the call, with these header lines. The status of the answer.

        `direction` of the sound, in an INVITE; "sendonly" is what a hold key says. 481 where the call is over.
        """
        if self._over:
            return 481
        self._cseq += 1
        final = self._finals[f"{self._cseq} {method}"] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(within):
            await self._until(final.done, method, self._sdp(direction) if method == "INVITE" else "", extra)
            return await final

    async def _until(self, came: Callable[[], bool], method: str, body: str, extra: str) -> None:
        """Sends the request until it is answered: a busy machine drops packets."""
        branch, tries = _branch(), 0
        while not came() and not self._over and tries < _TRIES:
            self._request(method, body, extra, branch)
            tries += 1
            for _ in range(round(_AGAIN / 0.02)):
                if came() or self._over:
                    return
                await asyncio.sleep(0.02)

    def bye(self) -> None:
        if not self._over:
            self._cseq += 1
            self._request("BYE")
            self._end()
        self._transport.close()

    def _end(self) -> None:
        self._over = True
        for final in self._finals.values():
            if not final.done():
                final.set_result(481)
        self.on_end()

    def _sdp(self, direction: str = "sendrecv") -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self._me}\r\ns=-\r\nc=IN IP4 {self._me}\r\nt=0 0\r\n"
            f"m=audio 31000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
        )

    def _request(self, method: str, body: str = "", extra: str = "", branch: str = "") -> None:
        to = f"<sip:{self._called}@{self._pbx}>" + (f";tag={self._to_tag}" if self._to_tag else "")
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"{method} {self._target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._me}:{self._port};branch={branch or _branch()};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: {self._from};tag={self._tag}\r\nTo: {to}\r\nCall-ID: {self._id}\r\n"
            f"CSeq: {self._cseq} {method}\r\nContact: <sip:caller@{self._me}:{self._port}>\r\n"
            f"Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, message: str) -> None:
        self._transport.sendto(message.encode(), (self._pbx, SIP_PORT))

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = data.decode(errors="replace")
        self.seen.append(message)
        if not message.startswith("SIP/2.0"):
            if not message.startswith("ACK"):
                self._agree(message)
            if message.startswith("BYE") and not self._over:
                self._end()
            return
        status, cseq = message.split()[1], _header(message, "CSeq")
        if status >= "180":
            self.rings.set()
        final = self._finals.get(cseq)
        if status >= "200" and final is not None and not final.done():
            final.set_result(int(status))
        if "INVITE" in cseq and status >= "200":
            tag = re.search(r";tag=([^;\s>]+)", _header(message, "To"))
            contact = re.search(r"<(sip:[^>]+)>", _header(message, "Contact"))
            self._to_tag = tag[1] if tag else ""
            self._target = contact[1] if contact else self._target
            self._request("ACK")
            self.answered.set()

    def _agree(self, message: str) -> None:
        vias = "".join(f"{line}\r\n" for line in re.findall(r"(?im)^(Via:.*?)\r?$", message))
        copied = "".join(f"{name}: {_header(message, name)}\r\n" for name in ("From", "To", "Call-ID", "CSeq"))
        contact = f"Contact: <sip:caller@{self._me}:{self._port}>\r\n"
        self._send(f"SIP/2.0 200 OK\r\n{vias}{copied}{contact}Content-Length: 0\r\n\r\n")


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(6)}"


def _header(message: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:\s*(.*?)\r?$", message)
    return found[1] if found else ""
