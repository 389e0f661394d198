"""Login, logout, and an agent's own state."""

from callbridge.domain.model.agents import GATEWAY_REASONS, Presence
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.requests import LogIn, LogOut, SetPresence
from callbridge.web.answers import SessionOut
from callbridge.web.context import Context
from callbridge.web.me_answers import MeOut
from callbridge.web.me_views import me_out
from callbridge.web.models import LoginBody, Nothing, StateBody
from callbridge.web.problems import Problem
from callbridge.web.routing import Access, Route, Table
from callbridge.web.views import agent_of
from callbridge.web.words import moment


def _session(context: Context, agent: AgentId, began_at: float | None) -> SessionOut:
    token, expires = context.app.tokens.issue(agent, began_at=began_at)
    return SessionOut(
        token=token,
        agent=agent,
        supervisor=agent in context.app.settings.supervisors,
        expires_at=moment(expires),
        expires_in=max(0, int(expires - context.app.clock())),
    )


def me_of(context: Context, agent: AgentId) -> MeOut:
    return me_out(context.settings, context.app.settings, agent_of(context.world, agent))


async def login(context: Context) -> SessionOut:
    body: LoginBody = context.body
    limiter = context.app.limiter
    limiter.begin(body.agent, context.peer)
    try:
        right = await context.app.passwords.check(body.agent, body.password)
    except Problem:
        limiter.not_looked_at(body.agent, context.peer)
        raise
    if not right:
        limiter.failed(body.agent, context.peer)
        context.app.metrics.logins.labels("wrong").inc()
        raise Problem("wrong_login", "Agent or password is wrong.")
    limiter.succeeded(body.agent, context.peer)
    context.app.metrics.logins.labels("right").inc()
    agent = AgentId(body.agent)
    await context.ask(lambda request: LogIn(request=request, agent=agent))
    return _session(context, agent, None)


async def refresh(context: Context) -> SessionOut:
    session = _session(context, context.me, context.identity.began_at)
    if session.expires_in <= 0:
        raise Problem("token_expired", "This session has lasted long enough; log in again.")
    return session


async def logout(context: Context) -> None:
    await context.ask(lambda request: LogOut(request=request, agent=context.me))
    context.app.tokens.revoke(context.identity)
    context.app.logged_out(context.identity.token_id)


async def me(context: Context) -> MeOut:
    return me_of(context, context.me)


def own_reason(given: str | None) -> str | None:
    """The reason that somebody gives; what only the gateway says of an agent, such as `missed_offer`, is none."""
    return None if given in GATEWAY_REASONS else given


async def set_state(context: Context) -> MeOut:
    body: StateBody = context.body
    await context.ask(
        lambda request: SetPresence(
            request=request, agent=context.me, presence=Presence(body.state), reason=own_reason(body.reason)
        )
    )
    return me_of(context, context.me)


async def end_wrap_up(context: Context) -> MeOut:
    agent = agent_of(context.world, context.me)
    if agent.wrap_up_until is None:
        raise Problem("not_in_wrap_up", "There is no wrap-up to end.")
    await context.ask(
        lambda request: SetPresence(request=request, agent=agent.id, presence=agent.presence, reason=agent.reason)
    )
    return me_of(context, context.me)


ROUTES: Table = (
    Route(
        method="POST",
        path="/v1/login",
        name="logIn",
        tag="session",
        summary="Log in to work",
        description="Gives a token for this agent alone and makes the agent busy (reason `logged_in`): no call comes "
        "before they said that they are available. An agent who is logged in already keeps their state.",
        handler=login,
        access=Access.PUBLIC,
        body=LoginBody,
        answer=SessionOut,
        codes=("wrong_login", "too_many_attempts", "unknown_agent"),
    ),
    Route(
        method="POST",
        path="/v1/token:refresh",
        name="refreshToken",
        tag="session",
        summary="A new token for the one that ends soon",
        handler=refresh,
        body=Nothing,
        answer=SessionOut,
    ),
    Route(
        method="POST",
        path="/v1/logout",
        name="logOut",
        tag="session",
        summary="Go offline; the token is worth nothing any more",
        handler=logout,
        body=Nothing,
        status=204,
        codes=("unknown_agent",),
    ),
    Route(method="GET", path="/v1/me", name="getMe", tag="session", summary="Me", handler=me, answer=MeOut),
    Route(
        method="PUT",
        path="/v1/me/state",
        name="setMyState",
        tag="session",
        summary="Become available or busy",
        description="Ends wrap-up too, and answers 'you were set to busy' after a missed offer: busy again, with a "
        "reason or without, ends `missed_offer` as well. Becoming busy with an offer pending takes the offer back. "
        "`reason` is the id of one of `options.not_ready_reasons`, or any other text.",
        handler=set_state,
        body=StateBody,
        answer=MeOut,
        codes=("offline", "unknown_agent", "invalid_state"),
    ),
    Route(
        method="POST",
        path="/v1/me/state:end-wrap-up",
        name="endMyWrapUp",
        tag="session",
        summary="End wrap-up now",
        handler=end_wrap_up,
        body=Nothing,
        answer=MeOut,
        codes=("not_in_wrap_up", "offline", "unknown_agent", "invalid_state"),
    ),
)
