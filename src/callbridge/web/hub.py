"""Push: what changed goes to whom it concerns, encoded once for all, and nobody waits for a slow client.

`publish` is called after each save and never blocks: it hands frames to the clients' connections, whose bounded
buffers are the clients' queues. A client whose buffer is full is cut off.

Ids are `<epoch>-<seq>`: the epoch is this process's, seq counts all events, so every stream sees rising numbers
with gaps. Sent events are kept in a bounded ring for clients that come back; who comes with an id that is not
in it gets a snapshot. Events carry whole objects: applying one twice changes nothing.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog
from pydantic_core import to_json

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.world import World
from callbridge.web import live, pushed
from callbridge.web.client import Client
from callbridge.web.concern import is_consulted, pending_offers
from callbridge.web.frames import Frame
from callbridge.web.me_views import me_out
from callbridge.web.metrics import Metrics
from callbridge.web.next_views import next_out
from callbridge.web.settings import WebSettings
from callbridge.web.today_answers import TodayOut
from callbridge.web.views import call_out, offer_out, pop_out, transfer_out
from callbridge.web.words import Out, moment

log = structlog.get_logger(__name__)


class Counting(Protocol):
    """Who counts what happens today."""

    def touched(self) -> None:
        """Something has changed that may be counted."""
        ...

    def joined(self) -> None:
        """Somebody watches who has been told no numbers yet."""
        ...


class Hub:
    """One for the process. Belongs to the loop that calls it."""

    def __init__(
        self,
        world: Callable[[], World],
        settings: WebSettings,
        *,
        clock: Callable[[], float],
        metrics: Metrics | None = None,
        epoch: str | None = None,
    ) -> None:
        self._world = world
        self.settings = settings
        self._limits = settings.limits
        self._clock = clock
        self.revoked: dict[str, float] = {}
        """Ids of tokens that were logged out, with their ends (epoch seconds): known in this process only."""
        self._metrics = metrics or Metrics()
        self.epoch = epoch or secrets.token_hex(5)
        self.seq = 0
        self.clients: set[Client] = set()
        self._by_agent: dict[AgentId, set[Client]] = {}
        self._all: set[Client] = set()
        self._ring: deque[Frame] = deque()
        self._ring_bytes = 0
        self._live = live.NOTHING
        """What everybody has been told of agents and groups."""
        self.counting: Counting | None = None
        """Who is to be told that there may be something new to count."""
        self._decided: Settings | None = None
        """What the engine decides by, as the clients know it; None: nobody was told anything yet."""
        self._flush: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ what happened

    def publish(self, effects: Sequence[PublishAgent | PublishCall]) -> None:
        """Never blocks and never raises. Call it after each save, also with nothing to publish."""
        with self._never_raising("snapshot"):
            self._prime()
        for effect in effects:
            with self._never_raising(type(effect).__name__):
                if isinstance(effect, PublishAgent):
                    self._agent(effect.agent)
                else:
                    self._call(effect)
        if self._flush is None:
            loop = asyncio.get_running_loop()
            self._flush = loop.call_later(self._limits.batch, self._flush_directory)
        if self.counting is not None and self._all and any(isinstance(effect, PublishCall) for effect in effects):
            self.counting.touched()

    def _prime(self) -> None:
        """Before the first client or event: what all snapshots have already is not sent as a change.

        And where the administrator has changed the settings: everybody gets a snapshot.
        """
        settings, before = self._world().settings, self._decided
        self._decided = settings
        if before is None:
            self._live = live.live(self._world())
        elif before is not settings:
            self._begin_anew()
            for client in self.clients:
                client.put(self._snapshot_frame(client))

    def configure(self, settings: WebSettings) -> None:
        """Other settings: whoever comes back gets a snapshot, for what they may can be another thing now."""
        if settings != self.settings:
            self.settings = settings
            self._begin_anew()

    def _begin_anew(self) -> None:
        """All ids that were given out are unknown from now on."""
        self.epoch = secrets.token_hex(5)
        self._ring.clear()
        self._ring_bytes = 0

    def _agent(self, agent: Agent) -> None:
        self._send("agent", me_out(self._world().settings, self.settings, agent), frozenset({agent.id}))

    def _call(self, effect: PublishCall) -> None:
        event = event_of(self._world(), effect)
        if event is not None:
            self._send(effect.kind, event, effect.to)

    def _flush_directory(self) -> None:
        self._flush = None
        with self._never_raising("directory"):
            before, self._live = self._live, live.live(self._world())
            changed = live.delta(self._live, before)
            if changed.agents or changed.groups:
                self._send("directory", changed, None)

    @contextmanager
    def _never_raising(self, kind: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            log.exception("not pushed", kind=kind)
            self._metrics.push_failed.inc()

    def _send(self, kind: str, event: Out, to: frozenset[AgentId] | None) -> None:
        self.seq += 1
        frame = self._frame(self.seq, kind, to_json(event), to)
        self._ring.append(frame)
        self._ring_bytes += len(frame.data)
        while len(self._ring) > self._limits.ring or self._ring_bytes > self._limits.ring_bytes:
            self._ring_bytes -= len(self._ring.popleft().data)
        self._metrics.push_events.labels(kind).inc()
        for client in self._concerned(to):
            client.put(frame)

    def _concerned(self, to: frozenset[AgentId] | None) -> list[Client]:
        if to is None:
            return list(self.clients)
        found = list(self._all)
        for agent in to:
            found.extend(self._by_agent.get(agent, ()))
        return found

    def _frame(self, seq: int, kind: str, data: bytes, to: frozenset[AgentId] | None) -> Frame:
        return Frame(seq, f"{self.epoch}-{seq}", kind, data, to)

    # ------------------------------------------------------------ today's numbers

    def is_watched(self) -> bool:
        """Whether there are clients who get everything."""
        return bool(self._all)

    def tell_today(self, today: TodayOut) -> None:
        """To those who get everything."""
        self._send("statistics", today, frozenset())

    # ------------------------------------------------------------ clients

    def join(self, client: Client, last_event_id: str | None) -> None:
        """From now on the client gets what concerns it: first what it missed, or a snapshot."""
        self._prime()
        missed = self._missed(client, last_event_id)
        if missed is None:
            client.put(self._snapshot_frame(client))
        else:
            for frame in missed:
                client.put(frame)
        self.clients.add(client)
        if client.agent is None:
            self._all.add(client)
            if self.counting is not None:
                self.counting.joined()
        else:
            self._by_agent.setdefault(client.agent, set()).add(client)
        self._metrics.push_clients.set(len(self.clients))

    def leave(self, client: Client) -> None:
        self.clients.discard(client)
        self._all.discard(client)
        if client.agent is not None:
            own = self._by_agent.get(client.agent, set())
            own.discard(client)
            if not own:
                self._by_agent.pop(client.agent, None)
        self._metrics.push_clients.set(len(self.clients))

    def _snapshot_frame(self, client: Client) -> Frame:
        return self._frame(self.seq, "snapshot", to_json(self.snapshot(client)), None)

    def _missed(self, client: Client, last_event_id: str | None) -> list[Frame] | None:
        """None: not known any more, or never was."""
        epoch, _, number = (last_event_id or "").rpartition("-")
        if epoch != self.epoch or not (number.isascii() and number.isdigit()) or len(number) > 15:
            return None
        last = int(number)
        first = self._ring[0].seq if self._ring else self.seq + 1
        if not first - 1 <= last <= self.seq:
            return None
        missed = [frame for frame in self._newer(last) if frame.concerns(client.agent)]
        return None if sum(len(frame.data) for frame in missed) > client.max_bytes // 2 else missed

    def _newer(self, last: int) -> Iterator[Frame]:
        """From the ring's end backwards, then turned round: who was away shortly costs little."""
        found = []
        for frame in reversed(self._ring):
            if frame.seq <= last:
                break
            found.append(frame)
        return reversed(found)

    def snapshot(self, client: Client) -> pushed.Snapshot:
        """All that this client may see, as it is now."""
        world = self._world()
        settings, me = world.settings, client.agent
        calls = [call for call in world.calls.values() if me is None or me == call.agent or is_consulted(call, me)]
        offers = [each for call in world.calls.values() for each in pending_offers(call, me)]
        transfers = [
            call.transfer
            for call in world.calls.values()
            if call.transfer and not call.transfer.ended and (me in (None, call.transfer.by) or is_consulted(call, me))
        ]
        agent = world.agents.get(client.owner) if client.owner else None
        return pushed.Snapshot(
            at=moment(self._clock()),
            me=me_out(settings, self.settings, agent) if agent else None,
            scopes=sorted(client.scopes),
            calls=[call_out(world, call) for call in calls],
            offers=[offer_out(settings, offer, pop) for offer, pop in offers],
            transfers=[transfer_out(settings, each) for each in transfers],
            directory=live.delta(live.live(world)),
        )

    def logged_out(self, token_id: str) -> None:
        """Ends the streams that were opened with this token."""
        for client in [client for client in self.clients if client.token_id == token_id]:
            client.cut("logged_out")

    def close(self) -> None:
        """The gateway stops: clients are told to come back."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        for client in list(self.clients):
            client.cut("stopping")


def event_of(world: World, effect: PublishCall) -> pushed.OfCall | None:
    """The event that clients and webhooks get; None where there is nothing (any more) to tell."""
    settings, call = world.settings, effect.call
    number = call.sequence
    match effect.kind:
        case "offer.made" | "offer.ended":
            offer, pop = (effect.offer, effect.pop) if effect.offer else (call.offer, call.pop)
            if offer is None:
                return None
            following = next_out(settings, call, offer)
            return pushed.OfferEvent(sequence=number, offer=offer_out(settings, offer, pop), next=following)
        case "pop":
            pop = effect.pop or call.pop
            return pushed.PopEvent(sequence=number, pop=pop_out(settings, pop)) if pop else None
        case "transfer.updated":
            if call.transfer is None:
                return None
            return pushed.TransferEvent(sequence=number, transfer=transfer_out(settings, call.transfer))
        case "call.updated" | "call.ended":
            return pushed.CallEvent(sequence=number, call=call_out(world, call))
    raise ValueError(f"unknown kind of event {effect.kind!r}")
