"""The shipped dialplan and AMI users on a real Asterisk, without a gateway: what holds whatever the gateway does."""

import asyncio
import itertools
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import cast

import pytest
import pytest_asyncio

from callbridge.demo.bank import Phone
from callbridge.demo.bank_ami import AmiClient, AmiError, Message
from callbridge.demo.bank_lines import Caller
from callbridge.demo.instance import SIP_PORT
from callbridge.demo.lab import Lab
from callbridge.demo.tones import FALLBACK, HOLD_MUSIC
from callbridge.domain.model.causes import Fault, leg_end

NUMBER = "5550100"
HOSTILE = "5550199"
STAMP = "a-random-word"
BREAK = "${URIDECODE(%0d%0a)}"
DIALPLAN = f"""
[from-carrier](+)
exten => {HOSTILE},1,Set(CALLBRIDGE_CALLED=12{BREAK}Event: Hangup)
 same => n,Set(__CALLBRIDGE_DATA=a=b{BREAK}{BREAK}Event: Hangup{BREAK}"{{}}${{}}(),\\;&c=%20d)
 same => n,Set(__CALLBRIDGE_ROLE=agent)
 same => n,UserEvent(Order,Text: x{BREAK}{BREAK}Event: Hangup{BREAK}Uniqueid: forged)
 same => n,Goto(callbridge,sales\\;x{BREAK}-y,1)
"""
FEATURES = """[featuremap]
blindxfer=>#1
atxfer=>*2
disconnect=>*0
parkcall=>#72
"""
_ids = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(agents=["anna", "boris"], dids={NUMBER: "sales-team_1"}, dialplan=DIALPLAN) as running:
        (running.pbx.folder / "etc/features.conf").write_text(FEATURES)
        await (await running.ami()).command("module reload features")
        yield running


@pytest_asyncio.fixture(autouse=True)
async def quiet_lab(lab: Lab) -> AsyncIterator[None]:
    await vouch(lab, 3600)
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_STAMP", Value=STAMP)
    yield
    await lab.reset()


async def vouch(lab: Lab, seconds: int) -> None:
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_ALIVE", Value=int(time.time()) + seconds)


@asynccontextmanager
async def event(lab: Lab, name: str, **headers: str) -> AsyncIterator["asyncio.Future[Message]"]:
    """A future of the first such event, as the lab's own session sees it."""
    wanted = {"Event": name, **headers}
    with (await lab.ami()).expect(lambda message: wanted.items() <= message.items()) as future:
        yield future


async def arrive(lab: Lab, number: str = NUMBER) -> tuple[Caller, Message]:
    async with event(lab, "UserEvent", UserEvent="CallbridgeWaits") as waits:
        caller = await lab.bank.call(from_number="4917012345", did=number, name="Jürgen")
        return caller, await asyncio.wait_for(waits, 10)


async def originate(lab: Lab, phone: Phone) -> str:
    leg = f"leg-{next(_ids):04}"
    await (await lab.ami()).action(
        "Originate",
        variables={"CALLBRIDGE_ROLE": "agent", "CALLBRIDGE_LEG": leg},
        Channel=f"PJSIP/{phone.name}",
        Context="callbridge-leg",
        Exten="s",
        Priority=1,
        ChannelId=leg,
        Async="true",
    )
    return leg


async def leg_of(lab: Lab, name: str) -> str:
    phone = lab.bank.phone(name)
    await phone.auto_answer()
    async with event(lab, "BridgeEnter", BridgeName="callbridge-legs") as waits:
        leg = await originate(lab, phone)
        assert (await asyncio.wait_for(waits, 10))["Uniqueid"] == leg
    return leg


async def talk(lab: Lab, after: str) -> tuple[Caller, str, str]:
    caller, seen = await arrive(lab)
    leg = await leg_of(lab, "anna")
    ami = await lab.ami()
    await ami.action("Bridge", Channel1=seen["Channel"], Channel2=leg, Tone="no")
    if after == "hangup":
        after = f"hangup-{await of_channel(lab, seen['Channel'], 'CALLBRIDGE_ROUND')}"
    await ami.action("Setvar", Channel=seen["Channel"], Variable="CALLBRIDGE_AFTER", Value=after)
    return caller, seen["Uniqueid"], leg


async def of_channel(lab: Lab, channel: str, variable: str) -> str:
    return (await (await lab.ami()).action("Getvar", Channel=channel, Variable=variable))["Value"]


def variables(message: Message) -> dict[str, str]:
    return dict(line.split("=", 1) for line in message["ChanVariable"].split("\n"))


async def up(lab: Lab, phone: str) -> str:
    """The name of this phone's channel on the PBX."""
    return next(row["Channel"] for row in await lab.channels() if row["Channel"].startswith(f"PJSIP/{phone}-"))


class Gateway:
    """The gateway's own events session: everything that it gets, in order."""

    def __init__(self, session: AmiClient) -> None:
        self.session = session
        self.seen: list[Message] = []
        session.listen(self.seen.append)

    async def told(self, name: str) -> None:
        """Returns once such an event has come."""
        with self.session.expect(lambda message: message.get("Event") == name) as future:
            if not any(message.get("Event") == name for message in self.seen):
                await asyncio.wait_for(future, 5)


@asynccontextmanager
async def gateway(lab: Lab) -> AsyncIterator[Gateway]:
    user = lab.pbx.events_user
    async with await AmiClient.connect(lab.pbx.address, lab.pbx.ami_port, user.name, user.secret) as session:
        yield Gateway(session)


class Stranger(asyncio.DatagramProtocol):
    """The least of a SIP phone: an INVITE byte for byte as written, since real phones would not send such a thing."""

    def __init__(self, lab: Lab, user: str) -> None:
        self.lab, self.user = lab, user
        self.answered = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if (status := re.match(r"SIP/2.0 (\d+)", text)) and int(status[1]) >= 200 and not self.answered.done():
            to = re.search(r"^To: (.*)\r$", text, re.MULTILINE)
            assert to is not None
            self.send("ACK", to[1], "ack")
            self.answered.set_result(int(status[1]))

    def send(self, method: str, to: str, branch: str, body: str = "") -> None:
        host, port = self.transport.get_extra_info("sockname")
        target = f"sip:{NUMBER}@{self.lab.pbx.address}:{SIP_PORT}"
        head = f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{branch}\r\n"
        head += f"From: <sip:{self.user}@{host}>;tag=f\r\nTo: {to or f'<{target}>'}\r\nCall-ID: stranger@{host}\r\n"
        head += f"CSeq: 1 {method}\r\nContact: <sip:x@{host}:{port}>\r\nMax-Forwards: 70\r\n"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        message = f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        self.transport.sendto(message.encode(), (self.lab.pbx.address, SIP_PORT))


async def test_what_arrives_is_filtered(lab: Lab) -> None:
    async with gateway(lab) as its:
        _, entered = await arrive(lab, HOSTILE)
        await its.told("UserEvent")
    found = variables(entered)
    assert found["CALLBRIDGE_ROLE"] == "caller"
    assert found["CALLBRIDGE_GROUP"] == "salesx-y"
    assert found["CALLBRIDGE_CALLED"] == "12"
    assert found["CALLBRIDGE_DATA"] == "a=bEventHangup()&c=%20d"
    assert found["CALLBRIDGE_AFTER"] == "hold-1"
    assert found["CALLBRIDGE_STAMP"] == STAMP
    # The UserEvent's text held a whole Hangup; the gateway's session never gets it.
    assert "forged" not in {message.get("Uniqueid") for message in its.seen}
    assert {message["UserEvent"] for message in its.seen if "UserEvent" in message} == {"CallbridgeWaits"}


async def test_a_callers_number_with_line_breaks_makes_no_event(lab: Lab) -> None:
    user = "4917%0d%0a%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%20forged%0d%0a%0d%0a"
    carrier = lab.bank.address.rsplit(".", 1)[0] + ".3"
    loop = asyncio.get_running_loop()
    async with gateway(lab) as its, event(lab, "UserEvent", UserEvent="CallbridgeWaits") as waits:
        transport, stranger = await loop.create_datagram_endpoint(lambda: Stranger(lab, user), local_addr=(carrier, 0))
        with closing(transport):
            sdp = f"v=0\r\no=- 1 1 IN IP4 {carrier}\r\ns=-\r\nc=IN IP4 {carrier}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
            stranger.send("INVITE", "", "invite", sdp)
            assert await asyncio.wait_for(stranger.answered, 5) == 200
            entered = await asyncio.wait_for(waits, 5)
            assert entered["CallerIDNum"] == "4917EventHangupUniqueidforged"
            await (await lab.ami()).action("Hangup", Channel=entered["Uniqueid"])
            await its.told("Hangup")
    assert "forged" not in {message.get("Uniqueid") for message in its.seen}
    assert all("Event" in message for message in its.seen)


@pytest.mark.parametrize(
    "wish",
    ["", "callbridge,sales,1)${SHELL(id)}", "Callbridge-Fallback,s,1", "callbridge-hold,s,1", "from-carrier,5559998"],
    ids=["unset", "nonsense", "a circle", "a room", "no priority"],
)
async def test_without_a_gateway_a_new_caller_reaches_the_fallback(lab: Lab, wish: str) -> None:
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_FALLBACK", Value=wish)
    await vouch(lab, -1)
    caller, _ = await arrive(lab)
    await lab.assert_hears({caller: {FALLBACK}}, within=15)


async def test_a_lease_that_runs_out_frees_the_waiting_and_leaves_the_talking_alone(lab: Lab) -> None:
    talking, _, _ = await talk(lab, "hangup")
    lonely = await leg_of(lab, "boris")
    async with event(lab, "Hangup", Uniqueid=lonely) as gone:
        # Shorter than a turn: who waits does not look at the lease before it can have run out.
        await vouch(lab, 1)
        waiting, seen = await arrive(lab)
        await lab.assert_hears({waiting: {FALLBACK}}, within=25)
        # The leg looks at the lease when its turn ends, after 15 seconds, and five seconds later once more.
        await asyncio.wait_for(gone, 30)
    anna = lab.bank.phone("anna")
    await lab.assert_hears({talking: {anna}, anna: {talking}})
    # It is the site's call now: a gateway that comes back leaves it alone.
    role = await (await lab.ami()).action("Getvar", Channel=seen["Channel"], Variable="CALLBRIDGE_ROLE")
    assert role["Value"] == "fallback"


@asynccontextmanager
async def no_fallback(lab: Lab) -> AsyncIterator[None]:
    """The site has no fallback, and its patience is over after one round of the last resort."""
    conf = lab.pbx.folder / "etc/extensions.conf"
    right = conf.read_text()
    ami = await lab.ami()
    conf.write_text(right.replace("[callbridge-site-fallback]", "[elsewhere]"))
    await ami.command("dialplan reload")
    await ami.action("Setvar", Variable="CALLBRIDGE_PATIENCE", Value="10")
    try:
        yield
    finally:
        await ami.action("Setvar", Variable="CALLBRIDGE_PATIENCE", Value="")
        conf.write_text(right)
        await ami.command("dialplan reload")


async def to_fallback(lab: Lab, channel: str) -> None:
    await (await lab.ami()).action("Redirect", Channel=channel, Context="callbridge-fallback", Exten="s", Priority=1)


async def given_up(lab: Lab, channel: str, within: float) -> None:
    """Returns once the caller hears that nobody will come."""
    async with asyncio.timeout(within):
        # There is no event.
        while {row["Channel"]: row["Application"] for row in await lab.channels()}.get(channel) != "Congestion":  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_the_last_resort_gives_back_whom_the_lease_left_and_nobody_goes_round_for_ever(lab: Lab) -> None:
    async with no_fallback(lab):
        await vouch(lab, 3600)
        _, sent = await arrive(lab)
        await to_fallback(lab, sent["Channel"])
        await vouch(lab, -1)
        _, left = await arrive(lab)
        await asyncio.sleep(7)
        await vouch(lab, 3600)
        async with event(lab, "UserEvent", UserEvent="CallbridgeWaits", Uniqueid=sent["Uniqueid"]) as again:
            async with event(lab, "UserEvent", UserEvent="CallbridgeWaits", Uniqueid=left["Uniqueid"]) as back:
                # The gateway vouches, but whom it sent here itself it would only send again.
                await given_up(lab, sent["Channel"], 12)
                await asyncio.wait_for(back, 20)
                # And it has nobody for this caller either: the patience of the first round counts.
                await to_fallback(lab, left["Channel"])
                await given_up(lab, left["Channel"], 20)
            assert not again.done()


async def test_a_conversation_ends_with_the_agent(lab: Lab) -> None:
    caller, _, _ = await talk(lab, "hangup")
    await lab.bank.phone("anna").hang_up()
    await caller.wait_ended(3)


@pytest.mark.parametrize("order", ["hangup", "hangup-1", "hangup-2"])
async def test_a_turn_that_ended_by_its_timer_never_hangs_up(lab: Lab, order: str) -> None:
    """The order was given for a talk that is over, and comes when the caller waits again."""
    caller, seen = await arrive(lab)
    await leg_of(lab, "anna")
    ami = await lab.ami()
    async with event(lab, "BridgeEnter", Uniqueid=seen["Uniqueid"]) as talks:
        await ami.action("Bridge", Channel1=seen["Channel"], Channel2=(await up(lab, "anna")), Tone="no")
        assert variables(await asyncio.wait_for(talks, 5))["CALLBRIDGE_AFTER"] == "hold-1"
    await vouch(lab, 1)  # a short turn
    async with event(lab, "UserEvent", UserEvent="CallbridgeWaits", Uniqueid=seen["Uniqueid"]) as back:
        await ami.action("Redirect", Channel=seen["Channel"], Context="callbridge-hold", Exten="s", Priority=1)
        assert variables(await asyncio.wait_for(back, 5))["CALLBRIDGE_AFTER"] == "hold-2"
    await vouch(lab, 3600)
    turn = await of_channel(lab, seen["Channel"], "CALLBRIDGE_TURN")
    await ami.action("Setvar", Channel=seen["Channel"], Variable="CALLBRIDGE_AFTER", Value=order)
    async with asyncio.timeout(20):
        # There is no event of it.
        while await of_channel(lab, seen["Channel"], "CALLBRIDGE_TURN") in ("", turn):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await lab.assert_hears({caller: {HOLD_MUSIC}})


async def test_in_a_transfer_the_caller_hears_music_again(lab: Lab) -> None:
    caller, _, _ = await talk(lab, "hold")
    await lab.bank.phone("anna").hang_up()
    await lab.assert_hears({caller: {HOLD_MUSIC}})


async def test_a_phone_that_dies_does_not_take_the_caller_along(lab: Lab) -> None:
    caller, uniqueid, leg = await talk(lab, "hangup")
    async with event(lab, "UserEvent", UserEvent="CallbridgeWaits", Uniqueid=uniqueid) as back:
        # 44 is what Asterisk itself gives when a phone's sound has stopped for rtp_timeout seconds.
        await (await lab.ami()).action("Hangup", Channel=leg, Cause=44)
        await asyncio.wait_for(back, 5)
    left_over = await (await lab.ami()).command("dialplan show globals")
    assert "CALLBRIDGE_ALIVE" in left_over
    assert "CALLBRIDGE_DIED" not in left_over
    await lab.assert_hears({caller: {HOLD_MUSIC}})


@pytest.mark.parametrize("context", ["callbridge-talk", "callbridge-join"])
async def test_a_timer_that_ends_a_talk_gives_the_caller_music(lab: Lab, context: str) -> None:
    """A site's own TIMEOUT(absolute), or an AMI action: the dialplan goes on at T."""
    caller, seen = await arrive(lab)
    await leg_of(lab, "anna")
    ami = await lab.ami()
    if context == "callbridge-join":
        await ami.action("Bridge", Channel1=seen["Channel"], Channel2=(await up(lab, "anna")), Tone="no")
        caller, seen = await arrive(lab)
    await ami.action("Setvar", Channel=seen["Channel"], Variable="CALLBRIDGE_PEER", Value=await up(lab, "anna"))
    async with event(lab, "BridgeEnter", Uniqueid=seen["Uniqueid"]) as talks:
        await ami.action("Redirect", Channel=seen["Channel"], Context=context, Exten="s", Priority=1)
        await asyncio.wait_for(talks, 5)
    async with event(lab, "UserEvent", UserEvent="CallbridgeWaits", Uniqueid=seen["Uniqueid"]):
        await ami.action("AbsoluteTimeout", Channel=seen["Channel"], Timeout=1)
        await lab.assert_hears({caller: {HOLD_MUSIC}})


async def test_the_transfer_key_is_refused_and_the_call_goes_on(lab: Lab) -> None:
    caller, _, _ = await talk(lab, "hangup")
    anna = lab.bank.phone("anna")
    outside = await lab.bank.outside("5550777")
    assert await anna.refer(f"sip:5550777@{lab.pbx.address}:{SIP_PORT}") != "SUCCESS"
    assert outside.legs == []
    await lab.assert_hears({caller: {anna}, anna: {caller}})


@pytest.mark.parametrize(
    "target",
    ["5550777", "boris", "PJSIP%2F5550777%40carrier", "Local/5550777%40from-carrier"],
    ids=["number", "colleague", "trunk", "local"],
)
async def test_a_phones_own_forwarding_never_becomes_the_agents_leg(lab: Lab, target: str) -> None:
    outside = await lab.bank.outside("5550777")
    entered: list[Message] = []
    stop = (await lab.ami()).listen(lambda m: entered.append(m) if m.get("BridgeName") == "callbridge-legs" else None)
    anna = lab.bank.phone("anna")
    await anna.auto_answer(None)
    leg = await originate(lab, anna)
    ringing = await anna.wait_ringing()
    async with event(lab, "Hangup", Uniqueid=leg) as gone:
        await anna.refer(f"sip:{target}@{lab.pbx.address}:{SIP_PORT}", leg=ringing)
        # Asterisk gives the leg up as soon as it has read where to, at times before it has read why: 23, moved, or
        # nothing. Either is a fault of the phone.
        cause = int((await asyncio.wait_for(gone, 5))["Cause"])
    assert leg_end(cause).fault is Fault.PHONE
    await lab.wait_no_channels()
    stop()
    assert entered == []
    if "/" not in target and "%2F" not in target:
        assert outside.legs == []


async def test_feature_codes_do_nothing(lab: Lab) -> None:
    caller, uniqueid, leg = await talk(lab, "hangup")
    anna = lab.bank.phone("anna")
    moved: list[Message] = []
    stop = (await lab.ami()).listen(
        lambda m: moved.append(m) if m.get("Event") == "BridgeLeave" and m.get("Uniqueid") in (uniqueid, leg) else None
    )
    for code in ("#1", "*2", "*0", "#72", "##"):
        await anna.send_dtmf(code)
    await lab.assert_hears({caller: {anna}, anna: {caller}})
    stop()
    assert moved == []


@pytest.mark.parametrize("number", ["5550777", "5550777@carrier", "carrier", "*8"])
async def test_agents_phones_reach_nobody_outside(lab: Lab, number: str) -> None:
    outside = await lab.bank.outside("5550777")
    dialled = await lab.bank.phone("anna").dial(number.replace("@", "%40"))
    await lab.bank.phone("anna").wait_ended()
    assert not dialled.live
    assert outside.legs == []


async def test_agents_phones_reach_each_other(lab: Lab) -> None:
    anna, boris = lab.bank.phone("anna"), lab.bank.phone("boris")
    await boris.auto_answer()
    await anna.dial("boris")
    await anna.wait_up()
    await lab.assert_hears({anna: {boris}, boris: {anna}})


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Command", {"Command": "core show version"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("ModuleLoad", {"Module": "app_echo.so", "LoadType": "load"}),
        ("Reload", {}),
        ("UserEvent", {"UserEvent": "x"}),
        ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_actions_user_may_not(lab: Lab, action: str, headers: dict[str, str]) -> None:
    user = lab.pbx.actions_user
    async with await AmiClient.connect(lab.pbx.address, lab.pbx.ami_port, user.name, user.secret) as session:
        with pytest.raises(AmiError, match="Permission denied"):
            await session.action(action, **headers)
