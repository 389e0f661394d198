"""What AMI's messages mean, and how effects are said to Asterisk: hostile values included."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callbridge.ami.decode import (
    CHANNEL_EVENTS,
    EARLY,
    MUSIC,
    WANTED,
    channel_fact,
    channel_variables,
    decode,
    is_genuine,
)
from callbridge.ami.encode import caller_id, encode
from callbridge.ami.errors import ActionRefused, StampMissing
from callbridge.ami.framing import Message
from callbridge.ami.headers import checked
from callbridge.ami.snapshot import take_snapshot
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.effects import (
    Adopt,
    Bridge,
    Hangup,
    Hold,
    Introduce,
    Join,
    Listen,
    Mute,
    Originate,
    Park,
    SetAfter,
    SetHear,
    StopRecording,
    ToFallback,
)
from callbridge.domain.model.facts import (
    ChannelAnswered,
    ChannelEntered,
    ChannelGone,
    ChannelLeft,
    ChannelReplaced,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PhoneChanged,
    PhoneHolds,
)
from callbridge.domain.model.ids import CallId, ChannelId
from callbridge.domain.model.legs import PhoneHold

WORD = "0123456789abcdef0123456789abcdef"
CALL, LEG = CallId("c-17-1"), ChannelId("c-17-1-leg-1")


def event(name: str, **headers: str | list[str]) -> Message:
    return {"Event": name, "Uniqueid": "17.1", "Channel": "PJSIP/trunk-1", "ChannelState": "6", **headers}


def enter(**headers: str | list[str]) -> Message:
    room = {"BridgeUniqueid": "b1", "BridgeTechnology": "holding_bridge", "BridgeName": "callbridge-hold"}
    return event("BridgeEnter", **{**room, **headers})


def test_given_a_caller_in_the_waiting_room_when_decoded_then_all_of_the_call_is_there() -> None:
    data = r"CALLBRIDGE_DATA=order=1&name=O\'Brien"  # an apostrophe comes through URIENCODE() and is escaped in AMI
    variables = ["CALLBRIDGE_ROLE=caller", "CALLBRIDGE_GROUP=support", data, "OTHER=x"]
    signal = decode(enter(CallerIDNum="+4930", CallerIDName="<unknown>", ChanVariable=variables), WORD)
    assert isinstance(signal, ChannelEntered)
    fact = signal.fact
    assert (fact.channel, fact.name, fact.bridge, fact.holding) == ("17.1", "PJSIP/trunk-1", "b1", True)
    assert (fact.caller_number, fact.caller_name) == ("+4930", "")
    assert (fact.variables.role, fact.variables.group, fact.variables.data) == (
        "caller",
        "support",
        "order=1&name=O'Brien",
    )


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (r"O\'Brien", "O'Brien"),
        (r"Max \"The Fax\" M\\ller\?", r'Max "The Fax" M\ller?'),
        (r"Max \\\"The Fax\\\" M\\\\ller", r'Max "The Fax" M\ller'),
        (r"one\r\ntwo\tthree", "one  two three"),
        ("<unknown>", ""),
        ("\\", "\\"),
    ],
)
def test_given_a_name_as_asterisk_escapes_it_when_decoded_then_it_is_as_the_caller_sent_it(
    shown: str, name: str
) -> None:
    signal = decode(enter(CallerIDName=shown), WORD)
    assert isinstance(signal, ChannelEntered)
    assert signal.fact.caller_name == name


@pytest.mark.parametrize(
    "room",
    [
        {"BridgeTechnology": "simple_bridge", "BridgeName": "<unknown>"},
        {"BridgeTechnology": "holding_bridge", "BridgeName": "the-sites-own-room"},
        {"BridgeTechnology": "softmix", "BridgeName": "callbridge-hold"},
    ],
)
def test_given_another_bridge_when_decoded_then_it_is_not_taken_for_the_waiting_room(room: dict[str, str]) -> None:
    signal = decode(enter(**room), WORD)
    assert isinstance(signal, ChannelEntered)
    assert not signal.fact.holding


def test_given_the_other_events_when_decoded_then_each_is_its_signal() -> None:
    assert decode(event("BridgeLeave", BridgeUniqueid="b1"), WORD) == ChannelLeft(channel="17.1", bridge="b1")  # type: ignore[arg-type]
    assert decode(event("Newstate", ChannelState="5"), WORD) == ChannelRinging(
        channel=ChannelId("17.1"), name="PJSIP/trunk-1"
    )
    assert decode(event("Newstate", ChannelState="6"), WORD) == ChannelAnswered(
        channel=ChannelId("17.1"), name="PJSIP/trunk-1"
    )
    assert decode(event("Newstate", ChannelState="4"), WORD) is None
    assert decode(event("Hangup", Cause="21"), WORD) == ChannelGone(channel=ChannelId("17.1"), cause=21)
    for status, shown in (
        ("486", 486),
        ("200", None),
        ("", None),
        ("SIP 486", None),
        ("-86", None),
        ("9" * 5000, None),
    ):
        gone = ChannelGone(channel=ChannelId("17.1"), cause=17, sip_status=shown)
        assert decode(event("Hangup", Cause="17", TechCause=status), WORD) == gone
    assert decode({"Event": "DeviceStateChange", "Device": "PJSIP/anna", "State": "UNAVAILABLE"}, WORD) == (
        PhoneChanged(phone="PJSIP/anna", state=PhoneState.UNREACHABLE)
    )
    assert decode({"Event": "DeviceStateChange", "Device": "PJSIP/anna", "State": "NOT_INUSE"}, WORD) == (
        PhoneChanged(phone="PJSIP/anna", state=PhoneState.IDLE)
    )


def progress(of: str, *, caller: str = "", stamp: str = f"CALLBRIDGE_STAMP={WORD}") -> Message:
    """A channel that is being called may make sound; `caller` has the variables of the one who calls."""
    told: Message = {"Event": "DialState", "DestUniqueid": LEG, "DialStatus": "PROGRESS"}
    return {**told, "ChanVariable": [caller], "DestChanVariable": [f"CALLBRIDGE_ROLE={of}", stamp]}


def test_given_progress_of_a_number_outside_when_decoded_then_it_may_make_sound() -> None:
    assert decode(progress("external"), WORD) == EarlySound(channel=LEG)
    assert decode(progress("agent"), WORD) is None
    assert decode(progress("", caller="CALLBRIDGE_ROLE=external"), WORD) is None
    assert decode({**progress("external"), "DialStatus": "RINGING"}, WORD) is None


def test_given_progress_when_only_the_caller_has_the_stamp_then_it_is_not_genuine() -> None:
    assert is_genuine(progress("external"), WORD)
    assert not is_genuine(progress("external", caller=f"CALLBRIDGE_STAMP={WORD}", stamp="x=y"), WORD)
    assert not is_genuine({**progress("external"), "DestUniqueid": [LEG, "17.1"]}, WORD)
    assert not is_genuine({**progress("external"), "DestChanVariable": [f"CALLBRIDGE_STAMP={WORD}"] * 2}, WORD)


def test_given_a_leg_that_listens_when_the_dialplan_tells_then_it_waits_there() -> None:
    told = event("UserEvent", UserEvent="CallbridgeWaits", ChanVariable=["CALLBRIDGE_ROLE=agent"])
    signal = decode(told, WORD)
    assert isinstance(signal, ChannelEntered)
    assert (signal.fact.bridge, signal.fact.holding, signal.fact.listens) == (EARLY, True, True)
    signal = decode({**told, "ChanVariable": ["CALLBRIDGE_ROLE=caller"]}, WORD)
    assert isinstance(signal, ChannelEntered)
    assert (signal.fact.bridge, signal.fact.holding, signal.fact.listens) == (MUSIC, True, False)


def test_given_a_phone_put_down_when_its_leg_listens_then_that_is_told_before_its_end() -> None:
    told = event("HangupRequest", Cause="16", Context="callbridge-early")
    assert decode(told, WORD) == ListenerHungUp(channel=ChannelId("17.1"), cause=16)
    assert decode({**told, "Context": "callbridge-leg"}, WORD) is None


@pytest.mark.parametrize("cause", ["", "x", "-1", "²", "9" * 30])
def test_given_a_senseless_cause_when_decoded_then_nothing_breaks(cause: str) -> None:
    assert isinstance(decode(event("Hangup", Cause=cause), WORD), ChannelGone)


@pytest.mark.parametrize("name", WANTED)
def test_given_an_event_without_its_headers_or_with_repeated_ones_when_decoded_then_nothing_breaks(name: str) -> None:
    decode({"Event": name}, WORD)
    decode({"Event": name, "Uniqueid": ["a", "b"], "ChannelState": [], "Cause": ["1", "2"], "Channel": []}, WORD)


def test_given_a_failed_originate_when_the_answer_has_the_stamp_then_the_leg_failed() -> None:
    answer: Message = {"Event": "OriginateResponse", "Response": "Failure", "Reason": "5", "Uniqueid": "<null>"}
    assert decode({**answer, "ActionID": f"{LEG}|{WORD}"}, WORD) == OriginateFailed(channel=LEG)
    assert decode({**answer, "ActionID": f"{LEG}|guessed"}, WORD) is None
    assert decode({**answer, "Response": "Success", "ActionID": f"{LEG}|{WORD}"}, WORD) is None


@pytest.mark.parametrize("name", sorted(CHANNEL_EVENTS))
def test_given_a_channel_event_without_the_stamp_when_looked_at_then_it_is_not_genuine(name: str) -> None:
    assert not is_genuine(event(name), WORD)
    assert not is_genuine(event(name, ChanVariable="CALLBRIDGE_STAMP="), WORD)
    assert not is_genuine(event(name, ChanVariable=["CALLBRIDGE_STAMP=guess", f"CALLBRIDGE_STAMP={WORD}"]), WORD)
    assert is_genuine(event(name, ChanVariable=["CALLBRIDGE_ROLE=caller", f"CALLBRIDGE_STAMP={WORD}"]), WORD)
    assert is_genuine(event(name, ChanVariable=f"CALLBRIDGE_STAMP={WORD}"), WORD)


def test_given_an_event_that_ends_in_the_tail_of_a_real_one_when_looked_at_then_it_is_not_genuine() -> None:
    joined = event("Hangup", Uniqueid=["forged", "17.1"], ChanVariable=f"CALLBRIDGE_STAMP={WORD}")
    assert not is_genuine(joined, WORD)


def test_given_one_variable_or_several_when_read_then_each_has_its_value() -> None:
    assert channel_variables({"Event": "x", "ChanVariable": "CALLBRIDGE_ROLE=agent"}).role == "agent"
    assert (
        channel_variables({"Event": "x", "ChanVariable": ["CALLBRIDGE_ROLE=caller", "CALLBRIDGE_CALL="]}).role
        == "caller"
    )
    assert channel_variables({"Event": "x", "ChanVariable": "CALLBRIDGE_DATA=a=b&c=d"}).data == "a=b&c=d"


# ---------------------------------------------------------------- effects


def originate(**changes: object) -> Originate:
    given = {"call": CALL, "channel": LEG, "phone": "PJSIP/anna", "caller_number": "+4930", "caller_name": "Max"}
    return Originate(**{**given, "timeout": 50.0, **changes})  # type: ignore[arg-type]


CHANNELS = (ChannelId("17.1"), LEG)


def test_given_each_effect_when_encoded_then_the_link_takes_its_actions_and_they_name_channels_by_uniqueid() -> None:
    effects = [
        originate(),
        Bridge(call=CALL, channel=ChannelId("17.1"), peer=LEG),
        Bridge(
            call=CALL,
            channel=ChannelId("17.1"),
            peer=LEG,
            record="17.1.wav",
        ),
        Hold(call=CALL, channel=ChannelId("17.1")),
        ToFallback(call=CALL, channel=ChannelId("17.1")),
        Park(call=CALL, channel=LEG),
        Join(call=CALL, channel=ChannelId("17.1"), peer=LEG),
        SetAfter(call=CALL, channel=ChannelId("17.1"), after="hold"),
        SetHear(call=CALL, channel=LEG, hear="music"),
        Listen(call=CALL, channel=LEG, to=ChannelId("c-17-1-leg-2")),
        Mute(call=CALL, channel=LEG, on=True),
        StopRecording(call=CALL, channel=LEG),
        Hangup(call=CALL, channel=LEG),
    ]
    actions = [action for effect in effects for action in encode(effect, WORD)]
    names = [action.name for action in actions]
    redirects = ["Redirect", "Redirect", "Redirect", "Setvar", "Redirect"]
    assert names == [
        "Originate",
        "Bridge",
        "Setvar",
        "Setvar",
        "Redirect",
        *redirects,
        "Setvar",
        "Setvar",
        *("Setvar", "Redirect"),
        "Setvar",
        "StopMixMonitor",
        "Hangup",
    ]
    for action in actions:
        checked(action.name, action.headers)
        for header, value in action.headers.items():
            assert header not in ("Channel", "Channel1", "Channel2") or action.name == "Originate" or value in CHANNELS
    assert [action.names for action in actions if action.names] == [{"Channel1": CHANNELS[0], "Channel2": LEG}]
    assert [action.headers["Value"] for action in actions if action.headers.get("Variable") == "CALLBRIDGE_PEER"] == [
        LEG,
        LEG,
    ]


def test_given_an_originate_when_encoded_then_it_dials_the_agents_phone_and_nothing_else() -> None:
    headers = encode(originate(), WORD)[0].headers
    assert headers["Channel"] == "PJSIP/anna"
    assert headers["ChannelId"] == LEG
    assert headers["Context"] == "callbridge-leg"
    assert headers["Timeout"] == "50000"
    assert headers["Async"] == "true"
    assert "Application" not in headers
    assert headers["CallerID"] == '"Max" <+4930>'


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ('Max "the <best>"', "+4930", '"Max  the  best" <+4930>'),
        ("a\r\nAction: Hangup\r\nChannel: all", "1\r\nAction: x", '"a Action: Hangup Channel: all" <1Actionx>'),
        ("", "", '"" <>'),
        ("Иван", "100", '"Иван" <100>'),
        ("x" * 500, "9" * 500, f'"{"x" * 80}" <{"9" * 40}>'),
        ("a,b|c;d(e)", "1&PJSIP/other", '"a b c d e" <1PJSIPother>'),
    ],
)
def test_given_a_hostile_caller_when_their_number_is_shown_then_it_is_only_a_value(
    name: str, number: str, shown: str
) -> None:
    headers = encode(originate(caller_name=name, caller_number=number), WORD)[0].headers
    assert caller_id(name, number) == shown
    assert headers["CallerID"] == shown
    checked("Originate", headers)


_ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""All of Unicode, halves of characters too."""


@given(name=_ANY_TEXT, number=_ANY_TEXT)
@example(name="Bob\u0085X", number="1")
@example(name="Bob\u009fX", number="1")
@example(name="Bob\u2028X\u2029Y", number="1")
@example(name="Bob\ud800X", number="\udfff1")
def test_given_any_name_and_number_when_shown_to_an_agent_then_the_link_takes_them(name: str, number: str) -> None:
    shown = caller_id(name, number)
    checked("Originate", {"CallerID": shown})
    assert shown.count('"') == 2
    assert not any(0xD800 <= ord(letter) <= 0xDFFF for letter in shown)


def test_given_each_character_there_is_when_in_a_name_then_the_link_takes_it() -> None:
    for start in range(0, 0x110000, 64):
        name = "".join(map(chr, range(start, start + 64)))  # short enough to be shown in full
        checked("Originate", {"CallerID": caller_id(name, name)})


# ---------------------------------------------------------------- snapshot


class Lists:
    def __init__(self, **lists: list[Message]) -> None:
        self._lists = lists
        self.held_from_the_answer: set[str] = set()
        self.holds: dict[str, str] = {}
        """What each channel's phone is, when asked whether it holds; the others are gone."""

    async def action(self, name: str, /, headers: Mapping[str, str | Sequence[str]] = MappingProxyType({})) -> Message:
        assert name == "Getvar"
        channel = str(headers["Channel"])
        if headers["Variable"] == "CALLBRIDGE_HELD":
            return {"Response": "Success", "Value": "1" if channel in self.held_from_the_answer else ""}
        assert headers["Variable"] == "CHANNEL(rtp,hold)"
        if channel not in self.holds:
            raise ActionRefused(name, "No such channel")
        return {"Response": "Success", "Value": self.holds[channel]}

    async def list_action(self, name: str, /, headers: object = None) -> list[Message]:
        return self._lists[name]


async def test_given_three_lists_when_put_together_then_each_channel_is_where_it_is() -> None:
    stamp = f"CALLBRIDGE_STAMP={WORD}"
    seen = await take_snapshot(
        Lists(
            Status=[
                event("Status", BridgeID="h", ChanVariable=["CALLBRIDGE_ROLE=caller", stamp]),
                event("Status", Uniqueid="17.2", BridgeID="gone", ChanVariable=stamp),
                event("Status", Uniqueid="17.3", BridgeID="", ChannelState="5", ChanVariable=stamp),
                event("Status", Uniqueid="17.4", BridgeID="h", ChanVariable="CALLBRIDGE_ROLE=caller"),
            ],
            BridgeList=[
                {
                    "Event": "BridgeListItem",
                    "BridgeUniqueid": "h",
                    "BridgeTechnology": "holding_bridge",
                    "BridgeName": "callbridge-hold",
                }
            ],
            DeviceStateList=[{"Event": "DeviceStateChange", "Device": "PJSIP/anna", "State": "INUSE"}],
        ),
        1000.0,
        WORD,
    )
    assert [(fact.channel, fact.bridge, fact.holding) for fact in seen.channels] == [
        ("17.1", "h", True),
        ("17.2", None, False),
        ("17.3", None, False),
    ]
    assert seen.channels[2].ringing
    assert seen.phones == {"PJSIP/anna": PhoneState.IN_USE}
    assert seen.taken_at == 1000.0


def test_given_a_channel_that_takes_anothers_place_when_decoded_then_both_are_named() -> None:
    swap = {"BridgeUniqueid": "b1", "SwapUniqueid": "17.9", "BridgeTechnology": "simple_bridge", "BridgeName": ""}
    signal = decode(event("BridgeEnter", CallerIDNum="+4930111", **swap), WORD)
    assert isinstance(signal, ChannelReplaced)
    assert (signal.old, signal.fact.channel, signal.fact.bridge) == ("17.9", "17.1", "b1")


@pytest.mark.parametrize(
    ("context", "role", "elsewhere"),
    [
        ("callbridge-hold", "caller", False),
        ("from-inside", "caller", True),
        ("from-inside", "", False),
        ("from-inside", "fallback", False),
        ("callbridge-leg", "agent", False),
        ("", "caller", False),
    ],
)
def test_given_a_channels_end_when_decoded_then_it_is_known_whether_another_has_its_place(
    context: str, role: str, elsewhere: bool
) -> None:
    signal = decode(event("Hangup", Cause="16", Context=context, ChanVariable=f"CALLBRIDGE_ROLE={role}"), WORD)
    assert signal == ChannelGone(channel=ChannelId("17.1"), cause=16, elsewhere=elsewhere)


@pytest.mark.parametrize(("several", "place"), [(False, "s"), (True, "join")])
def test_given_somebody_who_came_in_the_callers_place_then_they_get_the_calls_variables_before_they_are_moved(
    several: bool, place: str
) -> None:
    effect = Adopt(
        call=CALL,
        channel=ChannelId("17.9"),
        peer=LEG,
        several=several,
        group="support",
        called="100",
        data="order=1&text=%26",
        after="hangup",
        record="17-1.wav",
    )
    *told, moved = encode(effect, WORD)
    assert {action.headers["Channel"] for action in told} == {"17.9"}
    assert {action.headers["Variable"]: action.headers["Value"] for action in told} == {
        "CALLBRIDGE_CALL": "17-1",
        "CALLBRIDGE_GROUP": "support",
        "CALLBRIDGE_CALLED": "100",
        "CALLBRIDGE_DATA": "order=1&text=%26",
        "CALLBRIDGE_AFTER": "hangup",
        "CALLBRIDGE_RECORD": "17-1.wav",
        "CALLBRIDGE_PEER": LEG,
    }
    assert (moved.name, moved.headers["Context"], moved.headers["Exten"]) == ("Redirect", "callbridge-adopt", place)


def test_given_somebody_who_came_in_the_callers_place_then_the_dialplan_is_told_which_call_they_are_in() -> None:
    effect = Introduce(call=CALL, channel=ChannelId("17.9"), group="support", called="100", data="order=1&text=%26")
    actions = encode(effect, WORD)
    assert {(action.name, action.headers["Channel"]) for action in actions} == {("Setvar", "17.9")}
    assert {action.headers["Variable"]: action.headers["Value"] for action in actions} == {
        "CALLBRIDGE_CALL": "17-1",
        "CALLBRIDGE_GROUP": "support",
        "CALLBRIDGE_CALLED": "100",
        "CALLBRIDGE_DATA": "order=1&text=%26",
    }


def test_given_a_caller_who_comes_by_a_local_channel_then_the_dialplan_makes_the_bridge_which_keeps_it() -> None:
    local = Bridge(call=CALL, channel=ChannelId("17.1"), channel_name="Local/x-1;2", peer=LEG)
    assert [action.name for action in encode(local, WORD)] == ["Setvar", "Redirect"]


async def test_given_callers_in_the_dialplans_music_when_looked_at_then_they_wait_and_no_others() -> None:
    stamp = f"CALLBRIDGE_STAMP={WORD}"
    waiting = {"Context": "callbridge-hold", "Exten": "s", "Priority": "15"}
    seen = await take_snapshot(
        Lists(
            Status=[
                event("Status", BridgeID="", ChanVariable=stamp, **waiting),
                event("Status", Uniqueid="17.2", BridgeID="talk", ChanVariable=stamp, **waiting),
                event("Status", Uniqueid="17.3", BridgeID="", ChanVariable=stamp, **{**waiting, "Priority": "30"}),
                event("Status", Uniqueid="17.4", BridgeID="", ChanVariable=stamp, **{**waiting, "Context": "other"}),
            ],
            BridgeList=[{"Event": "BridgeListItem", "BridgeUniqueid": "talk"}],
            DeviceStateList=[],
        ),
        1000.0,
        WORD,
    )
    assert [(fact.bridge, fact.holding) for fact in seen.channels] == [
        (MUSIC, True),
        ("talk", False),
        (None, False),
        (None, False),
    ]


def test_given_the_dialplans_own_events_when_decoded_then_a_caller_waits_or_is_in_the_fallback() -> None:
    waits = decode(event("UserEvent", UserEvent="CallbridgeWaits", ChanVariable="CALLBRIDGE_ROLE=caller"), WORD)
    leaves = decode(event("UserEvent", UserEvent="CallbridgeLeaves", ChanVariable="CALLBRIDGE_ROLE=fallback"), WORD)
    assert isinstance(waits, ChannelEntered)
    assert isinstance(leaves, ChannelEntered)
    assert (waits.fact.bridge, waits.fact.holding, waits.fact.variables.role) == (MUSIC, True, "caller")
    assert (leaves.fact.bridge, leaves.fact.holding, leaves.fact.variables.role) == (None, False, "fallback")
    assert decode(event("UserEvent", UserEvent="TheSitesOwn"), WORD) is None


@pytest.mark.parametrize("up", ["6", "5"])
@pytest.mark.parametrize("name", ["Hold", "Unhold"])
def test_given_a_phone_s_hold_key_then_it_is_told_apart_from_an_answer_that_reads_like_it(name: str, up: str) -> None:
    signal = decode(event(name, ChannelState=up), WORD)
    assert signal == PhoneHolds(channel=ChannelId("17.1"), on=name == "Hold", answered=up == "6")


async def test_given_a_login_when_looked_at_then_each_leg_s_phone_is_asked_whether_it_holds() -> None:
    def row(unique: str, name: str, role: str, state: str = "6") -> Message:
        variables = [f"CALLBRIDGE_ROLE={role}", f"CALLBRIDGE_STAMP={WORD}"]
        return event("Status", Uniqueid=unique, Channel=name, ChannelState=state, ChanVariable=variables)

    lists = Lists(
        Status=[
            row("17.1", "PJSIP/trunk-1", "caller"),
            row("17.2", "PJSIP/anna-1", "agent"),
            row("17.3", "PJSIP/out-1", "external"),
            row("17.4", "PJSIP/ben-1", "agent", state="5"),
            row("17.5", "PJSIP/gone-1", "agent"),
            row("17.6", "Local/x@y-1;1", "agent"),
        ],
        BridgeList=[],
        DeviceStateList=[],
    )
    lists.holds = {"17.2": "1", "17.3": "0"}
    seen = await take_snapshot(lists, 1000.0, WORD, login=True)
    assert seen.holding == {"17.2": PhoneHold.YES, "17.3": PhoneHold.NO}
    lists.held_from_the_answer = {"17.2", "17.3"}
    seen = await take_snapshot(lists, 1000.0, WORD, login=True)
    assert seen.holding == {"17.2": PhoneHold.UNCLEAR, "17.3": PhoneHold.NO}
    assert (await take_snapshot(lists, 1000.0, WORD)).holding == {}


def _unstamped(**headers: str | list[str]) -> Message:
    return event("Status", Uniqueid="17.9", **headers)


_IN_HOLD = {"Event": "BridgeListItem", "BridgeUniqueid": "h", "BridgeName": "callbridge-hold"}


@pytest.mark.parametrize(
    "ours",
    [
        _unstamped(Context="callbridge-hold"),
        _unstamped(ChanVariable="CALLBRIDGE_ROLE=caller"),
        _unstamped(ChanVariable=["CALLBRIDGE_ROLE=caller", "CALLBRIDGE_STAMP=old"]),
        _unstamped(BridgeID="h"),
    ],
)
async def test_given_a_caller_and_nobody_with_the_stamp_when_looked_at_then_it_is_no_snapshot(ours: Message) -> None:
    with pytest.raises(StampMissing, match="CALLBRIDGE_STAMP is missing in channelvars="):
        await take_snapshot(Lists(Status=[ours], BridgeList=[_IN_HOLD], DeviceStateList=[]), 1000.0, WORD)


async def test_given_a_forged_row_when_another_one_has_the_stamp_then_only_the_forged_one_is_left_out() -> None:
    stamped = event("Status", ChanVariable=f"CALLBRIDGE_STAMP={WORD}")
    forged = _unstamped(Context="callbridge-hold", ChanVariable="CALLBRIDGE_ROLE=caller")
    seen = await take_snapshot(Lists(Status=[forged, stamped], BridgeList=[], DeviceStateList=[]), 1000.0, WORD)
    assert [fact.channel for fact in seen.channels] == ["17.1"]


async def test_given_only_strangers_without_the_stamp_when_looked_at_then_nobody_is_there() -> None:
    strangers = [
        _unstamped(Context="from-trunk", ChanVariable=["CALLBRIDGE_ROLE=", "CALLBRIDGE_STAMP="]),
        _unstamped(Context=["callbridge-hold", "from-trunk"], Channel=["a", "b"]),
    ]
    seen = await take_snapshot(Lists(Status=strangers, BridgeList=[_IN_HOLD], DeviceStateList=[]), 1000.0, WORD)
    assert seen.channels == ()


@pytest.mark.parametrize(
    ("lines", "number", "withheld"),
    [
        ((), "+4930", False),
        (("CALLERID(pres)=allowed_not_screened",), "+4930", False),
        (("CALLERID(pres)=unavailable",), "+4930", False),
        (("CALLERID(pres)=prohib_not_screened",), "+4930", True),
        (("CALLERID(pres)=prohib",), "+4930", True),
        (("CALLERID(pres)=unavailable", "CALLBRIDGE_WITHHELD=+4940"), "+4940", True),
        (("CALLERID(pres)=", "CALLBRIDGE_WITHHELD="), "+4930", False),
    ],
)
def test_given_what_asterisk_says_of_the_presentation_when_decoded_then_the_number_is_withheld_or_not(
    lines: tuple[str, ...], number: str, withheld: bool
) -> None:
    message: Message = {"Event": "Status", "Uniqueid": "1.1", "CallerIDNum": "+4930", "ChanVariable": list(lines)}
    fact = channel_fact(message, bridge="", room=None)
    assert (fact.caller_number, fact.caller_withheld) == (number, withheld)


def test_given_a_call_back_when_decoded_then_the_dialplan_says_who_is_called() -> None:
    message: Message = {"Event": "Status", "Uniqueid": "1.1", "ChanVariable": ["CALLBRIDGE_CALLER=0301234"]}
    assert channel_fact(message, bridge="", room=None).variables.caller == "0301234"


def test_given_a_withheld_caller_when_a_phone_is_rung_then_it_is_told_nobody_and_that_this_is_so() -> None:
    ring = Originate(
        call=CallId("c-1"),
        channel=ChannelId("c-1-leg-1"),
        phone="PJSIP/anna",
        caller_number="+4930",
        caller_name="Erika",
        caller_withheld=True,
        timeout=20.0,
    )
    [action] = encode(ring, "stamp")
    assert action.headers["CallerID"] == '"" <>'
    assert {"CALLERID(pres)=prohib", "CONNECTEDLINE(pres)=prohib"} <= set(action.headers["Variable"])
    assert "4930" not in repr(action)
