"""What the loop needs of the others, so that each of them can be a fake in a test."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from callbridge.domain.model.effects import PbxEffect, PublishAgent, PublishCall, StoreEffect
from callbridge.domain.model.signals import NobodyFree, Reserved


class Transaction(Protocol):
    async def apply(self, effects: Sequence[StoreEffect]) -> list[Reserved | NobodyFree]:
        """Performs them in this order; the answers are those of the `Reserve`s among them."""
        ...

    async def enqueue(self, messages: Sequence[Any]) -> None:
        """Puts webhook messages into the outbox."""
        ...


class Store(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...


class Actor(Protocol):
    def act(self, effects: Sequence[PbxEffect]) -> None:
        """Starts to perform these on the PBX, in this order, and returns at once."""
        ...


class Publisher(Protocol):
    def publish(self, effects: Sequence[PublishAgent | PublishCall]) -> None:
        """Hands these to the clients' queues; never waits."""
        ...


class Outbox(Protocol):
    def messages(self, effects: Sequence[PublishAgent | PublishCall]) -> Sequence[Any]:
        """What webhooks shall be told of this."""
        ...

    def saved(self) -> None:
        """What `messages` gave last is saved."""
        ...
