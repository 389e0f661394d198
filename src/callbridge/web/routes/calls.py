"""Calls, their notes and their history, and the offers of calls."""

import base64
import binascii
from dataclasses import replace
from typing import Literal

from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId, CallId, GroupId, OfferId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import AcceptOffer, AddNote, EndCall, HoldCall, RejectOffer, ResumeCall, RingAgain
from callbridge.web.answers import CallOut, CallsOut, HistoriesOut, OfferOut, OffersOut
from callbridge.web.concern import concerns, pending_offers
from callbridge.web.context import Context, is_over
from callbridge.web.models import CallsQuery, NoteBody, Nothing, OffersQuery, Paging
from callbridge.web.problems import Problem
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope
from callbridge.web.views import call_out, history_out, offer_out


def whose(context: Context, asked: str | None) -> AgentId | None:
    """Whose things are listed: an agent's own, or what services and supervisors ask for (None: all)."""
    if context.identity.may(Scope.CALLS_READ):
        return AgentId(asked) if asked else None
    if asked is not None and asked != context.me:
        raise Problem("scope_missing", "An agent's token is for that agent alone; leave `agent` out.")
    return context.me


async def list_calls(context: Context) -> CallsOut:
    query: CallsQuery = context.query
    agent = whose(context, query.agent)
    group = GroupId(query.group) if query.group else None
    if query.state == "live":
        return _live(context, query, agent, group)
    state: Literal["ended"] | None = "ended" if query.state == "ended" else None
    page = await context.read(
        context.app.archive.calls(agent=agent, group=group, state=state, limit=query.limit, cursor=query.cursor)
    )
    newest = [context.live_call(call.id) or call for call in page.items]
    # The archive knows whose calls they ever were; those that go on are now perhaps somebody else's alone.
    own = context.identity.agent is not None and agent == context.identity.agent
    items = [call_out(context.world, call) for call in newest if context.sees(call) or (own and is_over(call))]
    return CallsOut(items=items, next_cursor=page.next)


def _live(context: Context, query: CallsQuery, agent: AgentId | None, group: GroupId | None) -> CallsOut:
    """From the live model, oldest first: what waits longest stands on top."""
    after = _read_cursor(query.cursor)
    found = sorted(
        (
            call
            for call in context.world.calls.values()
            if context.sees(call)
            and (agent is None or concerns(call, agent))
            and (group is None or call.group == group)
            and (after is None or (call.arrived_at, call.id) > after)
        ),
        key=lambda call: (call.arrived_at, call.id),
    )
    page = found[: query.limit]
    more = len(found) > len(page)
    return CallsOut(
        items=[call_out(context.world, call) for call in page],
        next_cursor=_cursor(page[-1]) if more else None,
    )


def _cursor(call: Call) -> str:
    return base64.urlsafe_b64encode(f"{call.arrived_at!r} {call.id}".encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        arrived_at, _, call = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
        return float(arrived_at), call
    except (ValueError, binascii.Error):
        raise Problem("invalid_cursor", "This cursor is not valid; begin without one.") from None


async def get_call(context: Context) -> CallOut:
    return call_out(context.world, await context.call())


async def get_history(context: Context) -> HistoriesOut:
    query: Paging = context.query
    call = await context.call()
    page = await context.read(context.app.archive.history(call=call.id, limit=query.limit, cursor=query.cursor))
    return HistoriesOut(items=[history_out(entry) for entry in page.items], next_cursor=page.next)


async def add_note(context: Context) -> CallOut:
    body: NoteBody = context.body
    agent = context.on_behalf_of(body.agent)
    call = await context.call_once_theirs()
    # Of a call that ended long ago the engine knows nothing any more.
    stored = call if context.live_call(call.id) is None else None
    await context.ask(
        lambda request: AddNote(request=request, agent=agent, call=call.id, text=body.text, stored=stored)
    )
    return call_out(context.world, context.live_call(call.id) or call)


async def hang_up(context: Context) -> CallOut:
    return await _verb(context, EndCall)


async def hold(context: Context) -> CallOut:
    return await _verb(context, HoldCall)


async def resume(context: Context) -> CallOut:
    return await _verb(context, ResumeCall)


async def reconnect_phone(context: Context) -> CallOut:
    return await _verb(context, RingAgain)


async def _verb(context: Context, signal: type[EndCall | HoldCall | ResumeCall | RingAgain]) -> CallOut:
    call = await context.call()
    agent = in_name_of(context, call)
    await context.ask(lambda request: signal(request=request, agent=agent, call=call.id))
    return call_out(context.world, context.live_call(call.id) or call)


def in_name_of(context: Context, call: Call) -> AgentId:
    """An agent's own name; for services that of the agent whose call it is."""
    agent = context.identity.agent or call.agent
    if agent is None:
        raise Problem("not_talking", "Nobody talks with this caller; there is no conversation.")
    return agent


# ---------------------------------------------------------------- offers


async def list_offers(context: Context) -> OffersOut:
    query: OffersQuery = context.query
    agent = whose(context, query.agent)
    items = [
        offer_out(context.settings, offer, pop)
        for call in context.world.calls.values()
        for offer, pop in pending_offers(call, agent)
    ]
    return OffersOut(items=items)


async def accept_offer(context: Context) -> OfferOut:
    return await _answer(context, AcceptOffer)


async def reject_offer(context: Context) -> OfferOut:
    return await _answer(context, RejectOffer)


async def _answer(context: Context, signal: type[AcceptOffer] | type[RejectOffer]) -> OfferOut:
    offer_id = OfferId(context.path["offer"])
    found = context.live_offer(offer_id)
    if found is None or (context.identity.agent is not None and found[0].agent != context.identity.agent):
        raise await _no_such_offer(context, offer_id)
    offer, pop = found
    try:
        await context.ask(lambda request: signal(request=request, agent=offer.agent, offer=offer_id))
    except Problem as problem:
        # It was theirs a moment ago.
        raise _offer_ended() if problem.code == "unknown_offer" else problem from None
    # A consultation's offer is forgotten as soon as it is over.
    ended = replace(offer, state=_ANSWERED[signal], ended_at=context.app.clock())
    return offer_out(context.settings, *(context.live_offer(offer_id) or (ended, pop)))


async def _no_such_offer(context: Context, offer: OfferId) -> Problem:
    """Whether it was theirs and the call went on without it, or never was."""
    call = CallId(offer.rpartition("-offer-")[0])
    made = await context.read(
        context.app.archive.history(agent=context.identity.agent, call=call, kinds=("offer.made",), limit=_MOST_OFFERS)
    )
    if any(entry.detail.get("offer") == offer for entry in made.items):
        return _offer_ended()
    return Problem("unknown_offer", "There is no such offer, or it is not yours.")


def _offer_ended() -> Problem:
    return Problem("offer_ended", "This offer is over; the call went on without it.")


_MOST_OFFERS = 200
"""Of one call to one agent, the newest ones, among which an offer is looked for."""
_ANSWERED = {AcceptOffer: OfferState.ACCEPTED, RejectOffer: OfferState.REJECTED}

READ = Scope.CALLS_READ
WRITE = Scope.CALLS_WRITE
CALL_CODES = ("unknown_call", "not_your_call")

ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/calls",
        name="listCalls",
        reads_archive=True,
        tag="calls",
        summary="My calls; all of them for services and supervisors",
        description="`live` (the default) lists the oldest first, `ended` and `all` the newest first. "
        "A page can have fewer items than `limit` and still a next one: somebody else's calls are left out.",
        handler=list_calls,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        query=CallsQuery,
        answer=CallsOut,
        codes=("invalid_cursor",),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call}",
        name="getCall",
        reads_archive=True,
        tag="calls",
        summary="One call",
        handler=get_call,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        answer=CallOut,
        codes=("unknown_call",),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call}/history",
        name="getCallHistory",
        reads_archive=True,
        tag="calls",
        summary="What happened to a call, and what was decided and why",
        description="Newest first. Beside the decisions that `/v1/decisions` lists: `call.arrived`, `call.connected`, "
        "`call.held`, `call.resumed`, `phone.rung_again`, `consult.connected`, `conference.connected`, `call.recorded` "
        "and `consult.recorded` (with the recording's `file`), `call.ended`. An agent reads the history of a call that "
        "is theirs at the moment, or is over and was theirs; what concerned them is at `/v1/decisions` for good.",
        handler=get_history,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        query=Paging,
        answer=HistoriesOut,
        codes=("unknown_call", "invalid_cursor"),
    ),
    Route(
        method="POST",
        path="/v1/calls/{call}/notes",
        name="addNote",
        reads_archive=True,
        tag="calls",
        summary="Add a note, for whoever has the call next too",
        description="By whose call it is; while nobody has it (a transfer waits) and for ten minutes after its end, by "
        "who talked with the caller last, in wrap-up too: then `call.ended` is pushed once more, with the note.",
        handler=add_note,
        access=Access.AGENT_OR_SCOPE,
        scope=WRITE,
        body=NoteBody,
        answer=CallOut,
        status=201,
        idempotent=True,
        codes=(*CALL_CODES, "too_many_notes", "agent_needed", "unknown_agent", "scope_missing"),
    ),
    *(
        Route(
            method="POST",
            path="/v1/calls/{call}:" + verb,
            name=name,
            reads_archive=True,
            tag="calls",
            summary=summary,
            description=description,
            handler=handler,
            access=Access.AGENT_OR_SCOPE,
            scope=WRITE,
            body=Nothing,
            answer=CallOut,
            status=202,
            idempotent=True,
            codes=(*CALL_CODES, "not_talking", "transfer_under_way", "pbx_unavailable", *more),
        )
        for verb, name, summary, description, handler, more in (
            ("hangup", "hangUpCall", "End the conversation, as if the agent had put the phone down", "", hang_up, ()),
            ("hold", "holdCall", "The caller hears music, without any transfer", "", hold, ()),
            (
                "resume",
                "resumeCall",
                "Back to the caller; the agent's other calls go on hold",
                "`phone_on_hold`: the agent's phone holds by its own key, and only there the call can be taken back.",
                resume,
                ("phone_on_hold",),
            ),
            (
                "reconnect-phone",
                "reconnectPhone",
                "The agent's phone has lost this call; ring it again",
                "For a phone in a page that was reloaded. The old leg is let go and the phone rings anew: an INVITE "
                "with the call's id in `X-Callbridge-Call`. Until it is answered, whoever talked with the agent hears "
                "music. A consultation or conference goes on; who is consulted can ask for their own phone.",
                reconnect_phone,
                (),
            ),
        )
    ),
    Route(
        method="GET",
        path="/v1/offers",
        name="listOffers",
        tag="offers",
        summary="My pending offer; all of them for services and supervisors",
        description="An offer of the kind `consult` asks to talk with another agent about their call first.",
        handler=list_offers,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        query=OffersQuery,
        answer=OffersOut,
    ),
    *(
        Route(
            method="POST",
            path="/v1/offers/{offer}:" + verb,
            name=verb + "Offer",
            tag="offers",
            summary=summary,
            handler=handler,
            access=Access.AGENT_OR_SCOPE,
            scope=WRITE,
            body=Nothing,
            answer=OfferOut,
            idempotent=True,
            reads_archive=True,
            codes=("unknown_offer", "offer_ended", "pbx_unavailable"),
        )
        for verb, summary, handler in (
            ("accept", "Take the call; the phone is answered as well where it can be", accept_offer),
            ("reject", "Let the next agent have it", reject_offer),
        )
    ),
)
