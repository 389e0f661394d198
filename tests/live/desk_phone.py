"""A SIP phone of the tests' own, over UDP and with sound, for the keys that the phone bank does not have.

The bank's phones are an Asterisk, which never presses hold, nor declines before it has rung. This one does as it is
told: RFC 3261 as far as one PBX on loopback needs it, PCMU in RTP packets of 20 ms.
"""

import asyncio
import contextlib
import hashlib
import itertools
import math
import re
import secrets
import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from callbridge.demo.instance import SIP_PORT
from callbridge.demo.lab import Lab
from callbridge.demo.sound import Hearing, analyse
from callbridge.demo.tones import AMPLITUDE, RATE, _mu_law

_PACKET = 160
"""Samples: 20 ms."""
_WITHIN = 15.0
_REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here", 487: "Request Terminated", 603: "Decline"}
_MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly"}


def _decode_mu_law() -> np.ndarray:
    """Sample of each byte, by ITU-T G.711."""
    inverted = ~np.arange(256) & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + 132) << ((inverted & 0x70) >> 4)) - 132
    return np.where(inverted & 0x80, -magnitude, magnitude).astype(float)


_SAMPLES = _decode_mu_law()


@dataclass(frozen=True, kw_only=True)
class SipMessage:
    first: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def read(cls, data: bytes) -> "SipMessage":
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        fields = (line.partition(":") for line in lines)
        return cls(first=first, headers=tuple((name.strip().lower(), v.strip()) for name, _, v in fields), body=body)

    def get(self, name: str) -> str:
        return next((value for each, value in self.headers if each == name), "")

    @property
    def method(self) -> str:
        return self.get("cseq").rpartition(" ")[2]

    @property
    def code(self) -> int:
        """0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else 0

    def response(self, code: int, *more: str, tag: str = "", sdp: str = "") -> str:
        echoed = [f"Via: {value}" for name, value in self.headers if name == "via"]
        to = self.get("to") if not tag or "tag=" in self.get("to") else f"{self.get('to')};tag={tag}"
        echoed += [f"From: {self.get('from')}", f"To: {to}", f"Call-ID: {self.get('call-id')}"]
        first = f"SIP/2.0 {code} {_REASONS.get(code, 'Because')}"
        return _message(first, *echoed, f"CSeq: {self.get('cseq')}", *more, sdp=sdp)


def _message(first: str, *headers: str, sdp: str = "") -> str:
    kind = ["Content-Type: application/sdp"] if sdp else []
    return "\r\n".join([first, *headers, *kind, f"Content-Length: {len(sdp)}", "", sdp])


class SipPhone(asyncio.DatagramProtocol):
    """`async with SipPhone(lab, "paul") as phone:` is registered as this foreign agent of the lab."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.name = name
        self.host = lab.foreign_address
        self.declines_with = 0
        """Do not disturb: every call is declined with this status before it rings."""
        self.declined = 0
        self._lab = lab
        self._password = lab.endpoint(name).password
        self._tone = _tone(lab.voices[name])
        self._calls: dict[str, SipCall] = {}
        self._rung: asyncio.Queue[SipCall] = asyncio.Queue()
        self._registered: asyncio.Future[None]
        self._registration = secrets.token_hex(8)
        self._cseq = itertools.count(1)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))
        self._transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]
        self._registered = loop.create_future()
        self._register("")
        async with asyncio.timeout(_WITHIN):
            await self._registered
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self._calls.values():
            call.silence()
        self._transport.close()

    async def rings(self) -> "SipCall":
        """The next call that comes in."""
        async with asyncio.timeout(_WITHIN):
            return await self._rung.get()

    @property
    def contact(self) -> str:
        return f"Contact: <sip:{self.name}@{self.host}:{self.port}>"

    @property
    def sources(self) -> dict[str, int]:
        return self._lab.bank.sources

    def tone(self, packet: int) -> bytes:
        """The sound of one packet, by its number."""
        start = packet * _PACKET % len(self._tone)
        return self._tone[start : start + _PACKET]

    def send(self, text: str) -> None:
        self._transport.sendto(text.encode(), (self._lab.pbx.address, SIP_PORT))

    def via(self) -> str:
        return f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{secrets.token_hex(6)};rport"

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = SipMessage.read(data)
        call = self._calls.get(message.get("call-id"))
        if message.code:
            if message.method == "REGISTER":
                self._registering(message)
            elif call is not None:
                call.answered_by(message)
        elif call is not None:
            call.asked(message)
        elif message.method == "INVITE" and self.declines_with:
            self.declined += 1
            self.send(message.response(self.declines_with, tag=secrets.token_hex(4)))
        elif message.method == "INVITE":
            call = self._calls[message.get("call-id")] = SipCall(self, message)
            self.send(message.response(180, self.contact, tag=call.tag))
            self._rung.put_nowait(call)
        elif message.method != "ACK":
            self.send(message.response(200, tag=secrets.token_hex(4)))

    # ------------------------------------------------------------ registration

    def _register(self, authorization: str) -> None:
        me = f"<sip:{self.name}@{self._lab.pbx.address}>"
        headers = [self.via(), "Max-Forwards: 70", f"From: {me};tag={self._registration}", f"To: {me}"]
        headers += [f"Call-ID: {self._registration}", f"CSeq: {next(self._cseq)} REGISTER", self.contact]
        headers += ["Expires: 3600", *([authorization] if authorization else [])]
        self.send(_message(f"REGISTER sip:{self._lab.pbx.address} SIP/2.0", *headers))

    def _registering(self, answer: SipMessage) -> None:
        if answer.code == 401:
            self._register(self._authorization(answer.get("www-authenticate")))
        elif not self._registered.done():
            self._registered.set_result(None)

    def _authorization(self, challenge: str) -> str:
        """RFC 7616 with MD5, which is what Asterisk asks for."""
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        uri, once = f"sip:{self._lab.pbx.address}", secrets.token_hex(4)
        who = _md5(f"{self.name}:{asked['realm']}:{self._password}")
        proof = _md5(f"{who}:{asked['nonce']}:00000001:{once}:auth:{_md5(f'REGISTER:{uri}')}")
        given = {"username": self.name, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
        given |= {"response": proof, "cnonce": once, "opaque": asked.get("opaque", "")}
        quoted = ", ".join(f'{name}="{value}"' for name, value in given.items())
        return f"Authorization: Digest {quoted}, algorithm=MD5, qop=auth, nc=00000001"


@dataclass
class SipCall:
    """A call that came in, with what its phone hears."""

    phone: SipPhone
    invite: SipMessage
    direction: str = "sendrecv"
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        found = re.search(r"<([^>]*)>", self.invite.get("contact"))
        assert found is not None
        self._remote_uri = found[1]
        self._remote_sound = _address(self.invite.body)
        self._cseq = itertools.count(1)
        self._version = itertools.count(1)
        self._answers: dict[str, asyncio.Future[int]] = {}
        self._acknowledged = asyncio.Event()
        self._heard = bytearray()
        self._socket: socket.socket | None = None
        self._singing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ the phone's keys

    async def answer(self, *, address: str = "") -> Self:
        """Picks up. `address`: what the answer says of where sound is awaited; `0.0.0.0` says hold, as browsers do."""
        self._open()
        sdp = self._sdp(address=address)
        self.phone.send(self.invite.response(200, self.phone.contact, tag=self.tag, sdp=sdp))
        async with asyncio.timeout(_WITHIN):
            await self._acknowledged.wait()
        return self

    async def hold(self, direction: str = "sendonly") -> None:
        await self._reinvite(direction)

    async def take_back(self) -> None:
        await self._reinvite("sendrecv")

    async def _reinvite(self, direction: str) -> None:
        self.direction = direction
        assert await self._request("INVITE", self.phone.contact, sdp=self._sdp()) == 200

    def decline(self, code: int = 603) -> None:
        self.phone.send(self.invite.response(code, tag=self.tag))
        self.silence()

    async def hang_up(self) -> None:
        await self._request("BYE")
        self.silence()

    async def hears(self, seconds: float = 0.6) -> Hearing:
        """What comes in during this time, apart from what sounds a moment before."""
        self._heard.clear()
        await asyncio.sleep(seconds)
        return analyse(_SAMPLES[np.frombuffer(bytes(self._heard), dtype=np.uint8)], self.phone.sources)

    def silence(self) -> None:
        """It is over: nothing is sent and heard any more."""
        self.ended.set()
        if self._singing is not None:
            self._singing.cancel()
        if self._socket is not None:
            self._socket.close()

    # ------------------------------------------------------------ in the dialog

    def asked(self, request: SipMessage) -> None:
        """The PBX wants something in this call."""
        match request.method:
            case "ACK":
                self._acknowledged.set()
            case "CANCEL":
                self.phone.send(request.response(200, tag=self.tag))
                self.phone.send(self.invite.response(487, tag=self.tag))
                self.silence()
            case "INVITE" if self._socket is not None:
                self._remote_sound = _address(request.body) or self._remote_sound
                direction = _MIRRORED.get(self.direction, self.direction)
                sdp = self._sdp(direction=direction)
                self.phone.send(request.response(200, self.phone.contact, tag=self.tag, sdp=sdp))
            case "INVITE":
                self.phone.send(request.response(180, self.phone.contact, tag=self.tag))
            case method:
                self.phone.send(request.response(200, tag=self.tag))
                if method == "BYE":
                    self.silence()

    def answered_by(self, answer: SipMessage) -> None:
        if answer.code < 200:
            return
        if answer.method == "INVITE":
            self._remote_sound = _address(answer.body) or self._remote_sound
            self.phone.send(self._in_dialog("ACK", answer.get("cseq").split()[0]))
        waiting = self._answers.get(answer.get("cseq"))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.code)

    async def _request(self, method: str, *headers: str, sdp: str = "") -> int:
        """Asks the PBX in this call, and gives the status of the answer."""
        number = str(next(self._cseq))
        waiting = self._answers[f"{number} {method}"] = asyncio.get_running_loop().create_future()
        self.phone.send(self._in_dialog(method, number, *headers, sdp=sdp))
        async with asyncio.timeout(_WITHIN):
            return await waiting

    def _in_dialog(self, method: str, number: str, *headers: str, sdp: str = "") -> str:
        dialog = [self.phone.via(), "Max-Forwards: 70", f"From: {self.invite.get('to')};tag={self.tag}"]
        dialog += [f"To: {self.invite.get('from')}", f"Call-ID: {self.invite.get('call-id')}"]
        return _message(f"{method} {self._remote_uri} SIP/2.0", *dialog, f"CSeq: {number} {method}", *headers, sdp=sdp)

    # ------------------------------------------------------------ sound

    def _sdp(self, *, address: str = "", direction: str = "") -> str:
        assert self._socket is not None
        where = address or self.phone.host
        lines = ["v=0", f"o=- 1 {next(self._version)} IN IP4 {self.phone.host}", "s=-", f"c=IN IP4 {where}", "t=0 0"]
        lines += [f"m=audio {self._socket.getsockname()[1]} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20"]
        return "\r\n".join([*lines, f"a={direction or self.direction}", ""])

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.phone.host, 0))
        self._socket.setblocking(False)
        self._singing = asyncio.create_task(self._sing(self._socket))

    async def _sing(self, sound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        source = secrets.token_bytes(4)
        begun = loop.time()
        for packet in itertools.count():
            with contextlib.suppress(OSError):
                while True:
                    self._heard += sound.recv(2048)[12:]
            if self._remote_sound is not None and self.direction == "sendrecv":
                head = bytes([0x80, 0]) + (packet & 0xFFFF).to_bytes(2, "big")
                head += (packet * _PACKET).to_bytes(4, "big") + source
                with contextlib.suppress(OSError):
                    sound.sendto(head + self.phone.tone(packet), self._remote_sound)
            await asyncio.sleep(max(0.001, begun + (packet + 1) * _PACKET / RATE - loop.time()))


def _address(sdp: str) -> tuple[str, int] | None:
    host, port = re.search(r"c=IN IP4 (\S+)", sdp), re.search(r"m=audio (\d+)", sdp)
    return (host[1], int(port[1])) if host and port else None


def _tone(hertz: int) -> bytes:
    """As many whole packets as whole periods, so that it has no seam when it begins again."""
    count = math.lcm(RATE // math.gcd(RATE, hertz), _PACKET)
    return bytes(_mu_law(round(AMPLITUDE * math.sin(math.tau * hertz * n / RATE))) for n in range(count))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
