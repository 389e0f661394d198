"""How much CPU an AMI event costs: a plain protocol with a dict, stock panoramisk, and callbridge's link, in one run.

    python tests/bench/bench_ami_ingest.py [CAPTURE] [--rounds 7] [--chunk 65536]

CAPTURE is a file of AMI events as Asterisk sent them, also gzipped; without one a small synthetic corpus is used. Only
the ratios mean anything: machines differ, and a round's best time is taken.
"""

import argparse
import asyncio
import gzip
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panoramisk.manager import Manager

from callbridge.ami.link import Link, Message, Session, SessionSettings

SEPARATOR = b"\r\n\r\n"
USED = frozenset(
    {"Newchannel", "Newstate", "Hangup", "Rename", "DialBegin", "DialEnd", "OriginateResponse", "UserEvent"}
)
USED |= {"BridgeCreate", "BridgeEnter", "BridgeLeave", "BridgeDestroy", "BlindTransfer", "AttendedTransfer"}
USED |= {"Hold", "Unhold", "DeviceStateChange"}
TEN = (
    "Newchannel Newstate Hangup DialBegin DialEnd BridgeCreate BridgeEnter BridgeLeave BridgeDestroy DeviceStateChange"
)
# About the mixture of a busy PBX with every event class on: most of it is VarSet and Newexten, which nobody here uses.
MIXTURE = {"VarSet": 46, "Newexten": 8, "RTCPSent": 6, "DeviceStateChange": 6, "Newstate": 5, "Newchannel": 4}
MIXTURE |= {"Hangup": 3, "NewConnectedLine": 3, "BridgeEnter": 3, "BridgeLeave": 3, "DialBegin": 3, "DialEnd": 3}
MIXTURE |= {"DialState": 7}
Feed = Callable[[bytes], None]
Count = Callable[[], int]


class _NoTransport(asyncio.Transport):
    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        pass


def synthetic() -> bytes:
    """1,000 events of about 390 bytes; as in real captures, one in five has an empty last header."""
    made: list[bytes] = []
    for turn in range(10):
        for name, share in MIXTURE.items():
            for one in range(share):
                number = f"{turn}{one:03d}"
                lines = [f"Event: {name}", "Privilege: call,all", f"Channel: PJSIP/agent-{number:0>8}"]
                lines += ["ChannelState: 6", "ChannelStateDesc: Up", "CallerIDNum: 15551230000", "CallerIDName: Анна"]
                lines += ["ConnectedLineNum: <unknown>", "ConnectedLineName: <unknown>", "Language: en"]
                lines += ["AccountCode: ", "Context: callbridge", f"Exten: {number}", "Priority: 1"]
                lines += [f"Uniqueid: 1700000000.{number}", f"Linkedid: 1700000000.{number}"]
                lines += ["Variable: CALLBRIDGE_DATA", "Value: " if one % 5 == 0 else "Value: some value"]
                made.append("\r\n".join(lines).encode())
    return SEPARATOR.join([*made, b""])


def plain() -> tuple[Feed, Count]:
    class Plain(asyncio.Protocol):
        rest = b""
        seen = 0

        def data_received(self, data: bytes) -> None:
            pieces = (self.rest + data).split(SEPARATOR)
            self.rest = pieces.pop()
            for piece in pieces:
                headers: dict[str, str] = {}
                for line in piece.decode("utf-8", "replace").split("\r\n"):
                    key, _, value = line.partition(": ")
                    headers[key] = value
                self.seen += 1

    protocol = Plain()
    return protocol.data_received, lambda: protocol.seen


def stock(*names: str) -> tuple[Feed, Count]:
    seen = 0

    def count(manager: Any, event: Any) -> None:
        nonlocal seen
        seen += 1

    manager = Manager(loop=asyncio.get_running_loop(), log=logging.getLogger("bench"))
    for name in names:
        manager.register_event(name, count)
    protocol = manager.config["protocol_factory"]()
    protocol.connection_made(_NoTransport())
    protocol.factory = manager
    protocol.version = "bench"
    protocol.encoding = "utf8"
    return protocol.data_received, lambda: seen


def ours(wanted: frozenset[str]) -> tuple[Feed, Count]:
    seen = 0

    def count(message: Message) -> None:
        nonlocal seen
        seen += 1

    settings = SessionSettings(host="127.0.0.1", username="bench", secret="bench")
    link = Link(
        events=settings,
        actions=settings,
        wanted=wanted,
        on_event=count,
        on_up=lambda: None,
        on_down=lambda reason: None,
    )
    link._up = True  # Without a connection: only what an event costs is of interest.
    session = Session(
        settings,
        role="events",
        events=True,
        wanted=wanted,
        on_event=link._event,
        on_lost=lambda reason: None,
        counters=link.counters,
    )
    session.received(b"Asterisk Call Manager/11.0.0\r\n")
    return session.received, lambda: seen


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--chunk", type=int, default=65_536, help="bytes in one read")
    options = parser.parse_args()
    data = synthetic()
    if options.capture:
        data = options.capture.read_bytes()
        if options.capture.suffix == ".gz":
            data = gzip.decompress(data)
    data *= max(1, 4_000_000 // len(data))
    total = data.count(SEPARATOR)
    names = frozenset(raw.partition(b"\r\n")[0].removeprefix(b"Event: ").decode() for raw in data.split(SEPARATOR))
    chunks = [data[at : at + options.chunk] for at in range(0, len(data), options.chunk)]
    kinds: dict[str, Callable[[], tuple[Feed, Count]]] = {
        "plain protocol, every event to a dict": plain,
        "callbridge, every event wanted": lambda: ours(names),
        f"callbridge, {len(USED)} names wanted": lambda: ours(USED),
        "panoramisk, one * callback": lambda: stock("*"),
        "panoramisk, ten names": lambda: stock(*TEN.split()),
    }
    best = dict.fromkeys(kinds, float("inf"))
    seen = dict.fromkeys(kinds, 0)
    for _ in range(options.rounds):
        for kind, make in kinds.items():
            feed, count = make()
            began = time.process_time()
            for chunk in chunks:
                feed(chunk)
            best[kind] = min(best[kind], time.process_time() - began)
            seen[kind] = count()
    base = best["plain protocol, every event to a dict"]
    print(f"{total} events, {len(data) / total:.0f} bytes each, reads of {options.chunk} bytes")
    for kind, seconds in best.items():
        line = f"{kind:40s} {seconds / total * 1e6:7.2f} us/event {seconds / base:6.2f} of plain"
        print(f"{line}   {seen[kind]} delivered")


if __name__ == "__main__":
    asyncio.run(main())
