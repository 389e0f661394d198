"""What the checks need of an AMI session, so that a test can stand in for Asterisk."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from callbridge.ami.errors import ActionRefused
from callbridge.ami.framing import Message
from callbridge.ami.session import Session

Headers = Mapping[str, str | Sequence[str]]


class Asking(Protocol):
    """One logged-in AMI user. Errors are those of `callbridge.ami.errors`."""

    async def action(self, name: str, headers: Headers = ...) -> Message: ...

    async def list_action(self, name: str, headers: Headers = ...) -> list[Message]: ...


class Asked:
    """A session as the checks ask it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def action(self, name: str, headers: Headers | None = None) -> Message:
        return await self._session.request(name, headers or {})

    async def list_action(self, name: str, headers: Headers | None = None) -> list[Message]:
        return await self._session.request_list(name, headers or {})


async def variable(asking: Asking, name: str) -> str:
    """A global variable, or what a dialplan function says; empty where there is no such thing, or it is refused.

    Functions read without a channel, tried on Asterisk 22: IFMODULE, DIALPLAN_EXISTS, DEVICE_STATE, PJSIP_ENDPOINT.
    """
    try:
        return text(await asking.action("Getvar", {"Variable": name}), "Value")
    except ActionRefused:
        return ""


def text(message: Message, header: str) -> str:
    """The header's value; the first where it is repeated, empty where it is missing."""
    value = message.get(header, "")
    return value if isinstance(value, str) else (value[0] if value else "")
