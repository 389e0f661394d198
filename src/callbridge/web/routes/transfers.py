"""Transfers, supervised and unsupervised."""

from collections.abc import Awaitable, Callable

from callbridge.domain.model.calls import Call
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId, CallId, RequestId, TransferId
from callbridge.domain.model.requests import CancelTransfer, DoTransfer, RequestTransfer, Verb
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.transfer import Destination, DestinationKind, Transfer
from callbridge.web.answers import TransferOut, TransfersOut
from callbridge.web.context import Context
from callbridge.web.models import CheckBody, Nothing, TransferBody, TransfersQuery
from callbridge.web.numbers import Typed, parse
from callbridge.web.problems import Problem
from callbridge.web.routes.calls import CALL_CODES, whose
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope
from callbridge.web.views import transfer_out


def understood(context: Context, body: CheckBody) -> tuple[Destination, Typed | None]:
    """Where to, and how a typed number was read."""
    kind, value = DestinationKind(body.destination.kind), body.destination.value
    if body.deferred and not (body.supervised and kind is DestinationKind.AGENT):
        errors = [{"pointer": "#/deferred", "message": "only with `supervised`, and for an agent"}]
        raise Problem("invalid", "Only a supervised transfer to one agent can wait for them.", errors=errors)
    typed = parse(value, context.app.settings.region) if kind is DestinationKind.NUMBER else None
    return Destination(kind=kind, value=typed.number if typed else value), typed


async def create(context: Context) -> TransferOut:
    body: TransferBody = context.body
    agent = context.on_behalf_of(body.agent)
    call_id = CallId(context.path["call"])
    known = context.live_call(call_id)
    if known is None or (context.identity.agent is not None and not context.sees(known)):
        raise Problem("unknown_call", "There is no such call among yours.")
    destination, typed = understood(context, body)
    await context.ask(
        lambda request: RequestTransfer(
            request=request,
            agent=agent,
            call=call_id,
            destination=destination,
            supervised=body.supervised,
            deferred=body.deferred,
            number_problem=typed.problem if typed else None,
            mode=AgentTransferMode(body.mode) if body.mode else None,
            reason=body.reason,
            note=body.note,
        )
    )
    call = context.live_call(call_id)
    if call is None or call.transfer is None:
        raise Problem("outcome_unknown", "The transfer was accepted and is over already; look at the call's history.")
    return transfer_out(context.settings, call.transfer)


async def _visible(context: Context) -> Transfer:
    """Made by them, or of a call that they see; somebody else's is as unknown as none."""
    transfer_id = TransferId(context.path["transfer"])
    call = context.live_transfer(transfer_id)
    transfer = call.transfer if call is not None else await context.read(context.app.archive.transfer(transfer_id))
    seen = transfer is not None and (
        context.identity.may(Scope.CALLS_READ)
        or context.identity.agent in (transfer.by, transfer.taken_by)
        or (call is not None and context.identity.agent is not None and context.sees(call))
    )
    if transfer is None or not seen:
        raise Problem("unknown_transfer", "There is no such transfer of yours.")
    return transfer


async def get(context: Context) -> TransferOut:
    return transfer_out(context.settings, await _visible(context))


async def list_transfers(context: Context) -> TransfersOut:
    query: TransfersQuery = context.query
    agent: AgentId | None = whose(context, query.agent)
    page = await context.read(
        context.app.archive.transfers(
            call=CallId(query.call) if query.call else None, agent=agent, limit=query.limit, cursor=query.cursor
        )
    )
    items = []
    for transfer in page.items:
        call = context.live_transfer(transfer.id)
        newest = call.transfer if call is not None and call.transfer is not None else transfer
        items.append(transfer_out(context.settings, newest))
    return TransfersOut(items=items, next_cursor=page.next)


async def cancel(context: Context) -> TransferOut:
    return await _tell(context, None)


def _doing(verb: Verb) -> Callable[[Context], Awaitable[TransferOut]]:
    async def do(context: Context) -> TransferOut:
        return await _tell(context, verb)

    return do


def _is_conference(call: Call) -> bool:
    return call.consult is not None and call.consult.stage is Stage.CONFERENCE


async def _tell(context: Context, verb: Verb | None) -> TransferOut:
    """`verb`: None is cancel."""
    transfer_id = TransferId(context.path["transfer"])
    call = context.live_transfer(transfer_id)
    transfer = call.transfer if call is not None else await context.read(context.app.archive.transfer(transfer_id))
    by = transfer.by if transfer is not None else None
    if transfer is not None and transfer.ended and call is not None and _is_conference(call):
        by = context.identity.agent or call.agent  # whoever was handed the conference may go on with it
    if transfer is None or by is None or context.identity.agent not in (None, by):
        raise Problem("unknown_transfer", "There is no such transfer of yours.")
    if transfer.ended and (call is None or call.id not in context.world.calls):
        raise Problem("transfer_ended", "This transfer is over.")

    def signal(request: RequestId) -> CancelTransfer | DoTransfer:
        if verb is None:
            return CancelTransfer(request=request, agent=by, transfer=transfer_id)
        return DoTransfer(request=request, agent=by, transfer=transfer_id, verb=verb)

    await context.ask(signal)
    call = context.live_transfer(transfer_id)
    return transfer_out(context.settings, call.transfer if call is not None and call.transfer else transfer)


ROUTES: Table = (
    Route(
        method="POST",
        path="/v1/calls/{call}/transfers",
        name="createTransfer",
        tag="transfers",
        summary="Transfer a call",
        description="Accepted means that it has begun; what comes of it is pushed as `transfer.updated` and can be "
        "read at `/v1/transfers/{transfer}`. Unsupervised, the caller goes to the music and the agent is free. "
        "Supervised, the caller hears music while the agent talks with the target, and alternates, merges, completes "
        "or cancels. Presets and numbers can be reached only supervised.",
        handler=create,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.TRANSFERS_WRITE,
        body=TransferBody,
        answer=TransferOut,
        status=202,
        idempotent=True,
        codes=(
            *CALL_CODES,
            "transfers_disabled",
            "external_not_allowed",
            "number_not_allowed",
            "mode_not_allowed",
            "unknown_destination",
            "same_agent",
            "supervised_disabled",
            "target_not_available",
            "invalid_number",
            "not_talking",
            "transfer_under_way",
            "pbx_unavailable",
            "agent_needed",
            "unknown_agent",
            "scope_missing",
        ),
    ),
    Route(
        method="GET",
        path="/v1/transfers",
        name="listTransfers",
        reads_archive=True,
        tag="transfers",
        summary="Transfers that I made; all of them for services and supervisors. Newest first",
        handler=list_transfers,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.CALLS_READ,
        query=TransfersQuery,
        answer=TransfersOut,
        codes=("invalid_cursor",),
    ),
    Route(
        method="GET",
        path="/v1/transfers/{transfer}",
        name="getTransfer",
        reads_archive=True,
        tag="transfers",
        summary="One transfer",
        handler=get,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.CALLS_READ,
        answer=TransferOut,
        codes=("unknown_transfer",),
    ),
    Route(
        method="POST",
        path="/v1/transfers/{transfer}:cancel",
        name="cancelTransfer",
        reads_archive=True,
        tag="transfers",
        summary="Take the caller back while nobody else has the call yet; the target is released",
        handler=cancel,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.TRANSFERS_WRITE,
        body=Nothing,
        answer=TransferOut,
        status=202,
        idempotent=True,
        codes=("unknown_transfer", "transfer_ended", "pbx_unavailable"),
    ),
    *(
        Route(
            method="POST",
            path="/v1/transfers/{transfer}:" + verb.value,
            name=verb.value + "Transfer",
            reads_archive=True,
            tag="transfers",
            summary=summary,
            handler=_doing(verb),
            access=Access.AGENT_OR_SCOPE,
            scope=Scope.TRANSFERS_WRITE,
            body=Nothing,
            answer=TransferOut,
            status=202,
            idempotent=True,
            codes=("unknown_transfer", "transfer_ended", "not_consulting", "pbx_unavailable", *more),
        )
        for verb, summary, more in (
            (Verb.ALTERNATE, "Supervised: talk with the other one of caller and target", ()),
            (Verb.MERGE, "Supervised: caller, agent and target talk with one another", ()),
            (
                Verb.COMPLETE,
                "Supervised: call and pop move to the target; while they still ring, as an unsupervised transfer",
                ("external_not_allowed", "only_externals_would_remain"),
            ),
            (
                Verb.LEAVE,
                "Leave a conference; the others go on",
                ("not_conference", "only_externals_would_remain"),
            ),
        )
    ),
)
