"""Is each agent's phone known and registered, and kept from transferring callers past the rules?"""

from collections.abc import Iterable

from callbridge.ami.errors import ActionRefused
from callbridge.check.asking import Asking, text, variable
from callbridge.check.endpoints import (
    FOR_A_PAGE,
    FOR_EVERY_PHONE,
    beyond_the_rules,
    contacts,
    phone_in_a_page,
    sound,
)
from callbridge.check.findings import Finding, error, note, ok, warning
from callbridge.config import AgentSection, Outbound

OPUS_CODECS = ("codec_opus_open_source.so", "codec_opus.so")
"""Debian's and Ubuntu's, and Sangoma's own."""


async def check_phones(asking: Asking, agents: Iterable[AgentSection]) -> list[Finding]:
    try:
        listed = await asking.list_action("DeviceStateList")
    except ActionRefused:
        listed = []
    states = {text(row, "Device"): text(row, "State") for row in listed}
    readable = await variable(asking, "IFMODULE(func_pjsip_endpoint.so)") == "1"
    opus = await _opus_can_be_translated(asking)
    findings: list[Finding] = []
    for agent in agents:
        # The list has only devices that were asked for since Asterisk's start; the function needs func_devstate.so.
        state = states.get(agent.phone) or await variable(asking, f"DEVICE_STATE({agent.phone})")
        findings += await _phone(asking, agent, state, readable=readable, opus=opus)
    if not readable:
        what = "the settings of the agents' endpoints cannot be read: func_pjsip_endpoint.so is not loaded"
        findings.append(note("phones", what, "Load it, or look with `asterisk -rx 'pjsip show endpoint NAME'`."))
    return findings


async def check_outbound(asking: Asking, outbound: Outbound | None) -> list[Finding]:
    """The endpoint that leads outside."""
    if outbound is None:
        return []
    area, endpoint = "outbound", outbound.endpoint
    readable = await variable(asking, "IFMODULE(func_pjsip_endpoint.so)") == "1"
    state = await variable(asking, f"DEVICE_STATE(PJSIP/{endpoint})")
    known = await variable(asking, f"PJSIP_ENDPOINT({endpoint},context)") if readable else ""
    if state == "INVALID" or (readable and not known):
        what = f"the PBX does not know the endpoint {endpoint}: no external number can be called"
        return [warning(area, what, f"Add [{endpoint}] to pjsip.conf, or correct outbound.dial.")]
    if readable and await variable(asking, f"PJSIP_ENDPOINT({endpoint},allow_transfer)") not in ("false", "no"):
        what = f"an external party can transfer the call by itself (SIP REFER) on {endpoint}, past every rule"
        cure = f"Set allow_transfer = no on [{endpoint}] in pjsip.conf, then `asterisk -rx 'pjsip reload'`."
        return [warning(area, what, cure)]
    trusted = await _trusted(asking, area, endpoint) if readable else []
    if state in ("UNAVAILABLE", "UNKNOWN"):
        what = f"{endpoint} cannot be reached at the moment, as far as the PBX knows"
        return [*trusted, note(area, what, f"Look with `asterisk -rx 'pjsip show endpoint {endpoint}'`.")]
    if not state and not readable:
        what = f"whether the PBX knows the endpoint {endpoint} cannot be seen"
        return [note(area, what, f"Look with `asterisk -rx 'pjsip show endpoint {endpoint}'`.")]
    return [*trusted, ok(area, f"external numbers are called by the endpoint {endpoint}")]


async def _trusted(asking: Asking, area: str, endpoint: str) -> list[Finding]:
    """Whether the other side may say anew, in the middle of a call, who it is."""
    if await variable(asking, f"PJSIP_ENDPOINT({endpoint},trust_id_inbound)") not in ("true", "yes"):
        return []
    what = f"{endpoint} may change its number during a call (trust_id_inbound), after the dialplan cleaned it"
    cure = (
        "Set trust_id_inbound = no on it, unless the carrier itself writes P-Asserted-Identity; clean its context too."
    )
    return [note(area, what, cure)]


async def _phone(
    asking: Asking, agent: AgentSection, state: str, *, readable: bool, opus: bool | None
) -> list[Finding]:
    area, endpoint = f"agent {agent.id}", agent.endpoint

    async def setting(name: str) -> str:
        return await variable(asking, f"PJSIP_ENDPOINT({endpoint},{name})")

    if state == "INVALID" or (readable and not await setting("context")):
        what = f"the PBX does not know the phone {agent.phone}"
        return [error(area, what, f"Add the endpoint [{endpoint}] to pjsip.conf, or correct the agent's phone.")]
    findings = []
    if not state:
        what = f"whether {agent.phone} is registered cannot be seen"
        findings.append(note(area, what, "Load func_devstate.so, or look with `asterisk -rx 'pjsip show contacts'`."))
    if state in ("UNAVAILABLE", "UNKNOWN"):
        findings.append(_away(area, agent))
    aors = (await setting("aors") if readable else "") or endpoint
    findings += contacts(area, agent.phone, await variable(asking, f"PJSIP_DIAL_CONTACTS({endpoint})"), aors)
    if readable:
        fields = (*FOR_EVERY_PHONE, *(FOR_A_PAGE if agent.webphone else ()))
        settings = {name: await setting(name) for name in fields}
        findings += beyond_the_rules(area, endpoint, settings)
        if agent.webphone:
            findings += phone_in_a_page(area, endpoint, settings, opus_can_be_translated=opus)
        else:
            findings += sound(area, endpoint, settings)
        if settings["context"] != "callbridge-agents":
            what = f"{endpoint} may dial whatever its context {settings['context']} allows"
            cure = "Set context = callbridge-agents, or see that nothing in it leads outside past the gateway."
            findings.append(note(area, what, cure))
    return findings or [ok(area, f"{agent.phone} is registered and cannot transfer past the rules")]


def _away(area: str, agent: AgentSection) -> Finding:
    if agent.webphone:
        what = f"{agent.phone} is not registered: the agent's page is not open"
        return note(area, what, "If it is open, look at webphone.url, http.conf and the password.")
    what = f"{agent.phone} is not registered"
    return warning(area, what, "Switch the phone on, and compare its user name and password.")


async def _opus_can_be_translated(asking: Asking) -> bool | None:
    if await variable(asking, "IFMODULE(func_module.so)") != "1":
        return None
    return "1" in [await variable(asking, f"IFMODULE({codec})") for codec in OPUS_CODECS]
