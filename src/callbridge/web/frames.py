"""One event in each form that goes over the wire, made once for all clients."""

from dataclasses import dataclass
from functools import cached_property

from callbridge.domain.model.ids import AgentId


@dataclass(frozen=True)
class Frame:
    seq: int
    event_id: str
    kind: str
    data: bytes
    """JSON."""
    to: frozenset[AgentId] | None
    """None: everybody."""

    def concerns(self, agent: AgentId | None) -> bool:
        """`agent` None: a client that gets everything."""
        return agent is None or self.to is None or agent in self.to

    @cached_property
    def websocket(self) -> bytes:
        """One unmasked, final text frame of RFC 6455."""
        payload = b'{"id":"%b","type":"%b","data":%b}' % (self.event_id.encode(), self.kind.encode(), self.data)
        size = len(payload)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 1 << 16:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        return head + payload

    @cached_property
    def sse(self) -> bytes:
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (self.event_id.encode(), self.kind.encode(), self.data)

    @cached_property
    def sse_chunked(self) -> bytes:
        return chunk(self.sse)


def chunk(data: bytes) -> bytes:
    """As a chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)
