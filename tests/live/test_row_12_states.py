"""Row 12: an agent's states, as everybody sees them."""

from collections.abc import Awaitable, Callable

from steps import Desk, SseStream, agent, agent_is, at_work, configure, logged_in, ring, waiting

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def told(watcher: Desk, name: str, state: str) -> None:
    """The next change of this agent's state that the watcher is told of is this one."""

    def of_agent(data: object) -> bool:
        assert isinstance(data, dict)
        return any(each["id"] == name for each in data["agents"])

    data = await watcher.next("directory", of_agent)
    [seen] = [each["state"] for each in data["agents"] if each["id"] == name]
    assert seen == state


async def test_given_a_working_day_then_a_colleague_in_another_group_sees_every_state_in_its_order(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"wrap_up": 0.5})
    [dora] = await logged_in(site, "dora")
    [anna] = await logged_in(site, "anna")
    await told(dora, "anna", "busy")
    await anna.person.available()
    await told(dora, "anna", "available")
    caller = await ring(lab)
    await told(dora, "anna", "offered")
    await anna.pick_up()
    await told(dora, "anna", "on_call")
    await caller.hang_up()
    await told(dora, "anna", "wrap_up")
    await told(dora, "anna", "available")
    await anna.person.busy("lunch")
    await told(dora, "anna", "busy")
    assert (await dora.person.get("/v1/agents/anna"))["reason"] == "lunch"
    await anna.person.leave()
    await told(dora, "anna", "offline")


async def test_given_a_reason_for_being_busy_then_the_directory_the_group_and_the_agent_show_it(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    reason = 'training "Ä" <b>'
    await anna.person.busy(reason)
    assert (await bernd.person.get("/v1/agents/anna"))["reason"] == reason
    members = {each["id"]: each for each in (await bernd.person.get("/v1/groups/support"))["agents"]}
    assert (members["anna"]["state"], members["anna"]["reason"]) == ("busy", reason)
    assert (await anna.next("agent", lambda data: data["reason"] == reason))["state"] == "busy"


async def test_given_a_busy_agent_in_a_call_then_on_call_is_shown_and_busy_again_afterwards(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    await anna.take()
    await anna.person.busy("lunch after this")
    assert (await agent(site, "anna"))["state"] == "on_call"
    await caller.hang_up()
    await agent_is(site, "anna", "busy", "lunch after this")


async def test_given_waiting_callers_then_everybody_sees_the_queue_grow_and_shrink(site: Site, lab: Lab) -> None:
    [dora] = await logged_in(site, "dora")

    async def queue_is(count: int) -> None:
        data = await dora.next("directory", lambda data: any(each["id"] == "support" for each in data["groups"]))
        [seen] = [each for each in data["groups"] if each["id"] == "support"]
        assert (seen["waiting"], seen["waiting_since"] is not None) == (count, count > 0)

    first, _ = await waiting(site, lab)
    await queue_is(1)
    second, _ = await waiting(site, lab)
    await queue_is(2)
    await first.hang_up()
    await queue_is(1)
    await second.hang_up()
    await queue_is(0)


async def test_given_a_browser_that_comes_later_then_its_snapshot_has_everybodys_state(site: Site, lab: Lab) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    await ring(lab)
    await anna.take()
    await bernd.person.busy("break")
    async with SseStream(site.http, bernd.person.token) as stream:
        snapshot = await stream.until("snapshot")
    states = {each["id"]: each["state"] for each in snapshot["directory"]["agents"]}
    assert states == {"anna": "on_call", "bernd": "busy", "carla": "offline", "dora": "offline"}


async def test_given_every_way_of_leaving_a_call_then_the_agent_is_available_again(site: Site, lab: Lab) -> None:
    [anna] = await at_work(site, "anna")

    async def by_the_caller(call: str) -> None:
        await caller.hang_up()

    async def by_the_phone(call: str) -> None:
        await anna.phone.hang_up()

    async def by_the_page(call: str) -> None:
        await anna.person.hang_up(call)

    async def by_transfer(call: str) -> None:
        await anna.person.transfer(call, "group", "empty")

    ways: list[Callable[[str], Awaitable[None]]] = [by_the_caller, by_the_phone, by_the_page, by_transfer]
    for way in ways:
        caller = await ring(lab)
        pop = await anna.take()
        await agent_is(site, "anna", "on_call")
        await way(pop["call"])
        await agent_is(site, "anna", "available")
        await anna.phone.wait_ended()
