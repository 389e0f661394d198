"""Who takes part in a call and who hears whom; a fourth party; muting, holding and dropping one party."""

from collections.abc import Awaitable, Callable

from callbridge.domain.model.ids import CallId, ChannelId
from callbridge.domain.model.requests import CallFourth, DoParty, PartyVerb
from callbridge.web.context import Context
from callbridge.web.models import Nothing, PartyBody
from callbridge.web.numbers import parse
from callbridge.web.party_answers import PartiesOut, PartyOut
from callbridge.web.party_views import parties_out, party_channel, party_out
from callbridge.web.problems import Problem
from callbridge.web.routes.calls import CALL_CODES, READ, in_name_of
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope


async def list_parties(context: Context) -> PartiesOut:
    return parties_out(context.world, await context.call())


async def call_fourth(context: Context) -> PartyOut:
    body: PartyBody = context.body
    agent = context.on_behalf_of(body.agent)
    call = await context.call()
    typed = parse(body.number, context.app.settings.region)
    result = await context.ask(
        lambda request: CallFourth(
            request=request, agent=agent, call=call.id, number=typed.number, number_problem=typed.problem
        )
    )
    party = party_out(context.world, call.id, ChannelId(str(result.get("party", ""))))
    if party is None:
        raise Problem("outcome_unknown", "The number was dialled and is gone already; look at the call's history.")
    return party


def _doing(verb: PartyVerb) -> Callable[[Context], Awaitable[PartiesOut]]:
    async def do(context: Context) -> PartiesOut:
        call = await context.call()
        agent = in_name_of(context, call)
        channel = party_channel(call, context.path["party"])
        await context.ask(
            lambda request: DoParty(request=request, agent=agent, call=call.id, channel=channel, verb=verb)
        )
        return parties_out(context.world, context.live_call(CallId(call.id)) or call)

    return do


WRITE = Scope.TRANSFERS_WRITE

ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/calls/{call}/parties",
        name="listParties",
        reads_archive=True,
        tag="conference",
        summary="Who takes part, and who hears whom at this moment",
        description="From the bridges that exist on the PBX, never from what is intended. The same is in every "
        "`call.updated`, which is pushed whenever it changes.",
        handler=list_parties,
        access=Access.AGENT_OR_SCOPE,
        scope=READ,
        answer=PartiesOut,
        codes=("unknown_call",),
    ),
    Route(
        method="POST",
        path="/v1/calls/{call}/parties",
        name="callFourthParty",
        reads_archive=True,
        tag="conference",
        summary="Call a fourth party into a consultation or conference",
        description="While they ring, the others go on as they are; once they answer, all talk.",
        handler=call_fourth,
        access=Access.AGENT_OR_SCOPE,
        scope=WRITE,
        body=PartyBody,
        answer=PartyOut,
        status=202,
        idempotent=True,
        codes=(
            *CALL_CODES,
            "four_way_disabled",
            "external_not_allowed",
            "number_not_allowed",
            "invalid_number",
            "not_consulting",
            "fourth_present",
            "pbx_unavailable",
            "agent_needed",
            "unknown_agent",
            "scope_missing",
        ),
    ),
    *(
        Route(
            method="POST",
            path="/v1/calls/{call}/parties/{party}:" + verb.value,
            name=verb.value + "Party",
            reads_archive=True,
            tag="conference",
            summary=summary,
            handler=_doing(verb),
            access=Access.AGENT_OR_SCOPE,
            scope=WRITE,
            body=Nothing,
            answer=PartiesOut,
            status=202,
            idempotent=True,
            codes=(
                *CALL_CODES,
                "unknown_party",
                "caller_not_dropped",
                "own_leg",
                "not_talking",
                "not_consulting",
                "not_conference",
                "pbx_unavailable",
            ),
        )
        for verb, summary in (
            (PartyVerb.MUTE, "The others do not hear this party any more"),
            (PartyVerb.UNMUTE, "The others hear this party again"),
            (PartyVerb.HOLD, "In a conference: this party hears music"),
            (PartyVerb.RESUME, "In a conference: this party is back"),
            (PartyVerb.DROP, "Hang up this party; never the caller, and never oneself"),
        )
    ),
)
