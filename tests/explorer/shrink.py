"""A way to a broken rule, made as short as it can be."""

from dataclasses import replace

from explorer.model import Violation
from explorer.rest import come_to_rest
from explorer.rules import check_always
from explorer.starts import start
from explorer.stimuli import do, faults_of, possible
from explorer.walk import Found, Taken


def again(found: Found, steps: list[Taken]) -> Found | None:
    """What happens on this way; None: nothing is wrong, or it cannot be gone."""
    node = start(found.start, slow=found.slow, faults=found.faults)
    for index, (stimulus, fault) in enumerate(steps):
        if stimulus not in possible(node, everything=True):
            return None
        before = node.copy()
        try:
            if fault:
                clean = node.copy()
                do(clean, stimulus)
                if not node.faults or fault not in faults_of(clean):
                    return None
            do(node, stimulus, fault)
            check_always(node, before.world.calls)
        except Violation as violation:
            return replace(found, steps=steps[: index + 1], what=str(violation), at_rest=False)
    try:
        come_to_rest(node, set())
    except Violation as violation:
        return replace(found, steps=steps, what=str(violation), at_rest=True)
    return None


def shrunk(found: Found) -> Found:
    """Leaves out whatever can be left out, and what goes wrong without need."""
    changed = True
    while changed:
        changed = False
        for index in reversed(range(len(found.steps))):
            steps = found.steps
            stimulus, fault = steps[index]
            shorter = again(found, steps[:index] + steps[index + 1 :])
            if shorter is None and fault:
                shorter = again(found, [*steps[:index], (stimulus, ""), *steps[index + 1 :]])
            if shorter is not None:
                found, changed = shorter, True
                break
    return found
