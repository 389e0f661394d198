"""What `callbridge check` finds on a PBX on paper, and the cure that it names."""

import io
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from fake_pbx import FakePbx

from callbridge.ami.decode import VARIABLES
from callbridge.check.asking import Headers
from callbridge.check.dialplan import check_dialplan
from callbridge.check.findings import Finding, Level, error, has_errors, ok
from callbridge.check.logins import check_actions_user, check_events_user
from callbridge.check.pbx import (
    check_clock,
    check_manager,
    check_modules,
    check_music,
    check_version,
)
from callbridge.check.phones import check_outbound, check_phones
from callbridge.check.shipped import contexts, modules
from callbridge.check.show import show
from callbridge.check.versions import in_words
from callbridge.config import AgentSection, Login, Outbound, Pbx, Secret
from callbridge.demo.pbx import shipped_files

ANNA = AgentSection(id="anna", name="Anna", phone="PJSIP/anna")


@pytest.fixture
def pbx() -> FakePbx:
    return FakePbx()


def the(findings: Iterable[Finding], level: Level) -> str:
    """The one finding of this level, as text."""
    found = [f"{finding.what} | {finding.cure}" for finding in findings if finding.level is level]
    assert len(found) == 1, found
    return found[0]


def only_ok(findings: Iterable[Finding]) -> bool:
    return {finding.level for finding in findings} == {Level.OK}


async def test_given_a_pbx_that_is_right_when_checked_then_nothing_is_wrong(pbx: FakePbx) -> None:
    assert (await check_version(pbx)).level is Level.OK
    assert only_ok(await check_modules(pbx))
    assert only_ok(await check_dialplan(pbx, ["support"]))
    assert only_ok(await check_clock(pbx, 30, lambda: 1000.5))
    assert only_ok(await check_phones(pbx, [ANNA]))
    assert only_ok(await check_actions_user(pbx, "cb"))
    assert set(pbx.asked) <= {"Getvar", "CoreSettings", "ShowDialPlan", "DeviceStateList", "ListCommands"}


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("22.1.0", Level.OK),
        ("certified/22.8-cert1", Level.OK),
        ("22.10.1~dfsg+~cs6.17.60671434-1", Level.OK),
        ("22.0.0", Level.WARNING),
        ("20.11.0", Level.OK),
        ("20.20.1", Level.OK),
        ("certified/20.7-cert9", Level.WARNING),
        ("20.5.2~dfsg", Level.WARNING),
        ("21.12.3", Level.WARNING),
        ("23.0.0", Level.WARNING),
        ("18.9", Level.ERROR),
        ("GIT-master-abc", Level.WARNING),
        ("", Level.WARNING),
    ],
)
async def test_given_a_version_when_checked_then_too_old_is_an_error(pbx: FakePbx, version: str, level: Level) -> None:
    pbx.version = version
    assert (await check_version(pbx)).level is level


def test_given_the_documents_when_read_then_they_name_the_versions_that_the_check_takes() -> None:
    top = Path(__file__).resolve().parents[2]
    assert all(in_words() in " ".join((top / name).read_text().split()) for name in ("README.md", "asterisk/README.md"))


async def test_given_a_module_that_is_not_loaded_when_checked_then_it_and_its_use_are_named(pbx: FakePbx) -> None:
    del pbx.variables["IFMODULE(bridge_holding.so)"]
    found = the(await check_modules(pbx), Level.ERROR)
    assert "bridge_holding.so is not loaded (where agents' legs wait)" in found
    assert "module load bridge_holding.so" in found


async def test_given_func_config_when_checked_then_readable_secrets_are_a_warning(pbx: FakePbx) -> None:
    pbx.variables["IFMODULE(func_config.so)"] = "1"
    assert "noload = func_config.so" in the(await check_modules(pbx), Level.WARNING)


async def test_given_no_app_chanspy_when_checked_then_it_is_said_what_agents_do_not_hear(pbx: FakePbx) -> None:
    del pbx.variables["IFMODULE(app_chanspy.so)"]
    assert "hear ringing where a number outside speaks" in the(await check_modules(pbx), Level.WARNING)


def test_given_the_shipped_files_when_read_then_the_dialplan_and_its_modules_are_there() -> None:
    assert {"callbridge", "callbridge-hold", "callbridge-leg", "callbridge-fallback"} <= contexts().keys()
    assert "bridgewait" in contexts()["callbridge-leg"]
    assert modules()["app_bridgewait.so"] == "where agents' legs wait"
    assert len(modules()) > 15


async def test_given_an_endpoint_in_another_context_when_checked_then_it_is_noted(pbx: FakePbx) -> None:
    pbx.variables["PJSIP_ENDPOINT(anna,context)"] = "internal"
    assert "whatever its context internal allows" in the(await check_phones(pbx, [ANNA]), Level.NOTE)


async def test_given_no_include_when_checked_then_the_missing_contexts_and_the_line_to_add_are_named(
    pbx: FakePbx,
) -> None:
    pbx.dialplan = [row for row in pbx.dialplan if row["Context"] != "callbridge-hold"]
    found = the(await check_dialplan(pbx, ["support"]), Level.ERROR)
    assert "no context callbridge-hold" in found
    assert '#include "extensions-callbridge.conf"' in found


async def test_given_an_older_copy_of_the_dialplan_when_checked_then_the_context_is_named(pbx: FakePbx) -> None:
    pbx.dialplan.remove(next(row for row in pbx.dialplan if row["Context"] == "callbridge-leg"))
    assert "the PBX's callbridge-leg is not what this version" in the(
        await check_dialplan(pbx, ["support"]), Level.WARNING
    )


async def test_given_a_number_that_leads_to_an_unknown_group_when_checked_then_its_extension_is_named(
    pbx: FakePbx,
) -> None:
    pbx.enters("sales")
    found = the(await check_dialplan(pbx, ["support"]), Level.ERROR)
    assert 'from-trunk, extension 4930123 sends callers to the group "sales"' in found


async def test_given_a_group_that_no_number_leads_to_when_checked_then_it_is_noted(pbx: FakePbx) -> None:
    assert "no number leads to second" in the(await check_dialplan(pbx, ["support", "second"]), Level.NOTE)
    pbx.enters("${GROUP}")
    assert only_ok(await check_dialplan(pbx, ["support", "second"]))


async def test_given_no_number_that_leads_to_callbridge_when_checked_then_it_is_a_warning(pbx: FakePbx) -> None:
    pbx.dialplan.pop()
    assert "Goto(callbridge,GROUP,1)" in the(await check_dialplan(pbx, ["support"]), Level.WARNING)


async def test_given_no_fallback_when_checked_then_what_callers_would_hear_is_said(pbx: FakePbx) -> None:
    del pbx.variables["DIALPLAN_EXISTS(callbridge-site-fallback,s,1)"]
    assert "callers hear ringing" in the(await check_dialplan(pbx, ["support"]), Level.WARNING)
    pbx.variables["CALLBRIDGE_FALLBACK"] = "queue,s,1"
    assert "which the dialplan does not have" in the(await check_dialplan(pbx, ["support"]), Level.ERROR)
    pbx.variables["DIALPLAN_EXISTS(queue,s,1)"] = "1"
    assert only_ok(await check_dialplan(pbx, ["support"]))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("queue,s", "no context,extension,priority"),
        ("queue,s,again", "no context,extension,priority"),
        ("queue", "no context,extension,priority"),
        ("my.queue,s,1", "of which the dialplan takes myqueue,s,1 only"),
        ("callbridge-fallback,s,1", "callers would go round"),
        ("Callbridge,support,1", "callers would go round"),
        ("callbridge-site-fallback-2,s,1", "callers would go round"),
    ],
)
async def test_given_a_fallback_that_the_dialplan_refuses_when_checked_then_it_is_an_error(
    pbx: FakePbx, wish: str, words: str
) -> None:
    pbx.variables["CALLBRIDGE_FALLBACK"] = wish
    pbx.variables[f"DIALPLAN_EXISTS({wish})"] = "1"
    found = the(await check_dialplan(pbx, ["support"]), Level.ERROR)
    assert words in found
    assert "instead callers go to [callbridge-site-fallback]" in found


@pytest.mark.parametrize("wish", ["queue, s, 1", "queue,*9+#,12", "callbridge-site-fallback,s,1"])
async def test_given_a_fallback_that_the_dialplan_takes_when_checked_then_it_is_fine(pbx: FakePbx, wish: str) -> None:
    pbx.variables["CALLBRIDGE_FALLBACK"] = wish
    pbx.variables[f"DIALPLAN_EXISTS({wish.replace(' ', '')})"] = "1"
    assert only_ok(await check_dialplan(pbx, ["support"]))


def test_given_the_shipped_dialplan_then_the_check_takes_for_a_fallback_what_it_takes() -> None:
    text = (shipped_files() / "extensions-callbridge.conf").read_text()
    assert r"FILTER(A-Za-z0-9_+*#\x2C\-,${CALLBRIDGE_FALLBACK})" in text
    assert r'REGEX("^[^,]+,[^,]+,[0-9]+$" ${CALLBRIDGE_TO})' in text


@pytest.mark.parametrize(("here", "level"), [(1000.0, "ok"), (1002.9, "ok"), (998.5, "ok"), (1300, "warning")])
async def test_given_two_clocks_when_checked_then_a_difference_of_seconds_is_a_warning(
    pbx: FakePbx, here: float, level: str
) -> None:
    (finding,) = await check_clock(pbx, 30, lambda: here)
    assert finding.level == level


async def test_given_a_running_gateway_when_checked_then_its_lease_is_told_by_the_pbx_s_clock(pbx: FakePbx) -> None:
    pbx.variables["CALLBRIDGE_ALIVE"] = "1025"
    assert any("ends in 25 s" in finding.what for finding in await check_clock(pbx, 30, lambda: 1000.5))
    pbx.variables["CALLBRIDGE_ALIVE"] = "9000"
    assert "vouches for the callers for 8000 s" in the(await check_clock(pbx, 30, lambda: 1000.5), Level.WARNING)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"transfer": "true"}, Level.ERROR, "allow_transfer = no on [anna]"),
        ({"redirect": "uri_pjsip"}, Level.ERROR, "redirect_method = user on [anna]"),
        ({"state": "UNAVAILABLE"}, Level.WARNING, "PJSIP/anna is not registered"),
        ({"state": "INVALID"}, Level.ERROR, "Add the endpoint [anna] to pjsip.conf"),
    ],
)
async def test_given_a_phone_that_is_wrong_when_checked_then_the_agent_and_the_setting_are_named(
    pbx: FakePbx, changes: dict[str, str], level: Level, words: str
) -> None:
    pbx.phone("anna", **changes)
    findings = await check_phones(pbx, [ANNA])
    assert words in the(findings, level)
    assert {finding.area for finding in findings} == {"agent anna"}


async def test_given_an_unknown_endpoint_when_checked_then_it_is_an_error(pbx: FakePbx) -> None:
    ben = AgentSection(id="ben", name="Ben", phone="PJSIP/ben")
    assert "the PBX does not know the phone PJSIP/ben" in the(await check_phones(pbx, [ANNA, ben]), Level.ERROR)


async def test_given_no_func_pjsip_endpoint_when_checked_then_it_says_that_settings_are_unseen(pbx: FakePbx) -> None:
    del pbx.variables["IFMODULE(func_pjsip_endpoint.so)"]
    assert "cannot be read" in the(await check_phones(pbx, [ANNA]), Level.NOTE)


async def test_given_too_few_rights_when_checked_then_each_missing_action_is_named(pbx: FakePbx) -> None:
    del pbx.permitted["Originate"], pbx.permitted["Redirect"]
    found = the(await check_actions_user(pbx, "cb"), Level.ERROR)
    assert "cb may not use Originate, Redirect" in found
    assert "write = originate,call,reporting for [cb]" in found


@pytest.mark.parametrize("held", ["command", "config", "system", "user"])
async def test_given_too_many_rights_when_checked_then_the_class_is_named(pbx: FakePbx, held: str) -> None:
    pbx.permitted["Surplus"] = f"{held},all"
    assert f"cb has the class {held}" in the(await check_actions_user(pbx, "cb"), Level.WARNING)


async def test_given_an_events_user_that_may_act_when_checked_then_it_is_a_warning(pbx: FakePbx) -> None:
    assert "Leave write empty for [ev]" in the(await check_events_user(pbx, "ev"), Level.WARNING)
    pbx.permitted = {"Ping": "<none>", "BridgeList": "<none>"}
    assert only_ok(await check_events_user(pbx, "ev"))


def pbx_settings() -> Pbx:
    secret = Secret("x", "a test")
    return Pbx(
        events=Login.model_construct(username="ev", secret=secret),
        actions=Login.model_construct(username="ac", secret=secret),
    )


async def test_given_no_call_when_the_manager_is_checked_then_it_says_what_cannot_be_seen(pbx: FakePbx) -> None:
    findings = await check_manager(pbx, pbx_settings())
    assert {finding.level for finding in findings} == {Level.NOTE}


async def test_given_a_live_channel_when_the_manager_is_checked_then_its_channelvars_are_seen(pbx: FakePbx) -> None:
    pbx.permitted["CoreShowChannels"] = "reporting,all"
    pbx.channels = [{"Event": "CoreShowChannel", "ChanVariable": [f"{name}=" for name in VARIABLES]}]
    assert (await check_manager(pbx, pbx_settings()))[0].level is Level.OK
    pbx.channels = [{"Event": "CoreShowChannel", "ChanVariable": "CALLBRIDGE_ROLE="}]
    assert "channelvars lacks CALLBRIDGE_CALL" in the(await check_manager(pbx, pbx_settings()), Level.ERROR)


async def test_given_func_config_when_the_manager_is_checked_then_its_file_is_read(pbx: FakePbx) -> None:
    pbx.variables["IFMODULE(func_config.so)"] = "1"
    pbx.variables["AST_CONFIG(manager.conf,general,channelvars)"] = ",".join(VARIABLES)
    pbx.variables["AST_CONFIG(manager.conf,ev,writetimeout)"] = "30000"
    pbx.variables["AST_CONFIG(manager.conf,ev,read)"] = "call, user, system"
    assert only_ok(await check_manager(pbx, pbx_settings()))
    pbx.variables["AST_CONFIG(manager.conf,ev,writetimeout)"] = ""
    assert "100 (the default)" in the(await check_manager(pbx, pbx_settings()), Level.WARNING)
    pbx.variables["AST_CONFIG(manager.conf,ev,read)"] = "system"
    assert "does not hear of calls" in the(await check_manager(pbx, pbx_settings()), Level.ERROR)


async def test_given_another_music_class_on_the_pbx_when_checked_then_both_are_named(pbx: FakePbx) -> None:
    pbx.variables["CALLBRIDGE_MUSIC"] = "jazz"
    assert "hear the class jazz, the configuration says default" in the(
        await check_music(pbx, "default"), Level.WARNING
    )


async def test_given_no_music_class_when_it_can_be_seen_then_it_is_an_error(pbx: FakePbx) -> None:
    pbx.variables["IFMODULE(func_config.so)"] = "1"
    assert "musiconhold.conf has no class default" in the(await check_music(pbx, "default"), Level.ERROR)


FINDINGS = [ok("login", "in"), error("agent anna", "[bold]PJSIP/anna[/] is unknown", "Add it.")]


def test_given_findings_when_shown_without_a_terminal_then_each_is_one_plain_line() -> None:
    out = io.StringIO()
    show(FINDINGS, out, as_json=False)
    assert out.getvalue().splitlines() == [
        "ok      login: in.",
        "error   agent anna: [bold]PJSIP/anna[/] is unknown. Cure: Add it.",
        "1 errors, 0 warnings, 0 notes, 1 ok",
    ]


def test_given_findings_when_shown_as_json_then_they_and_their_counts_are_there() -> None:
    out = io.StringIO()
    show(FINDINGS, out, as_json=True)
    shown = json.loads(out.getvalue())
    assert shown["findings"][1]["cure"] == "Add it."
    assert shown["summary"] == {"ok": 1, "note": 0, "warning": 0, "error": 1}


def test_given_findings_when_shown_on_a_terminal_then_markup_in_them_is_only_text() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    show(FINDINGS, out, as_json=False)
    assert "[bold]PJSIP/anna[/]" in re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert has_errors(FINDINGS)
    assert not has_errors(FINDINGS[:1])


async def test_given_a_refused_action_when_asked_then_the_check_goes_on(pbx: FakePbx) -> None:
    pbx.permitted = {"Getvar": "call,all"}
    assert (await check_version(pbx)).level is Level.NOTE
    assert (await check_dialplan(pbx, ["support"]))[0].level is Level.WARNING
    headers: Headers = {"Variable": "EPOCH"}
    assert (await pbx.action("Getvar", headers))["Value"] == "1000"


CARRIER = Outbound(dial="PJSIP/{number}@carrier")


async def test_given_a_known_trunk_when_checked_then_external_numbers_can_be_called(pbx: FakePbx) -> None:
    assert await check_outbound(pbx, None) == []
    pbx.phone("carrier")
    assert only_ok(await check_outbound(pbx, CARRIER))


async def test_given_an_unknown_trunk_when_checked_then_a_warning_names_it(pbx: FakePbx) -> None:
    assert "does not know the endpoint carrier" in the(await check_outbound(pbx, CARRIER), Level.WARNING)
    pbx.variables["DEVICE_STATE(PJSIP/carrier)"] = "INVALID"
    del pbx.variables["IFMODULE(func_pjsip_endpoint.so)"]
    assert "does not know the endpoint carrier" in the(await check_outbound(pbx, CARRIER), Level.WARNING)
    del pbx.variables["DEVICE_STATE(PJSIP/carrier)"]
    assert "cannot be seen" in the(await check_outbound(pbx, CARRIER), Level.NOTE)


async def test_given_a_trunk_that_transfers_by_itself_when_checked_then_a_warning_with_the_cure(pbx: FakePbx) -> None:
    pbx.phone("carrier", transfer="true")
    assert "allow_transfer = no" in the(await check_outbound(pbx, CARRIER), Level.WARNING)


async def test_given_a_trunk_that_is_away_when_checked_then_it_is_noted(pbx: FakePbx) -> None:
    pbx.phone("carrier", state="UNAVAILABLE")
    assert "cannot be reached at the moment" in the(await check_outbound(pbx, CARRIER), Level.NOTE)


@pytest.mark.parametrize("missing", ["CALLERID(pres)", "CALLBRIDGE_WITHHELD", "CALLBRIDGE_CALLER"])
async def test_given_an_older_channelvars_line_when_the_manager_is_checked_then_what_it_hides_is_a_warning(
    pbx: FakePbx, missing: str
) -> None:
    names = [name for name in VARIABLES if name != missing]
    pbx.channels = [{"Event": "CoreShowChannel", "ChanVariable": [f"{name}=" for name in names]}]
    assert f"channelvars lacks {missing}" in the(await check_manager(pbx, pbx_settings()), Level.WARNING)
