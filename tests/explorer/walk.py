"""The walks: breadth first to a depth, complete; beyond it at random.

A schedule is one sequence of stimuli, with what went wrong at each, from a start: it was carried out on the real engine
and checked after its every step, and from its end all was let come to rest, and checked again. None is counted twice: a
moment is reached by many ways, but what can follow on it is tried, and counted, on the first of them only; all that
could follow on the others is known then. Of a random walk only what is tried at its end is counted, and random walks
are longer than what is complete.

Breadth first, not depth first: so this is right also where the depth is limited, and the first violation that is found
is a shortest one.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from explorer.key import core
from explorer.model import Node, Violation
from explorer.rest import come_to_rest
from explorer.rules import check_always
from explorer.starts import start
from explorer.stimuli import Stimulus, do, faults_of, possible

Taken = tuple[Stimulus, str]
"""A stimulus, and what went wrong with the actions that followed."""
Way = tuple["Way", Taken] | None
"""How a moment was reached: the way before, and the last step."""

_LENGTH = 40
"""Steps of the longest random walks."""
_CONE = 2
"""Depth to which everything is tried at the end of each."""
_LIKELY = {
    "fact": 12,
    "arrives": 12,
    "snapshot": 6,
    "snapshot is taken": 4,
    "snapshot lacks": 0.3,
    "fact, to be repeated": 1,
    "picks up": 8,
    "gone": 1,
    "link is lost": 0.3,
    "link comes back": 4,
    "link is found dead": 2,
    "link is found dead and comes back": 3,
    "gateway restarts": 0.3,
    "another takes the place": 1,
    "fallback takes": 1,
    "fallback sends back": 1,
    "time passes": 2,
    "a moment passes": 3,
    "logs out": 0.2,
    "busy": 0.3,
    "available": 3,
    "end": 0.3,
    "accept": 2,
    "reject": 0.5,
    "consult": 3,
    "consult when available": 1,
    "fourth": 3,
    "party mute": 0.5,
    "party unmute": 0.3,
    "turn ends": 0.5,
    "link stalls": 0.3,
    "link flows again": 3,
    "link comes back later": 2,
    "store answers": 6,
    "picks up without address": 1,
    "sounds early": 3,
    "phone holds": 0.5,
    "takes back": 3,
}
"""How often a random walk takes what it could: 1, where nothing is said."""


@dataclass
class Found:
    """A broken rule, and a way to it."""

    start: str
    slow: bool
    faults: int
    steps: list[Taken]
    what: str
    at_rest: bool
    """It is broken on the way to rest that follows the steps."""


@dataclass
class Result:
    start: str
    slow: bool
    depth: int = 0
    """To which the schedules are complete."""
    schedules: int = 0
    walks: int = 0
    states: set[int] = field(default_factory=set)
    """Keys of the moments that were met."""
    seconds: float = 0.0
    found: Found | None = None
    kinds: Counter[str] = field(default_factory=Counter)
    """How often each kind of stimulus was tried, and each thing that can go wrong."""


class Explorer:
    """All that is known of one start."""

    def __init__(self, name: str, *, slow: bool, faults: int = 1) -> None:
        self.faults = faults
        self.first = start(name, slow=slow, faults=faults)
        self.result = Result(start=name, slow=slow)
        self.expanded: set[int] = set()
        """Moments of which is known what can follow, with that many faults still to come."""
        self.calm: set[int] = set()

    # ------------------------------------------------------------ one step

    def take(self, node: Node, taken: Taken, way: Way) -> Node | None:
        """The moment after this; None: a rule is broken. Changes nothing of `node`."""
        after = node.copy()
        stimulus, fault = taken
        self.result.kinds[stimulus[0]] += 1
        if fault:
            self.result.kinds[f"; {fault}"] += 1
        try:
            do(after, *taken)
            check_always(after, node.world.calls)
        except Violation as violation:
            self._broken((way, taken), str(violation), at_rest=False)
            return None
        return after

    def rest(self, node: Node, way: Way) -> bool:
        """Whether it comes to a good rest from here."""
        try:
            come_to_rest(node.copy(), self.calm)
        except Violation as violation:
            self._broken(way, str(violation), at_rest=True)
            return False
        return True

    def _broken(self, way: Way, what: str, *, at_rest: bool) -> None:
        steps: list[Taken] = []
        while way is not None:
            way, taken = way
            steps.append(taken)
        result = self.result
        result.found = Found(result.start, result.slow, self.faults, steps[::-1], what, at_rest)

    # ------------------------------------------------------------ breadth first

    def exhaust(self, depth: int, until: float) -> None:
        """All schedules up to this depth, as far as the time (of `time.monotonic`) allows."""
        if self.rest(self.first, None):
            self.result.depth = self._cone(self.first, None, depth, until)

    def _cone(self, root: Node, way: Way, depth: int, until: float) -> int:
        """Everything that can follow on this moment. Returns the depth to which that was done."""
        reached = {self._key(root)}
        level = [(root, way)]
        for deep in range(1, depth + 1):
            following: list[tuple[Node, Way]] = []
            for node, so_far in level:
                if time.monotonic() > until or not self._expand(node, so_far, reached, following):
                    return deep - 1
            level = following
        return depth

    def _expand(self, node: Node, way: Way, reached: set[int], following: list[tuple[Node, Way]]) -> bool:
        """All that can happen at this moment, once; False: a rule is broken."""
        key = self._key(node)
        if key in self.expanded:
            return True
        self.expanded.add(key)
        for stimulus in possible(node):
            faults = [""]
            while faults:
                taken: Taken = (stimulus, faults.pop(0))
                after = self.take(node, taken, way)
                if after is None:
                    return False
                self.result.schedules += 1
                if not taken[1] and node.faults and after.faults == node.faults:
                    faults = faults_of(after)
                key = self._key(after)
                self.result.states.add(key)
                if key not in reached:
                    reached.add(key)
                    here: Way = (way, taken)
                    if not self.rest(after, here):
                        return False
                    following.append((after, here))
        return True

    @staticmethod
    def _key(node: Node) -> int:
        return hash((core(node), node.faults))

    # ------------------------------------------------------------ at random

    def wander(
        self, seed: int, until: float, *, beyond: int = 3, faults: int = 3, most: int | None = None, depth: int = _CONE
    ) -> None:
        """Random walks of at least `beyond` steps, and from the end of each everything again to a small depth.

        Until the time is over, or `most` of them are done.
        """
        choose = random.Random(f"{self.result.start} {self.result.slow} {seed}")
        self.faults = faults
        while time.monotonic() < until and self.result.found is None and self.result.walks != most:
            self.result.walks += 1
            length = choose.randint(beyond, _LENGTH)
            node, way, steps = self._walk(choose, length)
            if node is not None and self.rest(node, way) and steps == length:
                self._cone(node, way, depth, until)

    def _walk(self, choose: random.Random, length: int) -> tuple[Node | None, Way, int]:
        """Where it led, how, and in how many steps; nowhere: a rule is broken."""
        node, way = self.first.copy(), None
        node.faults = self.faults
        for steps in range(length):
            stimuli = possible(node, everything=True)
            if not stimuli:
                return node, way, steps
            weights = [_LIKELY.get(stimulus[0], 1) for stimulus in stimuli]
            taken: Taken = (choose.choices(stimuli, weights)[0], "")
            after = self.take(node, taken, way)
            if after is not None and node.faults and after.faults == node.faults and choose.random() < 0.1:
                wrong = faults_of(after)
                if wrong:
                    taken = (taken[0], choose.choice(wrong))
                    after = self.take(node, taken, way)
            if after is None:
                return None, None, steps
            node, way = after, (way, taken)
            self.result.states.add(self._key(node))
        return node, way, length
