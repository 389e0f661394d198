"""A phone of the PBX over SIP, as small as it can be: it calls, answers, holds, and transfers by its own transfer key.

The phone bank's lines are an Asterisk and cannot do that. No sound: who hears whom is asked of the others.
"""

import asyncio
import re
import socket
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote

from callbridge.demo.instance import SIP_PORT
from callbridge.demo.lab import Lab

_ANSWER = 10.0
"""Seconds in which the PBX must answer."""
_AGAIN = 0.5
"""Seconds after which a request without an answer is sent once more; SIP's T1."""


@dataclass(eq=False)
class Dialog:
    """One call of the phone."""

    call_id: str
    mine: str
    """The phone's From or To, with its tag."""
    theirs: str
    target: str
    """The other side's contact: where requests go."""
    cseq: int = 1
    invite: dict[str, str] = field(default_factory=dict)
    """Of a call to the phone, its INVITE."""
    answers: asyncio.Queue[tuple[int, str, dict[str, str]]] = field(default_factory=asyncio.Queue)
    """Final answers to the phone's requests: status, CSeq, headers."""
    transferred: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    """Final statuses of what became of the phone's transfers of this call, as the PBX tells them (NOTIFY)."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def replaces(self) -> str:
        """The value of a Replaces header that names this dialog, as the PBX sees it (RFC 3891)."""
        tags = [re.search(r";tag=([^;>]+)", side) for side in (self.theirs, self.mine)]
        theirs, mine = (found[1] if found else "" for found in tags)
        return f"{self.call_id};to-tag={theirs};from-tag={mine}"


class SipPhone(asyncio.DatagramProtocol):
    """`async with SipPhone(lab, "reception") as phone:`, and it can call and be called."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.name, self.address, self._pbx = name, lab.inside[name], lab.pbx.address
        self.says = ""
        """Header lines of every answer to a call of the phone, with which it can say who has it."""
        self._dialogs: dict[str, Dialog] = {}
        self._incoming: asyncio.Queue[Dialog] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport
        self._sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, SIP_PORT))
        self._sound.bind((self.address, 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for dialog in self._dialogs.values():
            if not dialog.ended.is_set():
                self._send(dialog, "BYE")
        self._transport.close()
        self._sound.close()

    # ------------------------------------------------------------ what a person does with it

    async def call(self, number: str, *, replaces: Dialog | None = None) -> Dialog:
        """Returns once it is answered. `replaces`: takes the place of that call (INVITE with Replaces)."""
        dialog = Dialog(
            call_id=uuid.uuid4().hex,
            mine=f"<sip:{self.name}@{self.address}>;tag={uuid.uuid4().hex[:8]}",
            theirs=f"<sip:{number}@{self._pbx}>",
            target=f"sip:{number}@{self._pbx}:{SIP_PORT}",
        )
        self._dialogs[dialog.call_id] = dialog
        more = f"Replaces: {replaces.replaces()}\r\nRequire: replaces\r\n" if replaces else ""
        status = await self._ask(dialog, "INVITE", more=more, sdp=self._sdp("sendrecv"))
        assert status == 200, f"the PBX answered {status} to {self.name}'s call to {number}"
        return dialog

    async def rings(self) -> Dialog:
        """The next call to the phone; it rings until `answer`."""
        return await asyncio.wait_for(self._incoming.get(), _ANSWER)

    async def answer(self) -> Dialog:
        dialog = await self.rings()
        self._reply(dialog.invite, 200, dialog.mine, self._sdp("sendrecv"), self.says)
        await asyncio.wait_for(dialog.up.wait(), _ANSWER)
        return dialog

    async def hold(self, dialog: Dialog) -> None:
        """The phone's hold key, as most phones press it by themselves before the second call of a transfer."""
        assert await self._ask(dialog, "INVITE", sdp=self._sdp("sendonly")) == 200

    async def says_again(self, dialog: Dialog) -> None:
        """Who has the phone, in the middle of the call."""
        assert await self._ask(dialog, "INVITE", more=self.says, sdp=self._sdp("sendrecv")) == 200

    async def transfer(self, dialog: Dialog, to: str | Dialog) -> int:
        """The transfer key: blind to a number, or attended to the phone's other call. The PBX's answer to REFER."""
        if isinstance(to, Dialog):
            number = re.search(r"<sips?:([^@>]+)@", to.theirs)
            target = (
                f"sip:{number[1] if number else ''}@{self._pbx}:{SIP_PORT}?Replaces={quote(to.replaces(), safe='')}"
            )
        else:
            target = f"sip:{to}@{self._pbx}:{SIP_PORT}"
        more = f"Refer-To: <{target}>\r\nReferred-By: <sip:{self.name}@{self.address}>\r\n"
        return await self._ask(dialog, "REFER", more=more)

    def hang_up(self, dialog: Dialog) -> None:
        self._send(dialog, "BYE")
        dialog.ended.set()

    # ------------------------------------------------------------ SIP

    def datagram_received(self, data: bytes, addr: object) -> None:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        if not first:
            return  # a keep-alive
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        dialog = self._dialogs.get(headers["call-id"])
        if first.startswith("SIP/2.0"):
            if dialog is not None:
                self._answered(dialog, int(first.split()[1]), headers)
        else:
            self._asked(first.split()[0], dialog, headers)
            told = re.match(r"SIP/2\.0 ([2-6]\d\d)", body)
            if dialog is not None and told:
                dialog.transferred.put_nowait(int(told[1]))

    def _asked(self, method: str, dialog: Dialog | None, headers: dict[str, str]) -> None:
        if method == "ACK":
            if dialog is not None:
                dialog.up.set()
            return
        if method == "INVITE" and dialog is None:
            dialog = Dialog(
                call_id=headers["call-id"],
                mine=f"{headers['to']};tag={uuid.uuid4().hex[:8]}",
                theirs=headers["from"],
                target=_address(headers["contact"]),
                invite=headers,
            )
            self._dialogs[dialog.call_id] = dialog
            self._reply(headers, 180, dialog.mine, more=self.says)
            self._incoming.put_nowait(dialog)
        elif method == "INVITE":
            self._reply(headers, 200, sdp=self._sdp("sendrecv"))
        else:
            self._reply(headers, 200)
            if method in ("BYE", "CANCEL") and dialog is not None:
                dialog.ended.set()

    def _answered(self, dialog: Dialog, status: int, headers: dict[str, str]) -> None:
        if status < 200:
            return
        if headers["cseq"].endswith("INVITE"):
            if status < 300:
                dialog.theirs, dialog.target = headers["to"], _address(headers["contact"])
                dialog.up.set()
            self._send(dialog, "ACK", cseq=int(headers["cseq"].split()[0]))
        dialog.answers.put_nowait((status, headers["cseq"], headers))

    async def _ask(self, dialog: Dialog, method: str, *, more: str = "", sdp: str = "") -> int:
        """Sends the request until it is answered. The final status."""
        dialog.cseq += 1
        wanted = f"{dialog.cseq} {method}"
        branch = _branch()
        loop = asyncio.get_running_loop()
        until = loop.time() + _ANSWER
        while loop.time() < until:
            self._send(dialog, method, more=more, sdp=sdp, cseq=dialog.cseq, branch=branch)
            try:
                async with asyncio.timeout(_AGAIN):
                    while True:
                        status, cseq, _ = await dialog.answers.get()
                        if cseq == wanted:
                            return status
            except TimeoutError:
                pass
        raise TimeoutError(f"the PBX did not answer {self.name}'s {method} within {_ANSWER:g} s")

    def _send(
        self, dialog: Dialog, method: str, *, more: str = "", sdp: str = "", cseq: int | None = None, branch: str = ""
    ) -> None:
        if cseq is None:
            dialog.cseq += 1
            cseq = dialog.cseq
        self._put(
            f"{method} {dialog.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address}:{SIP_PORT};branch={branch or _branch()}\r\nMax-Forwards: 70\r\n"
            f"From: {dialog.mine}\r\nTo: {dialog.theirs}\r\nCall-ID: {dialog.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{self.name}@{self.address}:{SIP_PORT}>\r\n"
            f"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n{more}",
            sdp,
        )

    def _reply(self, request: dict[str, str], status: int, to: str = "", sdp: str = "", more: str = "") -> None:
        reason = {180: "Ringing", 200: "OK"}[status]
        self._put(
            f"SIP/2.0 {status} {reason}\r\nVia: {request['via']}\r\nFrom: {request['from']}\r\n"
            f"To: {to or request['to']}\r\nCall-ID: {request['call-id']}\r\nCSeq: {request['cseq']}\r\n"
            f"Contact: <sip:{self.name}@{self.address}:{SIP_PORT}>\r\n{more}",
            sdp,
        )

    def _put(self, head: str, sdp: str) -> None:
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        text = f"{head}{kind}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        self._transport.sendto(text.encode(), (self._pbx, SIP_PORT))

    def _sdp(self, direction: str) -> str:
        port = self._sound.getsockname()[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
        )


def _address(contact: str) -> str:
    found = re.search(r"<([^>]*)>", contact)
    return found[1] if found else contact


def _branch() -> str:
    return f"z9hG4bK{uuid.uuid4().hex}"
