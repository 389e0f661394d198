"""Why: before a transfer is asked for, and afterwards on record."""

from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.rules.explain import back_after, explain
from callbridge.web.check_answers import CheckOut, DecisionOut, DecisionsOut
from callbridge.web.check_views import check_out
from callbridge.web.context import Context
from callbridge.web.models import CheckBody, DecisionsQuery
from callbridge.web.problems import Problem
from callbridge.web.routes.calls import CALL_CODES, READ, whose
from callbridge.web.routes.transfers import understood
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope
from callbridge.web.views import history_out

DECISIONS = (
    "transfer.requested",
    "transfer.refused",
    "fourth.refused",
    "fourth.not_reached",
    "external.dialled",
    "offer.made",
    "offer.accepted",
    "offer.rejected",
    "offer.timed_out",
    "offer.cancelled",
    "offer.rescinded",
    "call.recall",
    "call.to_group",
    "call.to_fallback",
    "call.handed_over",
)


async def check(context: Context) -> CheckOut:
    body: CheckBody = context.body
    agent = context.on_behalf_of(body.agent)
    call = await context.call()
    if call.agent != agent or call.id not in context.world.calls:
        raise Problem("not_your_call", "There is no such call among yours.")
    destination, typed = understood(context, body)
    explained = explain(
        context.world,
        call,
        agent,
        destination,
        supervised=body.supervised,
        deferred=body.deferred,
        mode=AgentTransferMode(body.mode) if body.mode else None,
        number_problem=typed.problem if typed else None,
        now=context.app.clock(),
    )
    back = back_after(context.settings, destination, supervised=body.supervised, deferred=body.deferred)
    return check_out(context.settings, explained, destination, typed, back=back)


async def list_decisions(context: Context) -> DecisionsOut:
    query: DecisionsQuery = context.query
    agent: AgentId | None = whose(context, query.agent)
    kinds = DECISIONS if query.kind is None else tuple(kind for kind in DECISIONS if kind == query.kind)
    if not kinds:
        known = ", ".join(DECISIONS)
        errors = [{"pointer": "#query/kind", "message": f"known are {known}"}]
        raise Problem("invalid", "There is no such kind of decision.", errors=errors)
    page = await context.read(
        context.app.archive.history(
            call=CallId(query.call) if query.call else None,
            agent=agent,
            kinds=kinds,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    items = [DecisionOut(call=entry.call, **dict(history_out(entry))) for entry in page.items]
    return DecisionsOut(items=items, next_cursor=page.next)


ROUTES: Table = (
    Route(
        method="POST",
        path="/v1/calls/{call}/transfers:check",
        name="checkTransfer",
        reads_archive=True,
        tag="transfers",
        summary="Would this transfer be allowed, whom would it reach, and how long might it take? Changes nothing",
        description="For any destination. A number is answered in E.164 and as people read it. What is allowed now "
        "can be refused a moment later: the transfer itself is decided anew.",
        handler=check,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.TRANSFERS_WRITE,
        body=CheckBody,
        answer=CheckOut,
        codes=(*CALL_CODES, "agent_needed", "unknown_agent", "scope_missing"),
    ),
    Route(
        method="GET",
        path="/v1/decisions",
        name="listDecisions",
        reads_archive=True,
        tag="transfers",
        summary="What was refused to me and offered to me, and why; everybody's for services and supervisors",
        description="Newest first. `transfer.refused` and `fourth.refused` have the `code`; `offer.made` has "
        "`waited` (seconds) and `passed_over`, the agents who were not asked with the reason of each; "
        "`call.recall`, `call.to_group` and `call.to_fallback` have `why`. Kinds: "
        + ", ".join(f"`{kind}`" for kind in DECISIONS)
        + ".",
        handler=list_decisions,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        query=DecisionsQuery,
        answer=DecisionsOut,
        codes=("invalid_cursor",),
    ),
)
