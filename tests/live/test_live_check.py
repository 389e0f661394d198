"""`callbridge check` on a real Asterisk: nothing is wrong with one that is set up, and each broken thing is found."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from callbridge.check import check_pbx
from callbridge.check.findings import Finding, Level
from callbridge.config import Config, load_config
from callbridge.demo.lab import Lab

pytestmark = pytest.mark.live


@pytest_asyncio.fixture(scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(agents=["anna", "ben"], web_agents=["erika"], dids={"5550100": "support"}) as running:
        yield running


def site(lab: Lab, folder: Path, *, changes: tuple[str, str] = ("", "")) -> Config:
    pbx = lab.pbx
    secrets = {"events": pbx.events_user.secret, "actions": pbx.actions_user.secret, "tokens": "0123456789" * 4}
    for name, value in secrets.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)
    (folder / "wrong").write_text("wrong-secret")
    text = f"""
pbx:
  host: {pbx.address}
  port: {pbx.ami_port}
  events: {{username: callbridge-events, secret: {{file: events}}}}
  actions: {{username: callbridge-actions, secret: {{file: actions}}}}
http:
  token_secret: {{file: tokens}}
webphone: {{url: "wss://pbx.example/ws"}}
agents:
  - {{id: anna, name: Anna, phone: PJSIP/anna}}
  - {{id: ben, name: Ben, phone: PJSIP/ben}}
  - {{id: erika, name: Erika, phone: PJSIP/erika, webphone: {{password: {{file: wrong}}}}}}
groups:
  - {{id: support, name: Support, members: [anna, ben]}}
outbound: {{dial: "PJSIP/{{number}}@carrier"}}
"""
    assert changes[0] in text
    (folder / "site.yaml").write_text(text.replace(*changes))
    return load_config(folder / "site.yaml")


def worst(findings: list[Finding]) -> list[str]:
    return [
        f"{finding.area}: {finding.what} | {finding.cure}"
        for finding in findings
        if finding.level in (Level.WARNING, Level.ERROR)
    ]


async def test_given_a_pbx_that_is_set_up_when_checked_then_nothing_is_wrong(lab: Lab, tmp_path: Path) -> None:
    findings = await check_pbx(site(lab, tmp_path))
    assert worst(findings) == []
    areas = {finding.area for finding in findings if finding.level is Level.OK}
    assert areas >= {"connection", "login", "permissions", "version", "modules", "dialplan", "fallback", "clock"}
    assert {"agent anna", "agent ben", "outbound"} <= areas
    (erika,) = [finding for finding in findings if finding.area == "agent erika"]
    assert erika.what == "PJSIP/erika is not registered: the agent's page is not open"


async def test_given_an_outbound_endpoint_that_the_pbx_does_not_know_when_checked_then_a_warning(
    lab: Lab, tmp_path: Path
) -> None:
    (found,) = worst(await check_pbx(site(lab, tmp_path, changes=("@carrier", "@nowhere"))))
    assert found.startswith("outbound: the PBX does not know the endpoint nowhere")


async def test_given_a_pbx_when_checked_then_nothing_on_it_has_changed(lab: Lab, tmp_path: Path) -> None:
    ami = await lab.ami()
    seen: list[str] = []
    stop = ami.listen(lambda message: seen.append(message.get("Event", "")))
    before = await ami.command("dialplan show globals")
    await check_pbx(site(lab, tmp_path))
    stop()
    assert await ami.command("dialplan show globals") == before
    assert await lab.channels() == []
    assert not {"Newchannel", "VarSet", "Reload", "DeviceStateChange", "Load"} & set(seen)


@pytest.mark.parametrize(("role", "file"), [("events", "events"), ("actions", "actions")])
async def test_given_one_wrong_secret_when_checked_then_it_is_told_from_a_forbidden_address(
    lab: Lab, tmp_path: Path, role: str, file: str
) -> None:
    config = site(lab, tmp_path, changes=(f"{{file: {file}}}", "{file: wrong}"))
    (found,) = worst(await check_pbx(config))
    assert f"Asterisk refuses callbridge-{role}" in found
    assert "The other user got in from here, so compare the secret" in found
    assert "wrong-secret" not in found


async def test_given_two_users_that_are_refused_when_checked_then_the_include_and_the_address_are_named(
    lab: Lab, tmp_path: Path
) -> None:
    config = site(lab, tmp_path, changes=("username: callbridge-", "username: nobody-"))
    found = worst(await check_pbx(config))
    assert len(found) == 2
    assert all("Include manager-callbridge.conf in manager.conf and permit" in it for it in found)


async def test_given_another_port_when_checked_then_what_does_not_answer_is_said(
    lab: Lab, tmp_path: Path, unused_tcp_port: int
) -> None:
    config = site(lab, tmp_path, changes=(f"port: {lab.pbx.ami_port}", f"port: {unused_tcp_port}"))
    (found,) = worst(await check_pbx(config))
    assert "cannot connect" in found


async def test_given_tls_where_there_is_none_when_checked_then_the_other_setting_is_named(
    lab: Lab, tmp_path: Path
) -> None:
    config = site(lab, tmp_path, changes=(f"port: {lab.pbx.ami_port}", f"port: {lab.pbx.ami_port}\n  tls: true"))
    (found,) = worst(await check_pbx(config))
    assert found.startswith("connection:")
    assert "pbx.tls" in found


async def test_given_an_unknown_endpoint_when_checked_then_the_agent_is_named(lab: Lab, tmp_path: Path) -> None:
    config = site(lab, tmp_path, changes=("phone: PJSIP/ben", "phone: PJSIP/benn"))
    assert worst(await check_pbx(config)) == [
        "agent ben: the PBX does not know the phone PJSIP/benn | "
        "Add the endpoint [benn] to pjsip.conf, or correct the agent's phone."
    ]


async def test_given_a_group_that_only_the_pbx_has_when_checked_then_its_number_is_named(
    lab: Lab, tmp_path: Path
) -> None:
    config = site(lab, tmp_path, changes=("id: support", "id: sales"))
    (found,) = worst(await check_pbx(config))
    assert 'from-carrier, extension 5550100 sends callers to the group "support"' in found


async def test_given_the_events_user_for_actions_when_checked_then_missing_rights_are_named(
    lab: Lab, tmp_path: Path
) -> None:
    config = site(lab, tmp_path)
    pbx = config.pbx.model_copy(update={"actions": config.pbx.events, "events": config.pbx.actions})
    found = " ".join(worst(await check_pbx(config.model_copy(update={"pbx": pbx}))))
    assert "callbridge-events may not use Originate, Bridge, Redirect" in found
    assert "the events user is not told that Asterisk has booted" in found
    assert "callbridge-actions may act, it may use" in found


async def reload_phones(lab: Lab, variable: str, fits: Callable[[str], bool]) -> None:
    """Asterisk reloads pjsip.conf in a task of its own: waits until it has."""
    ami = await lab.ami()
    await ami.action("Reload", Module="res_pjsip.so")
    for _ in range(100):
        if fits((await ami.action("Getvar", Variable=variable))["Value"]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("Asterisk did not reload pjsip.conf within 5 s")


async def test_given_allow_transfer_and_a_forwarding_phone_when_checked_then_both_are_errors(
    lab: Lab, tmp_path: Path
) -> None:
    conf = lab.pbx.folder / "etc" / "pjsip.conf"
    right = conf.read_text()
    wrong = re.sub(r"(?m)^allow_transfer *= *no", "allow_transfer = yes", right)
    wrong = re.sub(r"(?m)^redirect_method *= *user", "redirect_method = uri_pjsip", wrong)
    try:
        conf.write_text(wrong)
        await reload_phones(lab, "PJSIP_ENDPOINT(ben,allow_transfer)", lambda value: value == "true")
        found = worst(await check_pbx(site(lab, tmp_path)))
    finally:
        conf.write_text(right)
        await reload_phones(lab, "PJSIP_ENDPOINT(ben,allow_transfer)", lambda value: value == "false")
    assert any("Set allow_transfer = no on [anna] in pjsip.conf" in it for it in found)
    assert any("Set redirect_method = user on [ben] in pjsip.conf" in it for it in found)
    assert worst(await check_pbx(site(lab, tmp_path))) == []


async def test_given_a_desk_phone_s_endpoint_for_a_phone_in_a_page_when_checked_then_what_it_lacks_is_named(
    lab: Lab, tmp_path: Path
) -> None:
    in_a_page = "phone: PJSIP/ben, webphone: {password: {file: wrong}}"
    found = worst(await check_pbx(site(lab, tmp_path, changes=("phone: PJSIP/ben", in_a_page))))
    assert [it for it in found if not it.startswith("agent ben: ")] == []
    assert any("Set webrtc = yes on [ben]" in it for it in found)
    assert any("keeps the caller for 300 s: rtp_timeout_hold is 300 on ben" in it for it in found)
    assert any("Set send_connected_line = no on [ben]" in it for it in found)


async def test_given_a_second_device_on_one_phone_when_checked_then_it_is_said_that_only_one_rings(
    lab: Lab, tmp_path: Path
) -> None:
    conf = lab.pbx.folder / "etc" / "pjsip.conf"
    right = conf.read_text()
    two = right.replace("[ben](place)", f"[ben](place)\nmax_contacts=2\ncontact=sip:ben@{lab.pbx.address}:25061")
    assert two != right
    try:
        conf.write_text(two)
        await reload_phones(lab, "PJSIP_DIAL_CONTACTS(ben)", lambda value: value.count("&") == 1)
        (found,) = worst(await check_pbx(site(lab, tmp_path)))
    finally:
        conf.write_text(right)
        await reload_phones(lab, "PJSIP_DIAL_CONTACTS(ben)", lambda value: "&" not in value)
    assert found.startswith("agent ben: 2 devices are registered as PJSIP/ben, and only one of them rings")
    assert "on the aor [ben]" in found


async def test_given_no_callbridge_in_the_dialplan_when_checked_then_the_include_is_named(
    lab: Lab, tmp_path: Path
) -> None:
    conf = lab.pbx.folder / "etc" / "extensions.conf"
    right = conf.read_text()
    ami = await lab.ami()
    try:
        conf.write_text(right.replace("#include", ";include"))
        await ami.command("dialplan reload")
        (found,) = worst(await check_pbx(site(lab, tmp_path)))
    finally:
        conf.write_text(right)
        await ami.command("dialplan reload")
    assert "the PBX has no context callbridge, callbridge-hold, callbridge-leg, callbridge-fallback" in found
    assert '#include "extensions-callbridge.conf"' in found


async def test_given_no_fallback_when_checked_then_it_is_a_warning(lab: Lab, tmp_path: Path) -> None:
    conf = lab.pbx.folder / "etc" / "extensions.conf"
    right = conf.read_text()
    ami = await lab.ami()
    try:
        conf.write_text(right.replace("[callbridge-site-fallback]", "[elsewhere]"))
        await ami.command("dialplan reload")
        (found,) = worst(await check_pbx(site(lab, tmp_path)))
    finally:
        conf.write_text(right)
        await ami.command("dialplan reload")
    assert found.startswith("fallback: without the gateway callers hear ringing")


async def test_given_a_module_that_is_gone_when_checked_then_it_is_named(lab: Lab, tmp_path: Path) -> None:
    ami = await lab.ami()
    try:
        await ami.action("ModuleLoad", Module="app_bridgewait.so", LoadType="unload")
        (found,) = worst(await check_pbx(site(lab, tmp_path)))
    finally:
        await ami.action("ModuleLoad", Module="app_bridgewait.so", LoadType="load")
    assert "app_bridgewait.so is not loaded (where agents' legs wait)" in found


async def test_given_a_live_call_when_checked_then_channelvars_are_seen(lab: Lab, tmp_path: Path) -> None:
    caller = await lab.bank.call(from_number="5557001", did="5550100")
    await caller.wait_up()
    try:
        findings = await check_pbx(site(lab, tmp_path))
    finally:
        await lab.reset()
    assert "channelvars has all that is needed" in {finding.what for finding in findings}
