"""The tones by which lines, hold music and fallback are told apart, and the sound files that hold them.

All tones lie within one octave, so that no tone is the sum, the difference or a harmonic of others, and 40 Hz apart,
so that a window of 25 ms or any multiple of it separates each from all others exactly.
"""

import math
import wave
from pathlib import Path

SPACING = 40
"""Hz between two neighbouring tones."""
AMPLITUDE = 5000
"""Peak of one tone in 16-bit samples. Six at once still do not clip."""
RATE = 8000
"""Samples per second of everything that is sung and recorded."""

_LOWEST = 1220
_LINES = 28

LINE_TONES = tuple(_LOWEST + SPACING * (index * 11 % _LINES) for index in range(_LINES))
"""Hz, one for each line. Lines that are made one after the other are far apart."""
FALLBACK_TONE = _LOWEST + SPACING * _LINES
HOLD_TONE = _LOWEST + SPACING * (_LINES + 1)
RINGING_TONE = _LOWEST + SPACING * (_LINES + 2)

HOLD_MUSIC = "hold music"
FALLBACK = "fallback"
RINGING = "ringing"
"""What a line hears while somebody else's phone rings for it, on a PBX with STEADY_RINGING."""
CROWD = "crowd"
"""The name under which lines are heard that came when every tone was taken."""
CROWD_TONE = LINE_TONES[-1]
"""Hz. Shared, so that a run with hundreds of callers needs no hundreds of tones."""

STEADY_RINGING = f"""\
[general]
country=us
[us]
description=United States
ringcadence=2000,4000
ring={RINGING_TONE}
busy=480+620/500,0/500
congestion=480+620/250,0/250
"""
"""An indications.conf whose ringing has no pauses, so that one moment of listening tells it from silence."""


def write_tone(path: Path, hertz: int, seconds: int = 120) -> None:
    """Writes one tone in mu-law, a raw file that Asterisk sends to a phone as it is, without any work on it."""
    period = RATE // math.gcd(RATE, hertz)
    once = bytes(_mu_law(round(AMPLITUDE * math.sin(math.tau * hertz * n / RATE))) for n in range(period))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(once * (seconds * RATE // period))


def write_wav(path: Path, hertz: int, seconds: int = 10, rate: int = 48000) -> None:
    """Writes one tone as 16-bit PCM, for a browser's microphone. Played in a loop it has no seam."""
    period = rate // math.gcd(rate, hertz)
    once = b"".join(
        round(AMPLITUDE * math.sin(math.tau * hertz * n / rate)).to_bytes(2, "little", signed=True)
        for n in range(period)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(once * (seconds * rate // period))


def _mu_law(sample: int) -> int:
    """One 16-bit sample as ITU-T G.711 encodes it."""
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | (exponent << 4) | mantissa) & 0xFF
