"""Meets every cell of both tables: by what happens for real in a call that is really there, or by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from provoke import FACTS, REQUESTS, asked
from scenes import CALL, ROUTING_SCENES, SUPERVISED_SCENES
from simulation import Simulation

from callbridge.domain.consult import table as consulting
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.facts import PhoneChanged
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing import table as routing

Cell = Callable[[Step, Call, Signal], None]
Row = dict[str, Cell]
Scene = Callable[[], Simulation]
Provoke = Callable[[Simulation], None]

TABLES: dict[str, dict[str, Row]] = {
    "routing": routing.TABLE,  # type: ignore[dict-item]
    "supervised": consulting.TABLE,  # type: ignore[dict-item]
}
SCENES: dict[str, dict[str, list[Scene]]] = {
    "routing": {state.value: scenes for state, scenes in ROUTING_SCENES.items()},
    "supervised": SUPERVISED_SCENES,
}
CELLS = [
    (machine, str(state), str(stimulus))
    for machine, table in TABLES.items()
    for state, row in table.items()
    for stimulus in row
]


def where(call: Call) -> str:
    """The state or stage whose column the call's next stimulus is looked up in."""
    return consulting.column_of(call) or call.state.value


@contextmanager
def watched(machine: str, state: str, met: Callable[[str, Step, Call], None]) -> Iterator[None]:
    """`met` is called after each cell of this column, with its stimulus and the call as the cell met it."""
    row = TABLES[machine][state]
    before = dict(row)

    def watch(stimulus: str, handler: Cell) -> Cell:
        def watching(step: Step, call: Call, signal: Signal) -> None:
            handler(step, call, signal)
            met(stimulus, step, call)

        return watching

    row.update({stimulus: watch(str(stimulus), handler) for stimulus, handler in before.items()})
    try:
        yield
    finally:
        row.update(before)


@cache
def _made(scene: Scene) -> Simulation:
    return scene()


def made(scene: Scene) -> Simulation:
    """The scene, played once for all who want it."""
    return _made(scene).copy()


def forget_scenes() -> None:
    _made.cache_clear()


def by_request(stimulus: str, index: int) -> Provoke:
    """The request of this number among all that could come for the call; nothing, where there are fewer."""

    def provoke(sim: Simulation) -> None:
        requests = asked(stimulus, sim)
        if index < len(requests):
            answered_once(sim, requests[index])

    return provoke


def for_real(stimulus: str, scene: Scene) -> list[Provoke]:
    if stimulus not in REQUESTS:
        return FACTS[stimulus]
    return [by_request(stimulus, index) for index in range(len(asked(stimulus, made(scene))))]


def answered_once(sim: Simulation, request: Signal) -> None:
    before = len(sim.effects)
    sim.give(request)
    replies = [effect for effect in sim.effects[before:] if isinstance(effect, Reply)]
    assert len(replies) == 1, f"{request} was answered {len(replies)} times"


def directly(sim: Simulation, machine: str, stimulus: str) -> None:
    """Nothing that happens leads to this cell here: the stimulus is handed to the table itself."""
    apply = consulting.apply if machine == "supervised" else routing.apply
    kind = consulting.Event if machine == "supervised" else routing.Stimulus
    requests = asked(stimulus, sim) if stimulus in REQUESTS else []
    signal = requests[0] if requests else PhoneChanged(phone="PJSIP/dan", state=PhoneState.IDLE)

    def handle(step: Step, signal: Signal) -> None:
        del sim.engine._handle
        apply(step, step.world.calls[CALL], kind(stimulus), signal)  # type: ignore[operator]

    sim.engine._handle = handle  # type: ignore[method-assign]
    (answered_once if requests else Simulation.give)(sim, signal)
