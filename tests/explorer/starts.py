"""The situations from which is explored. Each is told as a story, with everything settled between two lines."""

from collections.abc import Callable
from dataclasses import replace

from callbridge.domain.model.ids import CallId, GroupId
from callbridge.domain.model.settings import GroupSettings, Settings
from explorer.model import Node
from explorer.stimuli import FOURTH, OUTSIDE
from explorer.story import CALL, OPTIONS, Story, settings

Tell = Callable[[Story], None]


def _arriving(s: Story) -> None:
    s.ready("anna", "ben")
    s.arrive(settle=False)


def _asked(s: Story) -> None:
    """The store has been asked who is free, and has not answered."""
    _arriving(s)
    s.then("fact", "17.1", settle=False, fault="answer late")


def _waiting(s: Story) -> None:
    s.arrive()


def _offered(s: Story) -> None:
    s.ready("anna", "ben")
    s.arrive()


def _accepted(s: Story) -> None:
    _offered(s)
    s.then("accept", "anna", s.offer("anna"))


def _talking(s: Story) -> None:
    s.talk("ben", "cleo")


def _picked_up(s: Story) -> None:
    """Anna has picked up just now: the least time of a talk has not passed."""
    s.ready("anna", "ben")
    s.arrive()
    s.then("picks up", s.leg("anna"))


def _ringing(s: Story) -> None:
    s.talk("cleo")
    s.then("consult", "anna", CALL, "cleo")


def _ringing_group(s: Story) -> None:
    s.talk("cleo", "ben")
    s.then("consult", "anna", CALL, "sales")


def _ringing_outside(s: Story) -> None:
    s.talk("ben")
    s.then("consult", "anna", CALL, "outside")


def _heard_outside(s: Story) -> None:
    """Agent 1 hears what the number says before it answers."""
    _ringing_outside(s)
    s.then("sounds early", s.leg(OUTSIDE))


def _consulting(s: Story) -> None:
    s.consult()


def _consulting_outside(s: Story) -> None:
    s.consult("outside")


def _with_caller(s: Story) -> None:
    s.consult()
    s.verb("alternate")


def _conference(s: Story) -> None:
    s.consult()
    s.verb("merge")


def _fourth_rings(s: Story) -> None:
    s.consult()
    s.then("fourth", "anna", CALL)


def _four_way(s: Story) -> None:
    _fourth_rings(s)
    s.then("picks up", s.leg(FOURTH))


def _four_way_outside(s: Story) -> None:
    s.consult("outside")
    s.then("fourth", "anna", CALL)
    s.then("picks up", s.leg(FOURTH))


def _left_conference(s: Story) -> None:
    _four_way(s)
    s.verb("leave")


def _completing(s: Story) -> None:
    s.consult()
    s.verb("complete", settle=False)


def _returning(s: Story) -> None:
    s.consult()
    s.verb("cancel", settle=False)


def _without_caller(s: Story) -> None:
    s.consult()
    s.then("gone", "17.1", "16")


def _held(s: Story) -> None:
    s.talk("ben")
    s.then("hold", "anna", CALL)


def _external(s: Story) -> None:
    s.consult("outside")
    s.verb("complete")


def _deferred(s: Story) -> None:
    s.talk()
    s.ready("cleo")
    s.then("busy", "cleo")
    s.then("consult when available", "anna", CALL, "cleo")


def _held_deferred(s: Story) -> None:
    _deferred(s)
    s.then("hold", "anna", CALL)


def _moving(s: Story) -> None:
    s.talk("cleo")
    s.then("transfer", "anna", CALL, "cleo", settle=False)


def _transfer_waits(s: Story) -> None:
    s.talk()
    s.then("transfer", "anna", CALL, "cleo")


def _transfer_offered(s: Story) -> None:
    s.talk("cleo")
    s.then("transfer", "anna", CALL, "cleo")


def _recall(s: Story) -> None:
    _transfer_offered(s)
    s.then("reject", "cleo", s.offer("cleo"))


def _falling_back(s: Story) -> None:
    """A transfer to a group that nobody takes in time ends in the dialplan's own fallback."""
    s.talk()
    s.then("transfer", "anna", CALL, "empty")
    s.then("logs out", "anna")
    s.then("time passes", settle=False)


def _two_calls(s: Story) -> None:
    """One agent with two calls: talking with the second, the first on hold."""
    s.talk()
    s.arrive(2)
    s.then("picks up", s.node.world.calls[CallId("c-17-2")].legs[0].channel)


def _one_for_two(s: Story) -> None:
    """Two callers, one agent is offered the first."""
    s.ready("anna")
    s.arrive()
    s.arrive(2)


_NO_COMPLETION = replace(OPTIONS, hangup_completes=False)
_LEAST = replace(OPTIONS, min_talk=2.0)
_MAY_STAY = replace(OPTIONS, externals_may_stay=True)
_SHORT = replace(
    settings(),
    groups={
        **settings().groups,
        GroupId("empty"): GroupSettings(id=GroupId("empty"), name="empty", max_wait=30.0),
    },
)

STARTS: dict[str, tuple[Tell, Settings]] = {
    "arriving": (_arriving, settings()),
    "store asked": (_asked, settings()),
    "waiting": (_waiting, settings()),
    "offered": (_offered, settings()),
    "accepted": (_accepted, settings()),
    "talking": (_talking, settings()),
    "picked up just now": (_picked_up, settings(_LEAST)),
    "two callers, one agent": (_one_for_two, settings()),
    "two calls": (_two_calls, settings(sessions=2)),
    "transfer moving": (_moving, settings()),
    "transfer waiting": (_transfer_waits, settings()),
    "transfer offered": (_transfer_offered, settings()),
    "recall": (_recall, settings()),
    "falling back": (_falling_back, _SHORT),
    "held": (_held, settings()),
    "deferred": (_deferred, settings()),
    "held, deferred": (_held_deferred, settings()),
    "ringing agent": (_ringing, settings()),
    "ringing group": (_ringing_group, settings(sales=("ben", "cleo"))),
    "ringing external": (_ringing_outside, settings()),
    "external heard": (_heard_outside, settings()),
    "consulting": (_consulting, settings()),
    "consulting, hang-up returns": (_consulting, settings(_NO_COMPLETION)),
    "consulting external": (_consulting_outside, settings()),
    "with caller": (_with_caller, settings()),
    "conference": (_conference, settings()),
    "fourth rings": (_fourth_rings, settings()),
    "four-way": (_four_way, settings()),
    "four-way, externals may stay": (_four_way_outside, settings(_MAY_STAY)),
    "agent 1 left": (_left_conference, settings()),
    "completing": (_completing, settings()),
    "returning": (_returning, settings()),
    "without caller": (_without_caller, settings()),
    "external": (_external, settings()),
}


def start(name: str, *, slow: bool = False, faults: int = 1) -> Node:
    """The node of this name, with this many faults to come."""
    tell, of = STARTS[name]
    story = Story(of, slow=slow)
    tell(story)
    story.node.faults = faults
    story.node.effects = []
    return story.node
