"""Login, tokens, and an agent's own state."""

import time

import jwt
import pytest
from web_fakes import CRM_TOKEN, PASSWORD
from web_samples import (
    ANNA,
    BEN,
    CLEO,
    NOW,
    a_call,
    talking,
)
from web_served import Serve

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.requests import LogIn, LogOut, SetPresence
from callbridge.web import Limits, create_app, start_server
from callbridge.web.passwords import LoginLimiter
from callbridge.web.problems import Problem


async def test_given_right_password_when_logging_in_then_token_for_oneself_and_the_agent_is_online(
    serve: Serve,
) -> None:
    served = await serve()
    status, session, _ = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": PASSWORD})
    assert status == 200
    assert session["agent"] == "anna"
    assert session["expires_in"] == 900
    assert isinstance(served.gateway.asked[0], LogIn)
    bearer = {"Authorization": f"Bearer {session['token']}"}
    status, me, _ = await served.ask("GET", "/v1/me", None, headers=bearer)
    assert (status, me["id"], me["capabilities"]["agent_transfer_modes"]) == (200, "anna", ["soft", "hard"])


@pytest.mark.parametrize("agent", ["anna", "nobody"])
async def test_given_wrong_login_when_logging_in_then_the_same_refusal_for_known_and_unknown(
    serve: Serve, agent: str
) -> None:
    served = await serve()
    status, problem, answer = await served.ask("POST", "/v1/login", None, json={"agent": agent, "password": "x"})
    assert (status, problem["code"]) == (401, "wrong_login")
    assert problem["detail"] == "Agent or password is wrong."
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert served.gateway.asked == []


async def test_given_five_wrong_passwords_when_the_right_one_comes_then_429_until_the_pause_is_over(
    serve: Serve,
) -> None:
    served = await serve()
    for _ in range(5):
        status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": "x"})
        assert status == 401
    status, problem, answer = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": PASSWORD})
    assert (status, problem["code"]) == (429, "too_many_attempts")
    served.clock.now += int(answer.headers["Retry-After"])
    status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": PASSWORD})
    assert status == 200


async def test_given_wrong_passwords_when_the_right_one_follows_then_they_are_forgotten(serve: Serve) -> None:
    served = await serve()
    for password in ("x", "x", "x", "x", PASSWORD) * 3:
        status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": password})
        assert status == (200 if password == PASSWORD else 401)


def test_given_many_right_logins_in_flight_from_one_address_then_the_next_one_is_let_in() -> None:
    limits = Limits(login_failures_per_peer=5)
    limiter = LoginLimiter(limits, lambda: NOW)
    people = [f"a{number}" for number in range(20)]
    for agent in people:
        limiter.begin(agent, "10.0.0.1")
    for agent in people:
        limiter.succeeded(agent, "10.0.0.1")
    limiter.begin("a21", "10.0.0.1")
    for agent in people[:5]:
        limiter.failed(agent, "10.0.0.1")
    with pytest.raises(Problem, match="too_many_attempts"):
        limiter.begin("a22", "10.0.0.1")
    limiter.begin("a22", "10.0.0.2")


def test_given_guesses_for_one_agent_in_flight_then_no_more_of_them_than_are_allowed() -> None:
    limiter = LoginLimiter(Limits(login_failures=5), lambda: NOW)
    for _ in range(5):
        limiter.begin("anna", "10.0.0.1")
    with pytest.raises(Problem):
        limiter.begin("anna", "10.0.0.1")


async def test_given_nobody_has_time_for_the_password_when_tried_again_then_it_did_not_count(serve: Serve) -> None:
    served = await serve(limits=Limits(login_queue=0))
    for _ in range(10):
        status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": PASSWORD})
        assert status == 503


async def test_given_one_agent_locked_when_another_logs_in_then_they_may(serve: Serve) -> None:
    served = await serve()
    for _ in range(6):
        await served.ask("POST", "/v1/login", None, json={"agent": "anna", "password": "x"})
    status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": "ben", "password": PASSWORD})
    assert status == 200


async def test_given_no_or_wrong_tokens_when_asking_then_401_and_never_data(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    claims = {
        "sub": "anna",
        "exp": time.time() * 2,
        "iat": 0,
        "jti": "x",
        "auth_time": 0,
        "pwd": "",
        "iss": "callbridge",
    }
    claims["aud"] = "callbridge-agent"
    forged = jwt.encode(claims, b"z" * 32, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    for value in (
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer nonsense",
        f"Bearer {forged}",
        f"Bearer {unsigned}",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer " + "x" * 5000,
        "Bearer é",
    ):
        for path in ("/v1/me", "/v1/calls", "/v1/calls/c-1", "/v1/directory", "/v1/events", "/v1/agents"):
            headers = {"Authorization": value} if value is not None else {}
            status, problem, answer = await served.ask("GET", path, None, headers=headers)
            assert status == 401, (value, path)
            assert "WWW-Authenticate" in answer.headers
            assert set(problem) <= {"type", "title", "status", "detail", "code"}


async def test_given_an_expired_token_when_asking_then_401_says_so(serve: Serve) -> None:
    served = await serve()
    headers = served.headers()
    served.clock.now += 901
    status, problem, _ = await served.ask("GET", "/v1/me", None, headers=headers)
    assert (status, problem["code"]) == (401, "token_expired")


async def test_given_a_token_when_refreshing_then_a_later_one_but_never_past_the_session(serve: Serve) -> None:
    served = await serve(limits=Limits(session=1000.0))
    headers = served.headers()
    served.clock.now += 500
    status, session, _ = await served.ask("POST", "/v1/token:refresh", None, headers=headers)
    assert (status, session["expires_in"]) == (200, 500)


async def test_given_logged_out_when_the_token_is_used_again_then_401(serve: Serve) -> None:
    served = await serve()
    headers = served.headers()
    status, _, _ = await served.ask("POST", "/v1/logout", None, headers=headers)
    assert status == 204
    assert isinstance(served.gateway.asked[0], LogOut)
    status, problem, _ = await served.ask("GET", "/v1/me", None, headers=headers)
    assert (status, problem["code"]) == (401, "token_invalid")


async def test_given_logged_out_when_the_settings_are_read_again_then_the_token_stays_worthless(serve: Serve) -> None:
    served = await serve()
    headers = served.headers()
    await served.ask("POST", "/v1/logout", None, headers=headers)
    app = create_app(served.gateway, served.archive, served.settings, hub=served.hub, clock=served.clock)
    runner = await start_server(app, served.settings, drain=0.1)
    async with served.http.get(f"http://127.0.0.1:{runner.addresses[0][1]}/v1/me", headers=headers) as answer:
        assert answer.status == 401
    await runner.cleanup()


async def test_given_a_changed_password_when_an_old_token_is_used_then_401(serve: Serve) -> None:
    served = await serve()
    headers = served.headers()
    served.settings.agents[ANNA] = served.settings.agents[ANNA] + "x"  # type: ignore[index]
    status, _, _ = await served.ask("GET", "/v1/me", None, headers=headers)
    assert status == 401


async def test_given_a_service_when_it_asks_what_is_for_agents_then_403(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("GET", "/v1/me", CRM_TOKEN)
    assert (status, problem["code"]) == (403, "agents_only")


async def test_given_busy_when_becoming_available_then_the_engine_is_asked_and_me_shows_it(serve: Serve) -> None:
    served = await serve()
    status, me, _ = await served.ask("PUT", "/v1/me/state", json={"state": "busy", "reason": "Lunch"})
    assert (status, me["state"], me["reason"]) == (200, "busy", "Lunch")
    signal = served.gateway.asked[0]
    assert isinstance(signal, SetPresence)
    assert (signal.agent, signal.presence) == (ANNA, Presence.BUSY)


async def test_given_no_wrap_up_when_ending_it_then_409(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("POST", "/v1/me/state:end-wrap-up")
    assert (status, problem["code"]) == (409, "not_in_wrap_up")


async def test_given_an_offline_agent_when_a_service_makes_them_available_then_they_are_logged_in_first(
    serve: Serve,
) -> None:
    served = await serve()
    await served.ask("PUT", "/v1/agents/ben/state", CRM_TOKEN, json={"state": "offline"})
    status, agent, _ = await served.ask("PUT", "/v1/agents/ben/state", CRM_TOKEN, json={"state": "available"})
    assert (status, agent["state"]) == (200, "available")
    assert [type(signal) for signal in served.gateway.asked] == [LogOut, LogIn, SetPresence]
    assert served.gateway.asked[0].agent == BEN


async def test_given_somebody_else_when_they_set_a_state_then_the_agent_is_told_by_name_who_it_was(
    serve: Serve,
) -> None:
    served = await serve()
    await served.ask("PUT", "/v1/agents/ben/state", "cleo", json={"state": "busy"})
    await served.ask("PUT", "/v1/agents/ben/state", CRM_TOKEN, json={"state": "offline"})
    await served.ask("PUT", "/v1/agents/cleo/state", "cleo", json={"state": "busy"})
    await served.ask("PUT", "/v1/me/state", json={"state": "busy"})
    await served.ask("POST", "/v1/logout")
    name = served.gateway.world.settings.agents[CLEO].name
    by = [signal.by for signal in served.gateway.asked if isinstance(signal, SetPresence | LogOut)]
    assert by == [name, "crm", None, None, None]
    _, me, _ = await served.ask("GET", "/v1/me", BEN)
    assert me["set_by"]["name"] == "crm"
    assert me["set_by"]["at"].startswith("20")


async def test_given_an_agent_when_setting_anothers_state_then_403_but_a_supervisor_may(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("PUT", "/v1/agents/ben/state", ANNA, json={"state": "busy"})
    assert (status, problem["code"]) == (403, "scope_missing")
    status, _, _ = await served.ask("PUT", "/v1/agents/ben/state", "cleo", json={"state": "busy"})
    assert status == 200
