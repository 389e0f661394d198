"""What the settings of an agent's endpoint mean for callers. Pure: the settings as PJSIP_ENDPOINT says them come in."""

from collections.abc import Iterator, Mapping

from callbridge.check.findings import Finding, error, warning

FOR_EVERY_PHONE = ("context", "allow_transfer", "redirect_method", "direct_media", "rtp_timeout", "rtp_timeout_hold")
FOR_A_PAGE = ("webrtc", "media_encryption", "send_connected_line", "allow")
"""Fields of an endpoint that are looked at; all could be read on Asterisk 22."""

LONGEST_SILENCE = 30
"""Seconds without sound after which a page counts as gone at the latest; the shipped template has 15."""

_NO = ("false", "no", "off", "0")
_RELOAD = "then `asterisk -rx 'pjsip reload'`"


def beyond_the_rules(area: str, endpoint: str, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Ways by which the phone could lead a caller outside by itself."""
    if settings["allow_transfer"] not in _NO:
        yield error(
            area,
            f"the phone's own transfer key (SIP REFER) works on {endpoint}, past every rule",
            f"Set allow_transfer = no on [{endpoint}] in pjsip.conf, {_RELOAD}.",
        )
    if settings["redirect_method"] in ("uri_core", "uri_pjsip"):
        yield error(
            area,
            f"{endpoint} may forward a call anywhere (302 moved) without the PBX's dialplan seeing it",
            f"Set redirect_method = user on [{endpoint}] in pjsip.conf, {_RELOAD}.",
        )


def sound(area: str, endpoint: str, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the PBX has the sound in its hands, and notices that it has ended."""
    if settings["direct_media"] not in _NO:
        what = f"the sound of {endpoint} may go past the PBX, which then cannot mix, record or notice its end"
        yield warning(area, what, f"Set direct_media = no on [{endpoint}] in pjsip.conf, {_RELOAD}.")
    endless = [name for name in ("rtp_timeout", "rtp_timeout_hold") if _seconds(settings[name]) == 0]
    if endless:
        what = (
            f"a phone {endpoint} that dies in a call is not noticed, its caller hears nothing: {_are(endless)} not set"
        )
        yield warning(area, what, f"Set rtp_timeout = 30 and rtp_timeout_hold = 300 on [{endpoint}], {_RELOAD}.")


def phone_in_a_page(
    area: str, endpoint: str, settings: Mapping[str, str], *, opus_can_be_translated: bool | None
) -> Iterator[Finding]:
    """What a browser needs, and what becomes of a caller whose agent's browser is gone.

    `opus_can_be_translated`: whether a codec module for Opus is loaded; None where that cannot be seen.
    """
    if settings["webrtc"] in _NO and settings["media_encryption"] != "dtls":
        what = f"{endpoint} cannot be a phone in a page: browsers speak DTLS-SRTP only"
        yield error(area, what, f"Set webrtc = yes on [{endpoint}] in pjsip.conf, {_RELOAD}.")
    yield from _silence(area, endpoint, settings)
    if settings["send_connected_line"] not in _NO:
        what = (
            f"the PBX may send {endpoint} an INVITE in the middle of a call, which ends it while the page is reloaded"
        )
        yield warning(area, what, f"Set send_connected_line = no on [{endpoint}] in pjsip.conf, {_RELOAD}.")
    if opus_can_be_translated is False and "opus" in settings["allow"]:
        what = f"{endpoint} allows Opus, which this Asterisk has no codec for: calls connect without sound"
        cure = "Load codec_opus_open_source.so or codec_opus.so"
        yield error(area, what, f"{cure}; without one set allow = ulaw on [{endpoint}], {_RELOAD}.")


def _silence(area: str, endpoint: str, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Both values count: a browser that hides its address is a phone that holds, as Asterisk sees it."""
    wrong = {
        name: seconds
        for name in ("rtp_timeout", "rtp_timeout_hold")
        if (seconds := _seconds(settings[name])) == 0 or seconds > LONGEST_SILENCE
    }
    if not wrong:
        return
    cure = f"Set rtp_timeout = 15 and rtp_timeout_hold = 15 on [{endpoint}] in pjsip.conf, {_RELOAD}"
    why = "browsers hide their address, which Asterisk takes for hold, so both count"
    if 0 in wrong.values():
        endless = [name for name, seconds in wrong.items() if seconds == 0]
        what = f"an agent whose browser is gone keeps the caller for ever: {_are(endless)} not set on {endpoint}"
        yield error(area, what, f"{cure}; {why}.")
    else:
        said = " and ".join(f"{name} is {seconds}" for name, seconds in wrong.items())
        what = f"an agent whose browser is gone keeps the caller for {max(wrong.values())} s: {said} on {endpoint}"
        yield warning(area, what, f"{cure}; {why}.")


def contacts(area: str, phone: str, dialled: str, aors: str) -> Iterator[Finding]:
    """`dialled` is what PJSIP_DIAL_CONTACTS says: `PJSIP/anna/sip:...&PJSIP/anna/sip:...`."""
    count = len([each for each in dialled.split("&") if each])
    if count > 1:
        what = f"{count} devices are registered as {phone}, and only one of them rings"
        cure = f"Set max_contacts = 1 and remove_existing = yes on the aor [{aors}] in pjsip.conf, {_RELOAD}"
        yield warning(area, what, f"{cure}; a second device is an agent's phone of its own name.")


def _seconds(value: str) -> int:
    """A number as an endpoint has it. What cannot be read counts as set: nothing is said of it."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 1


def _are(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
