"""A scripted AMI server on loopback: real TCP, with every fault that a test asks for."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType

WITHIN = 5.0
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


class Action(dict[str, str]):
    """An action as received: the last value of each header, and every line of a repeated one."""

    def __init__(self, raw: bytes) -> None:
        self._lines = [line.split(": ", 1) for line in raw.decode().removesuffix("\r\n\r\n").split("\r\n")]
        super().__init__((key, value) for key, value in self._lines)

    def lines(self, key: str) -> list[str]:
        return [value for name, value in self._lines if name == key]


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in headers).encode() + b"\r\n"


def event(name: str, **headers: str) -> bytes:
    return encode([("Event", name), *headers.items()])


class Peer:
    """The server's end of one connection. Logins and pings are answered by the script, the rest is up to the test."""

    def __init__(self, server: "ScriptedServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.username = ""
        self.login: dict[str, str] = {}
        self.pings = 0
        self.gone = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._actions: asyncio.Queue[Action] = asyncio.Queue(1000)

    async def serve(self) -> None:
        server = self.server
        server.connections += 1
        server.latest = self
        try:
            if server.close_at_once:
                return
            self.send(server.banner)
            while True:
                raw = await self._reader.readuntil(b"\r\n\r\n")
                action = Action(raw)
                match action["Action"]:
                    case "Login":
                        self._log_in(action)
                    case "Ping":
                        self.pings += 1
                        if server.answer_pings:
                            self.reply(action, Ping="Pong")
                    case _:
                        server.actions.append(action)
                        self._actions.put_nowait(action)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()
            self.gone.set()

    def _log_in(self, action: Action) -> None:
        self.login = action
        self.username = action["Username"]
        self.server.logins.append(self.username)
        answer = self.server.on_login(action)
        if answer is True:
            self.reply(action, Message="Authentication accepted")
            self.server.arrived(self)
        elif answer is False:
            self.refuse(action, "Authentication failed")
        elif answer is not None:
            self.refuse(action, answer)

    async def expect(self, name: str) -> Action:
        """The next action, which must have this name."""
        async with asyncio.timeout(WITHIN):
            action = await self.next_action()
        assert action["Action"] == name
        return action

    async def next_action(self) -> Action:
        """The next action, whenever it comes."""
        return await self._actions.get()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def send_split(self, data: bytes, *cuts: int) -> None:
        """Sends in pieces, each of which is flushed before the next one."""
        for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
            self.send(data[start:end])
            await self._writer.drain()
            await asyncio.sleep(0.005)  # Nagle is off, so this makes them separate reads.

    def reply(self, action: Action, **headers: str) -> None:
        self.send(encode([("Response", "Success"), ("ActionID", action["ActionID"]), *headers.items()]))

    def refuse(self, action: Action, message: str) -> None:
        self.send(encode([("Response", "Error"), ("ActionID", action["ActionID"]), ("Message", message)]))

    def reply_list(self, action: Action, row: str, *rows: dict[str, str], said: int | None = None) -> None:
        self.reply(action, EventList="start", Message="will follow")
        for headers in rows:
            self.send(event(row, ActionID=action["ActionID"], **headers))
        items = str(len(rows) if said is None else said)
        self.send(event(f"{row}Complete", ActionID=action["ActionID"], EventList="Complete", ListItems=items))

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    def half_close(self) -> None:
        self._writer.write_eof()


class ScriptedServer:
    """Listens while it is entered. Change its fields to change how it behaves towards what comes next."""

    def __init__(self) -> None:
        self.banner = BANNER
        self.close_at_once = False
        self.answer_pings = True
        self.on_login: Callable[[Action], bool | str | None] = lambda action: action["Secret"] == "right"
        """True accepts, False refuses the secret, a text is another refusal, None leaves it unanswered."""
        self.connections = 0
        self.logins: list[str] = []
        self.actions: list[Action] = []
        self.latest: Peer | None = None
        self.port = 0
        self._arrivals: dict[str, asyncio.Queue[Peer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=WITHIN)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(Peer(self, reader, writer).serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def arrived(self, peer: Peer) -> None:
        self._queue(peer.username).put_nowait(peer)

    async def peer(self, username: str) -> Peer:
        """The next connection that logs in under this name."""
        async with asyncio.timeout(WITHIN):
            return await self._queue(username).get()

    def _queue(self, username: str) -> asyncio.Queue[Peer]:
        return self._arrivals.setdefault(username, asyncio.Queue(100))
