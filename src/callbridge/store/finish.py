"""Database work that is not stopped in the middle.

A task can be cancelled at any `await`: a client hung up, the service stops. A driver that is interrupted
between sending and receiving leaves its connection, and with it perhaps a lock on the whole database, in
nobody's hands. So the work runs in a task of its own; whoever waits for it and is cancelled still waits
until the database has answered, and is cancelled then.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T], undo: Callable[[T], Coroutine[Any, Any, object]] | None = None) -> T:
    """The result of `work`. Cancelled meanwhile: work, then undo its result, then raise the cancellation."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        failed = task.cancelled() or task.exception() is not None
        if undo is not None and not failed:
            await finish(undo(task.result()))
        raise


def finished(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same method, not stopped in the middle."""

    @functools.wraps(method)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        return await finish(method(*args, **kwargs))

    return whole
