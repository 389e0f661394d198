"""What people of the crowd do, and how often in a hundred times or so; and how they wait for one thing of several."""

import asyncio
from collections.abc import Coroutine
from typing import Any

CROSSED = {
    "call_ended",
    "not_talking",
    "not_your_call",
    "offer_ended",
    "outcome_unknown",
    "transfer_ended",
    "transfer_under_way",
    "unknown_call",
    "unknown_offer",
    "unknown_transfer",
}
"""Refusals that a request may meet because something else happened first."""
ANSWERS = {
    "button": 30,
    "phone": 30,
    "reject": 8,
    "decline": 8,
    "ignore": 4,
    "busy": 5,
    "button, no phone": 3,
    "caller leaves": 6,
    "button, caller leaves": 6,
}
TALKS = {
    "caller hangs up": 26,
    "agent's phone hangs up": 20,
    "agent's button hangs up": 14,
    "both hang up": 6,
    "soft": 8,
    "hard": 8,
    "group": 8,
    "group, then hangs up": 4,
    "empty group": 4,
    "soft, then cancels": 4,
    "goes busy": 4,
}
MANY_OFFERS = 8
"""After so many a call comes to its end: taken, and ended by the caller."""


async def first_of(*waits: Coroutine[Any, Any, Any]) -> set[int]:
    """Returns once one of them has come, and says which, by their places; nobody waits for the others any more."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return {place for place, task in enumerate(tasks) if task.done()}
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
