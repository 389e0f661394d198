"""Things that happen one after the other, without anything going wrong, until a start is reached."""

from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId
from callbridge.domain.model.settings import AgentSettings, GroupSettings, Member, NumberRules, Options, Settings
from explorer.model import HOLD, Channel, Node
from explorer.rules import check_always, is_quiet
from explorer.stimuli import OUTSIDE, Stimulus, do

CALL = "c-17-1"
OPTIONS = Options(four_way=True, outbound_dial="PJSIP/{number}@carrier")


def settings(options: Options = OPTIONS, sessions: int = 1, sales: tuple[str, ...] = ("cleo",)) -> Settings:
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

    def then(self, *stimulus: str, settle: bool = True, fault: str = "") -> None:
        do(self.node, stimulus, fault)
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
        arrival = f"17.{number}"  # as the dialplan has it, where the site names no call
        channel = Channel(ChannelId(arrival), "caller", CallId(arrival), group="support", answered=True)
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
