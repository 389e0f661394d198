"""panoramisk, and the only file that imports it.

panoramisk 1.4 opens the connection, numbers the actions and writes them. What it is known to get wrong is left out of
the way: it sends unanswered actions again after a reconnect, never fails what waits when the connection drops, does not
look at the answers to its pings, retries a wrong secret for ever, loses empty last headers and split letters, and lets
an exception in a callback drop the connection. So a Manager here makes one connection, never a second one, gets neither
user name nor secret, and hands every byte that comes in to a `Receiver` instead of interpreting it.
"""

import asyncio
from typing import Any, Protocol

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from callbridge.ami.settings import SessionSettings


class Receiver(Protocol):
    """What one connection reports to, in the event loop's own calls: none of these may block or raise."""

    def connected(self, transport: asyncio.Transport) -> None: ...

    def received(self, data: bytes) -> None: ...

    def disconnected(self, error: Exception | None) -> None: ...


class Wire:
    """One panoramisk Manager for one connection."""

    def __init__(self, settings: SessionSettings, receiver: Receiver) -> None:
        self._manager = _OneConnection(
            host=settings.host,
            port=settings.port,
            ssl=settings.ssl,
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: _Bytes(receiver),
        )

    async def connect(self) -> None:
        """Opens the connection. Raises OSError, or UnicodeError for a host that cannot be a name."""
        await self._manager.connect()

    def action(self, headers: dict[str, str | list[str]]) -> tuple[str, Any]:
        """A panoramisk Action from checked headers, and its ActionID."""
        action = Action(headers, as_list=False)
        return action.id, action

    def send(self, action: Any) -> None:
        """Writes the action. The answer comes to the receiver like everything else."""
        self._manager.send_action(action, as_list=False)


class _OneConnection(Manager):  # type: ignore[misc]  # panoramisk has no types
    """A Manager that neither pings by itself nor tries again where it could not connect."""

    def connection_made(self, f: Any) -> None:
        if not f.cancelled() and f.exception() is None:  # else whoever awaits the connection hears it
            super().connection_made(f)
            self.pinger.cancel()


class _Bytes(AMIProtocol):  # type: ignore[misc]
    """A protocol that hands bytes over, keeps no table of answers, and never tells its Manager of a loss."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._receiver.connected(transport)

    def data_received(self, data: bytes) -> None:
        self._receiver.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._receiver.disconnected(exc)

    def send(self, data: Any, as_list: bool = False) -> Any:
        self.transport.write(str(data).encode())
        return data.future
