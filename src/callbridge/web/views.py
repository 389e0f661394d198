"""From the live model to what clients are shown. Pure."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from callbridge.domain.model.agents import Agent, AgentState, PhoneState
from callbridge.domain.model.calls import Call, CallState, HistoryEntry
from callbridge.domain.model.causes import LegEnd
from callbridge.domain.model.ids import AgentId, GroupId, PresetId
from callbridge.domain.model.offer import Note, Offer, OfferState, Pop
from callbridge.domain.model.settings import AgentSettings, Settings
from callbridge.domain.model.transfer import Destination, DestinationKind, Route, RouteKind, Transfer
from callbridge.domain.model.world import World
from callbridge.domain.rules.explain import expected_wait
from callbridge.domain.rules.policy import external_number
from callbridge.web import answers as out
from callbridge.web.numbers import international
from callbridge.web.party_views import parties_of
from callbridge.web.words import moment

WAITING_STATES = frozenset({CallState.WAITING, CallState.OFFERING})


def ref(settings: Settings, group: GroupId) -> out.Ref:
    known = settings.groups.get(group)
    return out.Ref(id=group, name=known.name if known else group)


def agent_ref(settings: Settings, agent: AgentId) -> out.Ref:
    known = settings.agents.get(agent)
    return out.Ref(id=agent, name=known.name if known else agent)


def _notes(notes: Iterable[Note]) -> list[out.NoteOut]:
    return [note_out(note) for note in notes]


def note_out(note: Note) -> out.NoteOut:
    return out.NoteOut(at=moment(note.at), by=note.by, text=note.text)


def pop_out(settings: Settings, pop: Pop) -> out.PopOut:
    return out.PopOut(
        id=pop.id,
        call=pop.call,
        agent=pop.agent,
        preview=pop.preview,
        at=moment(pop.at),
        caller_number=pop.caller_number,
        caller_name=pop.caller_name,
        caller_withheld=pop.caller_withheld,
        caller_number_raw=pop.caller_number_raw,
        called=pop.called,
        group=ref(settings, pop.group) if pop.group else None,
        data=dict(pop.data),
        notes=_notes(pop.notes),
        transferred_by=agent_ref(settings, pop.transferred_by) if pop.transferred_by else None,
        transfer_reason=pop.transfer_reason,
        crm_url=pop.crm_url,
        dropped_by=agent_ref(settings, pop.dropped_by) if pop.dropped_by else None,
    )


def offer_out(settings: Settings, offer: Offer, pop: Pop | None) -> out.OfferOut:
    """`pop` is shown as the preview, where it is this agent's."""
    preview = pop if pop is not None and pop.agent == offer.agent and offer.state is OfferState.PENDING else None
    return out.OfferOut(
        id=offer.id,
        call=offer.call,
        agent=offer.agent,
        kind=offer.kind,
        group=ref(settings, offer.group) if offer.group else None,
        made_at=moment(offer.made_at),
        deadline=moment(offer.deadline),
        state=offer.state,
        ended_at=moment(offer.ended_at),
        reason=offer.reason,
        said=leg_end_out(offer.leg_end),
        preview=pop_out(settings, preview) if preview else None,
    )


def _destination_name(settings: Settings, destination: Destination) -> str | None:
    match destination.kind:
        case DestinationKind.GROUP:
            group = settings.groups.get(GroupId(destination.value))
            return group.name if group else None
        case DestinationKind.AGENT:
            agent = settings.agents.get(AgentId(destination.value))
            return agent.name if agent else None
        case DestinationKind.PRESET:
            preset = settings.presets.get(PresetId(destination.value))
            return preset.name if preset else None
        case _:
            return None


def destination_out(settings: Settings, destination: Destination) -> out.DestinationOut:
    number = external_number(settings, destination)
    return out.DestinationOut(
        kind=destination.kind,
        value=destination.value,
        name=_destination_name(settings, destination),
        shown=international(number) if number is not None else None,
    )


def transfer_out(settings: Settings, transfer: Transfer) -> out.TransferOut:
    return out.TransferOut(
        id=transfer.id,
        call=transfer.call,
        by=transfer.by,
        kind=transfer.kind,
        destination=destination_out(settings, transfer.destination),
        mode=transfer.mode,
        reason=transfer.reason,
        state=transfer.state,
        made_at=moment(transfer.made_at),
        ended_at=moment(transfer.ended_at),
        failure=transfer.failure,
        said=leg_end_out(transfer.leg_end),
        taken_by=transfer.taken_by,
    )


def call_out(world: World, call: Call) -> out.CallOut:
    settings = world.settings
    pop = call.pop if call.pop is not None and call.pop.agent == call.agent else None
    return out.CallOut(
        id=call.id,
        sequence=call.sequence,
        state=call.state,
        stage=call.consult.stage if call.consult else None,
        caller_number=call.caller_number,
        caller_name=call.caller_name,
        caller_withheld=call.caller_withheld,
        caller_number_raw=call.caller_number_raw,
        called=call.called,
        group=ref(settings, call.group),
        agent=call.agent,
        last_agent=agent_ref(settings, call.last_agent) if call.last_agent else None,
        data=dict(call.data),
        notes=_notes(call.notes),
        arrived_at=moment(call.arrived_at),
        answered_at=moment(call.answered_at),
        ended_at=moment(call.ended_at),
        outcome=call.outcome,
        offer=call.offer.id if call.offer else None,
        transfer=transfer_out(settings, call.transfer) if call.transfer else None,
        pop=pop_out(settings, pop) if pop else None,
        consult=_consult_out(settings, call),
        fourth_failure=_fourth_failure_out(call),
        recording=_recording_out(settings, call),
        parties=parties_of(world, call),
    )


def leg_end_out(end: LegEnd | None) -> out.LegEndOut | None:
    return out.LegEndOut(reason=end.reason, cause=end.cause, sip_status=end.sip_status) if end else None


def _fourth_failure_out(call: Call) -> out.NotReachedOut | None:
    failure = call.consult.fourth_failure if call.consult else None
    said = leg_end_out(failure.leg_end) if failure else None
    return out.NotReachedOut(number=international(failure.number), said=said) if failure and said else None


def _recording_out(settings: Settings, call: Call) -> out.RecordingOut | None:
    if not call.recording:
        return None
    template = settings.options.recording_url
    url = template.replace("{file}", quote(call.recording, safe="")) if template is not None else None
    return out.RecordingOut(file=call.recording, url=url)


def _consult_out(settings: Settings, call: Call) -> out.ConsultOut | None:
    offer = call.consult.offer if call.consult else None
    if call.consult is None or offer is None:
        return None
    return out.ConsultOut(
        agent=agent_ref(settings, offer.agent),
        offer=offer.id,
        deadline=moment(offer.deadline),
        accepted=offer.state is OfferState.ACCEPTED,
        preview=pop_out(settings, call.consult.pop) if call.consult.pop else None,
    )


def history_out(entry: HistoryEntry) -> out.HistoryOut:
    detail = {key: _plain(value) for key, value in entry.detail.items()}
    return out.HistoryOut(at=moment(entry.at), kind=entry.kind, agent=entry.agent, detail=detail)


def _plain(value: object) -> out.HistoryValue:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): str(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [str(each) for each in value]
        case _:
            return str(value)


# ---------------------------------------------------------------- agents and groups


def agent_of(world: World, agent: AgentId) -> Agent:
    return world.agents.get(agent) or Agent(id=agent)


def phone_of(world: World, agent: AgentId) -> PhoneState:
    known = world.settings.agents.get(agent)
    return world.phones.get(known.phone, PhoneState.UNKNOWN) if known is not None else PhoneState.UNKNOWN


def agent_out(world: World, known: AgentSettings, groups: list[str]) -> out.AgentOut:
    agent = agent_of(world, known.id)
    return out.AgentOut(
        id=agent.id,
        name=known.name,
        state=agent.state,
        reason=agent.reason,
        since=moment(agent.since),
        groups=groups,
        calls=len(agent.calls),
        max_sessions=known.max_sessions,
        phone=phone_of(world, known.id),
    )


def queues(world: World) -> dict[GroupId, tuple[int, float]]:
    """Of each group with waiting callers: how many, and since when the first one waits (epoch seconds)."""
    found: dict[GroupId, tuple[int, float]] = {}
    for call in world.calls.values():
        route = call.route
        if call.state in WAITING_STATES and route.kind is RouteKind.GROUP and route.group is not None:
            count, since = found.get(route.group, (0, route.since))
            found[route.group] = (count + 1, min(since, route.since))
    return found


def group_wait(world: World, group: GroupId, *, free: int, waiting: int) -> float | None:
    """Seconds that a caller who came now might wait for the group; None: not known."""
    return expected_wait(world, Route(kind=RouteKind.GROUP, group=group), free=free, waiting=waiting)


def group_out(world: World, group: GroupId, queue: tuple[int, float] | None, now: float) -> out.GroupOut:
    known = world.settings.groups[group]
    waiting, since = queue or (0, now)
    members = [
        out.MemberOut(
            id=agent.id,
            name=agent_ref(world.settings, agent.id).name,
            state=agent.state,
            reason=agent.reason,
            since=moment(agent.since),
            priority=member.priority,
        )
        for member in known.members
        for agent in (agent_of(world, member.agent),)
    ]
    available = sum(member.state is AgentState.AVAILABLE for member in members)
    return out.GroupOut(
        id=group,
        name=known.name,
        waiting=waiting,
        waiting_since=moment(since) if waiting else None,
        longest_wait=round(max(0.0, now - since), 3) if waiting else 0.0,
        expected_wait=group_wait(world, group, free=available, waiting=waiting),
        available=available,
        logged_in=sum(member.state is not AgentState.OFFLINE for member in members),
        agents=members,
    )
