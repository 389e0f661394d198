"""The sound check on made sounds: what it must hear, must not hear, and must not decide."""

import itertools

import numpy as np
import pytest

from callbridge.demo.sound import NO_CALL, UNKNOWN, SoundTrack, analyse
from callbridge.demo.tones import AMPLITUDE, FALLBACK_TONE, HOLD_TONE, LINE_TONES, RATE, SPACING

SOURCES = {f"line-{hertz}": hertz for hertz in (*LINE_TONES, HOLD_TONE, FALLBACK_TONE)}


def sing(*tones: int, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(RATE * seconds)) / RATE
    return sum((AMPLITUDE * np.sin(2 * np.pi * hertz * time + hertz) for hertz in tones), np.zeros(len(time)))


def test_no_tone_is_made_of_others():
    tones = sorted((*LINE_TONES, HOLD_TONE, FALLBACK_TONE))
    assert len(set(tones)) == len(tones) >= 14
    assert min(later - earlier for earlier, later in itertools.pairwise(tones)) >= SPACING
    made = {a + b for a in tones for b in tones} | {a - b for a in tones for b in tones} | {3 * a for a in tones}
    assert not made & set(tones)


def test_each_line_is_told_from_its_neighbours():
    for hertz in LINE_TONES:
        assert analyse(sing(hertz), SOURCES).sources == {f"line-{hertz}"}


def test_three_at_once_are_all_heard_and_nobody_else():
    three = LINE_TONES[:3]
    heard = analyse(sing(*three), SOURCES)
    assert heard.sources == {f"line-{hertz}" for hertz in three}
    assert not heard.unclear


def test_silence_is_nobody():
    heard = analyse(np.zeros(RATE), SOURCES)
    assert heard.sources == frozenset()
    assert not heard.unclear


def test_nothing_recorded_is_no_silence():
    assert analyse(np.zeros(0), SOURCES).sources == {NO_CALL}


def test_half_of_the_time_is_neither_heard_nor_not():
    half = np.concatenate((sing(LINE_TONES[0], seconds=0.5), np.zeros(RATE // 2)))
    heard = analyse(half, SOURCES)
    assert heard.unclear == {f"line-{LINE_TONES[0]}"}


def test_what_nobody_sings_is_an_unknown_sound():
    assert analyse(sing(440), SOURCES).sources == {UNKNOWN}
    noise = np.random.default_rng(1).normal(0, 2000, RATE)
    assert UNKNOWN in analyse(noise, SOURCES).sources


@pytest.mark.parametrize("length", [60, 300, 1234])
def test_a_gap_is_measured_in_milliseconds(length: int):
    hertz, neighbour = LINE_TONES[0], LINE_TONES[0] + SPACING
    silence = sing(neighbour, seconds=length / 1000)
    sound = np.concatenate((sing(hertz, seconds=0.7), silence, sing(hertz, seconds=0.7)))
    track = SoundTrack(sound, {"anna": hertz, "bernd": neighbour})
    [gap] = track.gaps("anna")
    assert gap.milliseconds == pytest.approx(length, abs=15)
    assert gap.start == pytest.approx(0.7, abs=0.015)
    assert track.first_heard("anna", since=gap.start) == pytest.approx(gap.end, abs=0.015)
    assert track.longest_gap("anna", "bernd") == 0
