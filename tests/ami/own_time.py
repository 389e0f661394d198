"""A clock for an event loop in which both ends of a connection live: it stands still while they are kept from working.

What is tested with small times (silence, watchdogs, leases) must not depend on how busy the machine is. On this clock
a second is a second in which the loop had nothing else to do than to wait. A turn of the loop takes a tenth of a
millisecond, however long it computes or is kept from it.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TURN = 0.0001


@contextmanager
def own_time(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The loop goes by this clock until the block ends; then by the usual one, which is never behind it."""
    selector: Any = loop._selector  # type: ignore[attr-defined]
    select, now = selector.select, loop.time()

    def wait(timeout: float | None = None) -> Any:
        nonlocal now
        now += _TURN
        # What has come already is handled before any timer, however late we are.
        if (ready := select(0)) or timeout == 0:
            return ready
        before = time.monotonic()
        ready = select(timeout)
        waited = time.monotonic() - before
        now += waited if timeout is None else min(waited, timeout)
        return ready

    selector.select, loop.time = wait, lambda: now  # type: ignore[method-assign]
    try:
        yield
    finally:
        del selector.select, loop.time
