"""Row 2: the agent's client gets the caller's data: a preview with the offer, the pop with the call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest_asyncio
from aiohttp import web
from standardwebhooks import Webhook
from steps import (
    HOSTILE_DATA,
    SALES,
    SUPPORT,
    WITH_DATA,
    SseStream,
    agent_is,
    at_work,
    configure,
    connected,
    hear_each_other,
    open_site,
    ring,
)

from callbridge.demo.bank_lines import Watch
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

SECRET = "whsec_" + "YSBzZWNyZXQgb2YgdGhlIHRlc3RzLCBsb25nIGVub3VnaA=="
CRM = "https://crm.example/open/{caller_number}?name={caller_name}&order={data.order}&text={data.text}#{call}"


class Receiver:
    """Another system that is told by webhook: takes a message only when its signature is right."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[Any] = []
        self.ids: list[str] = []
        self.refuse_next = 0
        self._watch = Watch()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        if self.refuse_next:
            self.refuse_next -= 1
            return web.Response(status=500)
        self.ids.append(request.headers["webhook-id"])
        self.messages.append(orjson.loads(body))
        self._watch.changed()
        return web.Response(status=204)

    async def got(self, kind: str, fits: Callable[[Any], bool] = lambda data: True) -> Any:
        def found() -> list[Any]:
            return [each["data"] for each in self.messages if each["type"] == kind and fits(each["data"])]

        await self._watch.until(lambda: bool(found()), 10, f"a webhook {kind}")
        return found()[0]


@pytest_asyncio.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab, receiver: Receiver) -> AsyncIterator[Site]:
    events = ["offer.made", "offer.ended", "pop", "call.updated", "call.ended", "transfer.updated"]
    secret = lab_of_the_session.folder / "webhook-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    hook = {"name": "crm", "url": receiver.url, "secret": {"file": str(secret)}, "events": events}
    async with open_site(lab_of_the_session, webhooks=[hook], options={"wrap_up": 0.0, "crm_url": CRM}) as site:
        yield site


async def test_given_an_offer_then_preview_and_pop_come_by_websocket_sse_and_webhook_alike(
    site: Site, lab: Lab, receiver: Receiver
) -> None:
    [anna] = await at_work(site, "anna")
    async with SseStream(site.http, anna.person.token) as stream:
        await stream.until("snapshot")
        caller = await ring(lab, WITH_DATA)
        offer = await anna.offer()
        preview = offer["preview"]
        assert preview["preview"] is True
        assert (await stream.until("offer.made"))["offer"] == offer
        assert (await receiver.got("offer.made", lambda data: data["offer"]["id"] == offer["id"]))["offer"] == offer
        assert anna.seen("pop") == []
        await anna.pick_up()
        pop = await anna.pop()
        assert (await stream.until("pop"))["pop"] == pop
        assert (await receiver.got("pop", lambda data: data["pop"]["id"] == pop["id"]))["pop"] == pop
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    changing = {"preview", "at"}
    assert {key: pop[key] for key in pop.keys() - changing} == {key: preview[key] for key in preview.keys() - changing}
    assert pop["preview"] is False
    assert (pop["caller_number"], pop["caller_name"], pop["called"]) == ("+493012345", "Max", WITH_DATA)
    assert (pop["group"], pop["agent"]) == ({"id": "support", "name": "Support"}, "anna")
    assert (pop["transferred_by"], pop["transfer_reason"], pop["notes"]) == (None, None, [])
    [own] = (await anna.person.get("/v1/calls"))["items"]
    assert own["pop"] == pop


async def test_given_values_that_try_to_break_out_then_the_crm_link_holds_them_in_their_places(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    await ring(lab, WITH_DATA, name="a&order=x#y/../<b>")
    pop = await anna.take()
    link = urlsplit(pop["crm_url"])
    assert (link.scheme, link.netloc, link.path, link.fragment) == (
        *("https", "crm.example", "/open/%2B493012345"),
        pop["call"],
    )
    assert parse_qs(link.query) == {
        "name": ["a&order=x#y/../<b>"],
        "order": [HOSTILE_DATA["order"]],
        "text": [HOSTILE_DATA["text"]],
    }


async def test_given_a_transferred_call_then_the_pop_says_who_and_why_and_has_the_notes(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, first = await connected(site, anna, WITH_DATA)
    note = "wants\na refund <b>now</b>"
    await anna.person.post(f"/v1/calls/{first['call']}/notes", {"text": note})
    updated = await anna.next("call.updated", lambda data: data["call"]["notes"])
    assert updated["call"]["pop"]["notes"] == updated["call"]["notes"]
    await anna.person.transfer(first["call"], "agent", "carla", reason="billing", note="is angry")
    offer = await carla.offer()
    await carla.pick_up()
    pop = await carla.pop()
    for shown in (offer["preview"], pop):
        assert (shown["transferred_by"], shown["transfer_reason"]) == ({"id": "anna", "name": "Anna"}, "billing")
        assert [(each["by"], each["text"]) for each in shown["notes"]] == [("anna", note), ("anna", "is angry")]
        assert shown["data"] == HOSTILE_DATA
        assert (shown["caller_number"], shown["caller_name"]) == ("+493012345", "Max")
    assert offer["preview"]["id"] == pop["id"] != first["id"]
    await carla.is_talking(pop["call"])
    await hear_each_other(lab, caller, carla.phone)


async def test_given_a_rejected_offer_then_the_next_agents_pop_is_another_one_and_the_first_gets_none(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    await ring(lab)
    offer = await anna.offer()
    await anna.person.reject(offer["id"])
    assert (await anna.offer_ended())["preview"] is None
    pop = await bernd.take()
    assert (pop["agent"], pop["call"]) == ("bernd", offer["call"])
    assert pop["id"] != offer["preview"]["id"]
    assert anna.seen("pop") == []


async def test_given_anothers_call_then_my_stream_tells_nothing_of_it(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await caller.hang_up()
    await agent_is(site, "anna", "available")
    await connected(site, carla, SALES)
    about_calls = [event for event in carla.person.events if event["type"] not in ("snapshot", "agent", "directory")]
    assert about_calls
    assert pop["call"] not in orjson.dumps(about_calls).decode()
    assert "+493012345" not in orjson.dumps([e for e in carla.person.events if e not in about_calls]).decode()


async def test_given_a_cut_stream_when_resumed_by_its_last_id_then_what_was_missed_comes_once(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    token = anna.person.token
    async with SseStream(site.http, token) as first:
        await first.until("snapshot")
        caller = await ring(lab)
        await first.until("offer.made")
    seen = list(first.events)
    await anna.pick_up()
    pop = await anna.pop()
    await anna.is_talking(pop["call"])
    async with SseStream(site.http, token, last_event_id=seen[-1]["id"]) as second:
        await second.until("call.updated", lambda data: data["call"]["state"] == "talking")
        assert "snapshot" not in [event["type"] for event in second.events]
        seen += second.events
        await caller.hang_up()
        await second.until("call.ended")
        seen += [event for event in second.events if event not in seen]
    ids = [event["id"] for event in seen]
    assert len(ids) == len(set(ids))
    assert ids == sorted(ids, key=lambda each: int(each.rpartition("-")[2]))
    # The WebSocket was never cut: both have seen the same.
    await anna.next("call.ended")
    own = [event for event in anna.person.events if event["type"] != "directory"]
    begin = next(index for index, event in enumerate(own) if event["type"] == "offer.made")
    end = next(index for index, event in enumerate(own) if event["type"] == "call.ended")
    by_sse = [event for event in seen if event["type"] not in ("directory", "snapshot")]
    since = next(index for index, event in enumerate(by_sse) if event["type"] == "offer.made")
    assert by_sse[since:] == own[begin : end + 1]


async def test_given_a_websocket_that_is_cut_when_it_comes_back_then_nothing_is_missing_or_twice(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    last = anna.person.events[-1]["id"]
    headers = {"Authorization": f"Bearer {anna.person.token}"}
    await ring(lab)
    pop = await anna.take()
    path = f"/v1/ws?last_event_id={last}"
    again = []
    async with site.http.ws_connect(path, headers=headers, protocols=["callbridge.v1"]) as socket, asyncio.timeout(10):
        async for message in socket:
            again.append(orjson.loads(message.data))
            call = again[-1]["data"].get("call", {}) if again[-1]["type"] == "call.updated" else {}
            if call.get("state") == "talking":
                break
    assert [event["data"]["pop"] for event in again if event["type"] == "pop"] == [pop]
    since = next(index for index, event in enumerate(anna.person.events) if event["id"] == last) + 1
    assert again == anna.person.events[since : since + len(again)]


async def test_given_an_id_that_nobody_gave_out_when_resumed_then_a_snapshot_has_call_and_pop(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    _, pop = await connected(site, anna)
    for unknown in ("0123456789-7", "nonsense", "0123456789-99999999999999999999"):
        async with SseStream(site.http, anna.person.token, last_event_id=unknown) as stream:
            snapshot = await stream.until("snapshot")
            assert len(stream.events) == 1
        [call] = snapshot["calls"]
        assert (call["id"], call["pop"]) == (pop["call"], pop)
        assert snapshot["me"]["state"] == "on_call"


async def test_given_a_receiver_that_fails_then_the_call_goes_on_and_no_message_comes_twice(
    site: Site, lab: Lab, receiver: Receiver
) -> None:
    [anna] = await at_work(site, "anna")
    receiver.refuse_next = 1
    caller, pop = await connected(site, anna, SUPPORT)
    await hear_each_other(lab, caller, anna.phone)
    await caller.hang_up()
    await receiver.got("call.ended", lambda data: data["call"]["id"] == pop["call"])
    assert len(receiver.ids) == len(set(receiver.ids))
    assert receiver.refuse_next == 0


async def test_given_a_group_with_its_own_crm_then_its_link_is_in_the_pop(site: Site, lab: Lab) -> None:
    assert await configure(site, groups={"sales": {"crm_url": "http://sales.example/{group}/{agent}/{data.none}"}})
    [carla] = await at_work(site, "carla")
    _, pop = await connected(site, carla, SALES)
    assert pop["crm_url"] == "http://sales.example/sales/carla/"
