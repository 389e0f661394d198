"""What `callbridge check` sees in the settings of an agent's endpoint."""

import re

import pytest
from fake_pbx import FakePbx

from callbridge.check.findings import Finding, Level
from callbridge.check.phones import check_phones
from callbridge.config import AgentSection
from callbridge.demo.pbx import shipped_files

ANNA = AgentSection(id="anna", name="Anna", phone="PJSIP/anna")
ERIKA = AgentSection.model_construct(id="erika", name="Erika", phone="PJSIP/erika", webphone=object())


@pytest.fixture
def pbx() -> FakePbx:
    pbx = FakePbx()
    pbx.phone_in_a_page("erika")
    return pbx


async def found(pbx: FakePbx, agent: AgentSection, level: Level) -> str:
    """The one finding that is not `ok`."""
    findings = [each for each in await check_phones(pbx, [agent]) if each.level is not Level.OK]
    assert [each.level for each in findings] == [level], findings
    return said(findings[0])


def said(finding: Finding) -> str:
    return f"{finding.area}: {finding.what} | {finding.cure}"


async def test_given_both_kinds_of_phone_as_shipped_when_checked_then_nothing_is_wrong(pbx: FakePbx) -> None:
    assert {each.level for each in await check_phones(pbx, [ANNA, ERIKA])} == {Level.OK}


@pytest.mark.parametrize("field", ["rtp_timeout", "rtp_timeout_hold"])
async def test_given_a_page_s_phone_whose_silence_is_never_noticed_when_checked_then_an_error(
    pbx: FakePbx, field: str
) -> None:
    pbx.endpoint("erika", **{field: "0"})
    told = await found(pbx, ERIKA, Level.ERROR)
    assert f"keeps the caller for ever: {field} is not set on erika" in told
    assert "Set rtp_timeout = 15 and rtp_timeout_hold = 15 on [erika]" in told


@pytest.mark.parametrize("field", ["rtp_timeout", "rtp_timeout_hold"])
async def test_given_a_page_s_phone_whose_silence_is_noticed_after_minutes_when_checked_then_a_warning(
    pbx: FakePbx, field: str
) -> None:
    pbx.endpoint("erika", **{field: "300"})
    assert f"keeps the caller for 300 s: {field} is 300 on erika" in await found(pbx, ERIKA, Level.WARNING)


@pytest.mark.parametrize("field", ["rtp_timeout", "rtp_timeout_hold"])
async def test_given_a_desk_phone_whose_death_is_never_noticed_when_checked_then_a_warning(
    pbx: FakePbx, field: str
) -> None:
    pbx.endpoint("anna", **{field: "0"})
    assert f"{field} is not set" in await found(pbx, ANNA, Level.WARNING)


async def test_given_sound_that_may_go_past_the_pbx_when_checked_then_a_warning(pbx: FakePbx) -> None:
    pbx.endpoint("anna", direct_media="true")
    assert "Set direct_media = no on [anna]" in await found(pbx, ANNA, Level.WARNING)


@pytest.mark.parametrize(
    ("settings", "level", "words"),
    [
        ({"webrtc": "no", "media_encryption": "no"}, Level.ERROR, "Set webrtc = yes on [erika]"),
        ({"send_connected_line": "yes"}, Level.WARNING, "Set send_connected_line = no on [erika]"),
    ],
)
async def test_given_a_page_s_phone_that_is_set_up_as_a_desk_phone_when_checked_then_what_it_lacks_is_named(
    pbx: FakePbx, settings: dict[str, str], level: Level, words: str
) -> None:
    pbx.endpoint("erika", **settings)
    assert words in await found(pbx, ERIKA, level)


async def test_given_webrtc_that_was_put_together_by_hand_when_checked_then_it_is_fine(pbx: FakePbx) -> None:
    pbx.endpoint("erika", webrtc="no", media_encryption="dtls")
    assert {each.level for each in await check_phones(pbx, [ERIKA])} == {Level.OK}


async def test_given_opus_without_a_codec_for_it_when_checked_then_calls_without_sound_are_an_error(
    pbx: FakePbx,
) -> None:
    del pbx.variables["IFMODULE(codec_opus_open_source.so)"]
    assert "set allow = ulaw on [erika]" in await found(pbx, ERIKA, Level.ERROR)
    pbx.variables["IFMODULE(codec_opus.so)"] = "1"
    assert {each.level for each in await check_phones(pbx, [ERIKA])} == {Level.OK}
    del pbx.variables["IFMODULE(codec_opus.so)"]
    pbx.endpoint("erika", allow="(ulaw|alaw)")
    assert {each.level for each in await check_phones(pbx, [ERIKA])} == {Level.OK}


async def test_given_a_page_that_is_not_open_when_checked_then_it_is_only_noted(pbx: FakePbx) -> None:
    pbx.variables["DEVICE_STATE(PJSIP/erika)"] = "UNAVAILABLE"
    pbx.registered("erika")
    assert "the agent's page is not open" in await found(pbx, ERIKA, Level.NOTE)


async def test_given_two_devices_on_one_phone_when_checked_then_that_one_of_them_stays_silent_is_said(
    pbx: FakePbx,
) -> None:
    pbx.registered("anna", "192.0.2.7:5060", "192.0.2.8:5060")
    pbx.endpoint("anna", aors="anna-aor")
    told = await found(pbx, ANNA, Level.WARNING)
    assert told.startswith("agent anna: 2 devices are registered as PJSIP/anna, and only one of them rings")
    assert "Set max_contacts = 1 and remove_existing = yes on the aor [anna-aor]" in told


def test_given_the_shipped_template_for_pages_then_both_times_of_silence_are_short() -> None:
    shipped = (shipped_files() / "pjsip-callbridge.conf.example").read_text()
    web = re.split(r"^\[", shipped.partition("[callbridge-web]")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert dict(re.findall(r"^(rtp_timeout\w*) = (\d+)$", web, re.MULTILINE)) == {
        "rtp_timeout": "15",
        "rtp_timeout_hold": "15",
    }
