"""A small AMI client for instruments: the phone bank and the observers of tests.

It is not the product's link to Asterisk and shares no code with it, so that a fault there cannot hide itself here.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

Message = dict[str, str]
"""One AMI message. Lines of a header that repeats (`Output`, `ChanVariable`, `Variable`) are joined with newlines."""

_REPEATED = frozenset({"Output", "ChanVariable", "Variable"})


class AmiError(Exception):
    """Asterisk answered `Response: Error`, or the connection is gone."""


class AmiClient:
    """One logged-in AMI session. Events go to every listener in the order in which Asterisk sent them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._lists: dict[str, list[Message]] = {}
        self._listeners: list[Callable[[Message], None]] = []
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, host: str, port: int, user: str, secret: str, *, events: str = "on") -> Self:
        """Raises OSError where nobody listens, AmiError where the login is refused."""
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
        client = cls(reader, writer)
        try:
            await client.action("Login", Username=user, Secret=secret, Events=events)
        except BaseException:
            await client.close()
            raise
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        return not self._task.done()

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._task
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def action(
        self, name: str, *, variables: Mapping[str, str] | None = None, within: float = 10, **headers: object
    ) -> Message:
        """Sends one action and returns its answer.

        Raises:
            AmiError: the answer is an error, or the connection broke.
            TimeoutError: no answer within `within` seconds.
        """
        number, future = self._register()
        try:
            await self._send(name, number, variables or {}, headers)
            answer = await asyncio.wait_for(future, within)
        finally:
            self._answers.pop(number, None)
        if answer.get("Response") == "Error":
            raise AmiError(f"{name}: {answer.get('Message') or answer.get('Output')}")
        return answer

    async def list_action(self, name: str, *, within: float = 10, **headers: object) -> list[Message]:
        """Sends an action that is answered by a list of events, and returns these without the closing one."""
        number, future = self._register()
        items = self._lists[number] = []
        try:
            await self._send(name, number, {}, headers)
            answer = await asyncio.wait_for(future, within)
        finally:
            self._answers.pop(number, None)
            self._lists.pop(number, None)
        if answer.get("Response") == "Error":
            raise AmiError(f"{name}: {answer.get('Message')}")
        return items

    async def command(self, line: str) -> str:
        """The output of one CLI command."""
        return (await self.action("Command", Command=line)).get("Output", "")

    def listen(self, listener: Callable[[Message], None]) -> Callable[[], None]:
        """Calls `listener` with every event from now on. Returns what stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextlib.contextmanager
    def expect(self, wanted: Callable[[Message], bool]) -> Iterator["asyncio.Future[Message]"]:
        """Inside the block: a future of the first event that is `wanted`. Enter it before causing the event."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def look(message: Message) -> None:
            if not future.done() and wanted(message):
                future.set_result(message)

        stop = self.listen(look)
        try:
            yield future
        finally:
            stop()
            future.cancel()

    def _register(self) -> tuple[str, "asyncio.Future[Message]"]:
        if self._task.done():
            raise AmiError("the connection to Asterisk is closed")
        number = f"bank-{next(self._numbers)}"
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        return number, future

    async def _send(self, name: str, number: str, variables: Mapping[str, str], headers: Mapping[str, object]) -> None:
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        lines += [f"Variable: {key}={value}" for key, value in variables.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError(f"a line break in an AMI action: {lines}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._writer.drain()

    async def _read(self) -> None:
        try:
            await self._reader.readline()  # the banner
            while True:
                self._dispatch(_parse(await self._reader.readuntil(b"\r\n\r\n")))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(AmiError("the connection to Asterisk broke"))

    def _dispatch(self, message: Message) -> None:
        number = message.get("ActionID", "")
        future = self._answers.get(number)
        items = self._lists.get(number)
        if "Response" in message and "Event" not in message:  # OriginateResponse is an event that has both
            if future and not future.done() and (items is None or message["Response"] == "Error"):
                future.set_result(message)
        elif items is not None and future and not future.done():
            if message.get("EventList") == "Complete":
                future.set_result(message)
            else:
                items.append(message)
        else:
            for listener in tuple(self._listeners):
                listener(message)


def _parse(block: bytes) -> Message:
    message: Message = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ")
        message[key] = f"{message[key]}\n{value}" if key in _REPEATED and key in message else value
    return message
