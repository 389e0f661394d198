"""Where the site records: one recording on the caller's leg through every transfer, without private consultations."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio
from consults import RECORDED, consulting_from, heard_soon, settled, site_with_conferences, talk
from steps import at_work, configure, connected, ended_call, eventually, hear_each_other, hears_music

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.sound import SoundTrack
from callbridge.demo.tones import HOLD_MUSIC, RATE


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session) as site:
        yield site


def monitor(lab: Lab) -> Path:
    return lab.pbx.folder / "spool" / "monitor"


async def recorded(lab: Lab, name: str) -> SoundTrack:
    """The finished file."""
    path = monitor(lab) / name

    async def size() -> int:
        return path.stat().st_size if path.exists() else 0

    await eventually(size, lambda seen: seen > 44, f"{name} is written", 3)
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return SoundTrack(samples.astype(np.float64), lab.bank.sources)


def spans(track: SoundTrack, *names: str) -> dict[str, tuple[float, float]]:
    """From when to when each of these is heard in the file, in seconds; who is not heard is missing."""
    found = {}
    for name in names:
        first = track.first_heard(name, since=0)
        if first is not None:
            silent = [gap.start for gap in track.gaps(name, since=first) if gap.end >= track.seconds - 0.05]
            found[name] = (first, silent[0] if silent else track.seconds)
    return found


async def file_of(site: Site, call: str) -> str:
    entries = (await site.crm.get(f"/v1/calls/{call}/history?limit=200"))["items"]
    [name] = [entry["detail"]["file"] for entry in entries if entry["kind"] == "call.recorded"]
    return str(name)


async def over(site: Site, lab: Lab, caller: Caller, call: str, *names: str) -> list[SoundTrack]:
    """The caller hangs up: these files of the call, with the voices that were there."""
    sources = lab.bank.sources
    await caller.hang_up()
    await ended_call(site, call)
    tracks = [await recorded(lab, name) for name in names]
    for track in tracks:
        track.sources = sources
    return tracks


async def test_given_a_recorded_call_then_one_file_has_caller_and_both_agents_and_not_the_private_consultation(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna, RECORDED)
    call = pop["call"]
    name = await file_of(site, call)
    await hear_each_other(lab, caller, anna.phone)
    transfer = await consulting_from(site, anna, carla, call)
    await hears_music(lab, caller)
    await anna.person.complete(transfer["id"])
    await talk(site, call, "caller", "agent")
    await hear_each_other(lab, caller, carla.phone)
    [track] = await over(site, lab, caller, call, name)
    found = spans(track, caller.name, "anna", "carla")
    assert {caller.name, "anna"} <= set(found), found
    # The caller's own voice is in it from the beginning to the end, also while they were on hold.
    assert found[caller.name][1] - found[caller.name][0] > track.seconds - 0.5
    assert sorted(path.name for path in monitor(lab).glob(f"{name.removesuffix('.wav')}*")) == [name]
    assert "carla" in found, found
    # Between agent 1's last word and the target's first there is the hold, with nobody else.
    since, until = found["anna"][1], found["carla"][0]
    assert until - since > 0.7
    private = track.hearing(since + 0.2, until - 0.2)
    assert private.sources == {caller.name, HOLD_MUSIC}, private


async def test_given_a_recorded_conference_when_agent_1_leaves_then_the_target_is_still_in_the_file(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna, RECORDED)
    call = pop["call"]
    name = await file_of(site, call)
    transfer = await consulting_from(site, anna, carla, call)
    await anna.person.merge(transfer["id"])
    await talk(site, call, "caller", "agent", "target")
    await site.lab.assert_hears({caller: {anna.phone, carla.phone}})
    await anna.person.leave_conference(transfer["id"])
    await talk(site, call, "caller", "agent")
    await hear_each_other(lab, caller, carla.phone)
    [track] = await over(site, lab, caller, call, name)
    found = spans(track, caller.name, "anna", "carla")
    assert set(found) == {caller.name, "anna", "carla"}
    # Both in the conference, then the target alone to the end.
    assert found["carla"][0] < found["anna"][1] < track.seconds - 0.5
    assert found["carla"][1] > track.seconds - 0.3


async def test_given_consultations_are_recorded_then_each_is_in_a_file_of_its_own_without_the_caller(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"record_consultations": True})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna, RECORDED)
    call = pop["call"]
    transfer = await consulting_from(site, anna, carla, call)
    await hear_each_other(lab, anna.phone, carla.phone)
    await heard_soon(
        lab, "alternate while recorded", lambda: anna.person.alternate(transfer["id"]), {caller: anna.phone}
    )
    await settled(site, call, "with_caller", caller="agent", agent="caller", target=None)
    await anna.person.alternate(transfer["id"])
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    await anna.person.merge(transfer["id"])
    await talk(site, call, "caller", "agent", "target")
    await lab.assert_hears({caller: {anna.phone, carla.phone}})
    await anna.person.cancel(transfer["id"])
    await hear_each_other(lab, caller, anna.phone)
    stem = (await file_of(site, call)).removesuffix(".wav")
    track, whole = await over(site, lab, caller, call, f"{stem}-consult-1.wav", f"{stem}.wav")
    # Both private talks, nothing of the conference.
    assert set(spans(track, caller.name, "anna", "carla", HOLD_MUSIC)) == {"anna", "carla"}
    assert set(spans(whole, caller.name, "anna", "carla", HOLD_MUSIC)) == {caller.name, "anna", "carla", HOLD_MUSIC}
