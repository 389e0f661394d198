"""The situations from which is explored. Each is told as a story, with everything settled between two lines."""

from collections.abc import Callable
from dataclasses import replace

from callbridge.domain.ids import AgentId, CallId, ChannelId, GroupId
from callbridge.domain.settings import AgentSettings, GroupSettings, Member, NumberRules, Options, Settings
from explorer.model import HOLD, Channel, Node
from explorer.rules import check_always, is_quiet
from explorer.stimuli import FOURTH, OUTSIDE, Stimulus, do

CALL = "c-17-1"
_OPTIONS = Options(four_way=True, outbound_dial="PJSIP/{number}@carrier")


def settings(options: Options = _OPTIONS, sessions: int = 1, sales: tuple[str, ...] = ("cleo",)) -> Settings:
    groups = {"support": ("anna", "ben"), "sales": sales, "empty": ()}
    return Settings(
        agents={
            AgentId(name): AgentSettings(id=AgentId(name), name=name, phone=f"PJSIP/{name}", max_sessions=sessions)
            for name in ("anna", "ben", "cleo")
        },
        groups={
            GroupId(name): GroupSettings(
                id=GroupId(name), name=name, members=tuple(Member(agent=AgentId(agent)) for agent in members)
            )
            for name, members in groups.items()
        },
        options=options,
        numbers=NumberRules(allow=("+49",)),
    )


class Story:
    """Things that happen one after the other, without anything going wrong."""

    def __init__(self, of: Settings, *, slow: bool) -> None:
        self.node = Node(of, slow=slow)

    def then(self, *stimulus: str, settle: bool = True) -> None:
        do(self.node, stimulus)
        check_always(self.node)
        if settle:
            self.settle()

    def settle(self) -> None:
        node = self.node
        for _ in range(500):
            todo: Stimulus
            ways = [name for name in sorted(node.queues) if node.queues[name][0][0] == "arrives"]
            deadline = node.engine_deadline()
            if ways:
                todo = ("arrives", ways[0])
            elif node.queues:
                todo = ("fact", min(node.queues))
            elif node.look is not None:
                todo = ("snapshot",)
            elif deadline is not None and deadline <= node.now + 0.5:
                todo = ("time passes",)
            else:
                assert is_quiet(node) or deadline is not None
                return
            do(node, todo)
            check_always(node)
        raise AssertionError("the story does not come to rest")

    def ready(self, *agents: str) -> None:
        for agent in agents:
            self.then("logs in", agent)
            self.then("available", agent)
            self.node.now += 1

    def arrive(self, number: int = 1, *, settle: bool = True) -> None:
        channel = Channel(ChannelId(f"17.{number}"), "caller", CallId(""), group="support", answered=True)
        self.node.channels[channel.id] = channel
        self.node.enter(channel.id, HOLD)
        if settle:
            self.settle()

    def leg(self, party: str) -> str:
        for call in self.node.world.calls.values():
            for leg in call.legs:
                if party in (leg.agent, leg.number) and not leg.releasing:
                    return leg.channel
        raise AssertionError(f"{party} has no leg")

    def offer(self, agent: str) -> str:
        offer = self.node.world.agents[AgentId(agent)].offer
        assert offer is not None
        return offer

    def transfer_id(self) -> str:
        transfer = self.node.world.calls[CallId(CALL)].transfer
        assert transfer is not None
        return transfer.id

    def talk(self, *others: str) -> None:
        self.ready("anna")
        self.arrive()
        self.then("picks up", self.leg("anna"))
        self.ready(*others)

    def consult(self, to: str = "cleo", *others: str) -> None:
        self.talk("cleo", *others)
        self.then("consult", "anna", CALL, to)
        self.then("picks up", self.leg(OUTSIDE if to == "outside" else to))

    def verb(self, verb: str, *, settle: bool = True) -> None:
        self.then(verb, "anna", self.transfer_id(), settle=settle)


Tell = Callable[[Story], None]


def _arriving(s: Story) -> None:
    s.ready("anna", "ben")
    s.arrive(settle=False)


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


def _ringing(s: Story) -> None:
    s.talk("cleo")
    s.then("consult", "anna", CALL, "cleo")


def _ringing_group(s: Story) -> None:
    s.talk("cleo", "ben")
    s.then("consult", "anna", CALL, "sales")


def _ringing_outside(s: Story) -> None:
    s.talk("ben")
    s.then("consult", "anna", CALL, "outside")


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


_NO_COMPLETION = replace(_OPTIONS, hangup_completes=False)
_MAY_STAY = replace(_OPTIONS, externals_may_stay=True)
_SHORT = replace(
    settings(),
    groups={
        **settings().groups,
        GroupId("empty"): GroupSettings(id=GroupId("empty"), name="empty", max_wait=30.0),
    },
)

STARTS: dict[str, tuple[Tell, Settings]] = {
    "arriving": (_arriving, settings()),
    "waiting": (_waiting, settings()),
    "offered": (_offered, settings()),
    "accepted": (_accepted, settings()),
    "talking": (_talking, settings()),
    "two callers, one agent": (_one_for_two, settings()),
    "two calls": (_two_calls, settings(sessions=2)),
    "transfer moving": (_moving, settings()),
    "transfer waiting": (_transfer_waits, settings()),
    "transfer offered": (_transfer_offered, settings()),
    "recall": (_recall, settings()),
    "falling back": (_falling_back, _SHORT),
    "held": (_held, settings()),
    "deferred": (_deferred, settings()),
    "ringing agent": (_ringing, settings()),
    "ringing group": (_ringing_group, settings(sales=("ben", "cleo"))),
    "ringing external": (_ringing_outside, settings()),
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
