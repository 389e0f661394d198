"""Can the instrument be trusted? Before it judges callbridge, the lab is held against what is known beforehand."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from callbridge.demo.bank_lines import BUSY, REJECTED, UNAVAILABLE
from callbridge.demo.lab import Lab
from callbridge.demo.pbx import ECHO_NUMBER, SILENCE_NUMBER
from callbridge.demo.site import Site
from callbridge.demo.sound import NO_CALL
from callbridge.demo.tones import FALLBACK, HOLD_MUSIC


async def call(lab: Lab, did: str, **more: str):
    return await lab.bank.call(from_number="+4930123456", did=did, **more)


async def test_given_an_echo_when_a_caller_speaks_then_he_hears_himself_and_the_check_says_so(lab: Lab):
    caller = await call(lab, ECHO_NUMBER)
    await caller.wait_up()
    await lab.assert_hears({caller: {caller}})
    with pytest.raises(AssertionError, match=r"should hear silence, hears caller-\d+ 100%"):
        await lab.assert_hears({caller: set()}, within=0)


async def test_given_a_silent_other_end_then_silence_is_heard(lab: Lab):
    caller = await call(lab, SILENCE_NUMBER)
    await caller.wait_up()
    await lab.assert_hears({caller: set()})
    with pytest.raises(AssertionError, match="should hear anna, hears silence"):
        await lab.assert_hears({caller: {"anna"}}, within=0)


async def test_given_a_plain_call_then_both_hear_each_other_and_nobody_himself(lab: Lab):
    anna = lab.bank.phone("anna")
    caller = await call(lab, "5551001", name="Grete Weber")
    await anna.wait_ringing()
    assert anna.caller_id_shown == ("+4930123456", "Grete Weber")
    await anna.answer()
    await caller.wait_up()
    await lab.assert_hears({caller: {anna}, anna: {caller}})
    await anna.hang_up()
    assert (await caller.wait_ended()).cause == 16
    await lab.wait_no_channels()


async def test_given_a_call_that_still_rings_when_it_is_listened_to_then_its_answer_is_waited_for(lab: Lab):
    anna = lab.bank.phone("anna")
    caller = await call(lab, "5551001")
    listening = asyncio.create_task(lab.assert_hears({caller: {anna}, anna: {caller}}))
    await anna.wait_ringing()
    await anna.answer()
    await listening


async def test_given_two_calls_at_once_then_they_do_not_hear_each_other(lab: Lab):
    anna, bernd = lab.bank.phone("anna"), lab.bank.phone("bernd")
    await anna.auto_answer()
    await bernd.auto_answer(after=0.2)
    first, second = await call(lab, "5551001"), await call(lab, "5551002")
    await asyncio.gather(first.wait_up(), second.wait_up())
    await lab.assert_hears({first: {anna}, anna: {first}, second: {bernd}, bernd: {second}})


async def test_given_phones_in_no_call_then_this_is_not_taken_for_silence(lab: Lab):
    anna, bernd = lab.bank.phone("anna"), lab.bank.phone("bernd")
    assert await lab.who_hears_whom([anna, bernd]) == {"anna": {NO_CALL}, "bernd": {NO_CALL}}
    with pytest.raises(AssertionError):
        await lab.assert_hears({anna: set()}, within=0)


async def test_given_nobody_vouches_for_the_caller_then_hold_music_turns_into_the_fallback(lab: Lab):
    caller = await call(lab, "5550100")
    await caller.wait_up()
    await lab.assert_hears({caller: {HOLD_MUSIC}})
    await lab.assert_hears({caller: {FALLBACK}}, within=30)


async def test_given_a_number_outside_when_it_is_dialled_then_it_does_what_it_was_told(lab: Lab):
    shop = await lab.bank.outside("49405551", name="shop")
    caller = await call(lab, "0049405551")
    await caller.wait_up()
    await lab.assert_hears({caller: {"shop"}, shop: {caller}})
    for cause in (BUSY, REJECTED, UNAVAILABLE):
        await shop.auto_refuse(cause)
        refused = await call(lab, "0049405551")
        await refused.wait_ended()
        assert refused.legs[0].state == "ended"
    assert shop.ended is False, "the first call is still up"


async def test_given_a_phone_with_two_calls_when_one_ends_then_the_other_goes_on(lab: Lab):
    anna = lab.bank.phone("anna")
    first = await call(lab, "5551001")
    await anna.wait_ringing()
    await anna.answer()
    second = await call(lab, "5551001")
    await anna.wait_ringing()
    await anna.decline()
    await second.wait_ended()
    await lab.assert_hears({first: {anna}, anna: {first}})


async def test_given_a_call_when_digits_are_pressed_then_the_other_end_gets_them(lab: Lab):
    anna = lab.bank.phone("anna")
    await anna.auto_answer()
    caller = await call(lab, "5551001")
    leg = await caller.wait_up()
    await anna.send_dtmf("*21#")
    await caller.watch.until(lambda: leg.dtmf == "*21#", 3, "the digits arrive")


async def test_given_a_phone_when_it_unregisters_then_it_is_unreachable_until_it_registers(lab: Lab):
    anna = lab.bank.phone("anna")
    await anna.unregister()
    caller = await call(lab, "5551001")
    await caller.wait_ended()
    assert anna.leg is None
    await anna.register()
    await call(lab, "5551001")
    await anna.wait_ringing()


async def test_given_a_gap_in_the_sound_then_the_recording_tells_how_long_it_was(lab: Lab):
    anna = lab.bank.phone("anna")
    await anna.auto_answer()
    caller = await call(lab, "5551001")
    await caller.wait_up()
    await lab.assert_hears({caller: {anna}})
    ami = await lab.ami()
    [channel] = [row["Channel"] for row in await lab.channels() if row["Channel"].startswith("PJSIP/anna-")]
    async with lab.recording(caller) as recording:
        await asyncio.sleep(0.5)
        muted = recording.now()
        await ami.action("MuteAudio", Channel=channel, Direction="in", State="on")
        await asyncio.sleep(0.4)
        await ami.action("MuteAudio", Channel=channel, Direction="in", State="off")
        unmuted = recording.now()
        await asyncio.sleep(0.5)
    [gap] = recording.track.gaps("anna")
    assert gap.milliseconds == pytest.approx((unmuted - muted) * 1000, abs=100)
    assert gap.start == pytest.approx(muted, abs=0.15)
    again = recording.track.first_heard("anna", since=gap.start + 0.05)
    assert again == pytest.approx(gap.end, abs=0.03)


async def test_given_the_pbx_crashes_when_it_is_back_then_calls_can_be_made(lab: Lab):
    anna = lab.bank.phone("anna")
    await anna.auto_answer()
    await (await call(lab, "5551001")).wait_up()
    await lab.pbx.kill()
    await lab.pbx.start()
    await lab.bank.hang_up_all()
    caller = await call(lab, "5551001")
    await caller.wait_up()
    await lab.assert_hears({caller: {anna}, anna: {caller}})


@pytest.mark.parametrize("how", ["kill", "stop", "freeze"])
async def test_given_a_test_that_leaves_the_gateway_dead_when_the_next_one_comes_then_it_finds_it_alive(
    site: Site, lab: Lab, how: str
):
    if how == "freeze":
        site.signal(signal.SIGSTOP)
    else:
        await (site.kill() if how == "kill" else site.stop())
    await site.revive()
    assert (await site.crm.get("/v1/calls"))["items"] == []


async def test_given_python_dies_at_once_then_no_asterisk_is_left(tmp_path: Path):
    program = """
import asyncio
from callbridge.demo.lab import Lab

async def main():
    async with Lab(agents=["anna"], dids={}) as lab:
        print(lab.folder, lab.pbx.pid, lab.bank.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
    python = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert python.stdout is not None
    said = await asyncio.wait_for(python.stdout.readline(), 60)
    pids = [int(pid) for pid in said.split()[1:]]
    assert all(_alive(pid) for pid in pids)
    python.send_signal(signal.SIGKILL)
    await python.wait()
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.02)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_given_a_start_with_callbridges_files_then_asterisk_has_nothing_to_complain_about(lab: Lab):
    fresh = Lab(agents=["erik"], dids={"5550100": "support"}, program=lab.pbx.program)
    async with fresh:
        assert fresh.pbx.address != lab.pbx.address
        assert fresh.pbx.errors() == []
        assert fresh.bank.errors() == []
