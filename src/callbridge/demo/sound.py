"""What a line really hears: recorded on the line's channel, and taken apart into the known tones."""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callbridge.demo.bank_ami import AmiClient, AmiError
from callbridge.demo.tones import RATE

Samples = NDArray[np.float64]

HEARD_ABOVE = 1000.0
"""Amplitude of a tone in 16-bit samples. All sing with 5000; a lost packet of one leaks some hundreds into others."""
UNKNOWN_ABOVE = 600.0
"""Root mean square of what is left without the known tones. Companding leaves about 2 % of the loudness as noise."""
HEARD_SHARE = 0.9
NOT_HEARD_SHARE = 0.1
UNKNOWN_SHARE = 0.4
"""For unknown sounds: packets lost on a busy machine make one for moments; a tone such as congestion lasts longer."""
FRAME = 0.1
"""Seconds: one verdict for each frame."""
SETTLING = 0.1
"""Seconds at the beginning of a recording that do not count, while MixMonitor aligns the two directions."""

UNKNOWN = "unknown sound"
NO_CALL = "no call"
"""Stands in the result of a line that is in no call, so that this is not taken for silence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """What one line heard during a recording."""

    shares: Mapping[str, float]
    """Source -> share of the frames in which it was heard, 0 to 1."""
    seconds: float

    @property
    def sources(self) -> frozenset[str]:
        """Who was heard all the time. Nobody: silence."""
        return frozenset(name for name, share in self.shares.items() if share >= HEARD_SHARE)

    @property
    def unclear(self) -> frozenset[str]:
        """Who was heard for a part of the time only. While there is anybody, nothing is proved."""
        limits = {UNKNOWN: UNKNOWN_SHARE}
        between = (n for n, share in self.shares.items() if limits.get(n, NOT_HEARD_SHARE) < share < HEARD_SHARE)
        return frozenset(between)

    def __str__(self) -> str:
        heard = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items() if share > 0)
        return f"{heard or 'silence'} (of {self.seconds:.1f} s)"


def analyse(samples: Samples, sources: Mapping[str, int]) -> Hearing:
    """Takes a recording apart. `sources` maps names to Hz."""
    width = int(RATE * FRAME)
    count = len(samples) // width
    if count == 0:
        return Hearing(shares={NO_CALL: 1.0}, seconds=0.0)
    frames = samples[: count * width].reshape(count, width)
    names = list(sources)
    levels = _levels(frames, [sources[name] for name in names])
    shares = {name: float((levels[:, column] > HEARD_ABOVE).mean()) for column, name in enumerate(names)}
    # By Parseval the mean square of a sum of distinct tones is the sum of their mean squares.
    tones = (np.where(levels > HEARD_ABOVE, levels, 0.0) ** 2 / 2).sum(axis=1)
    rest = np.sqrt(np.clip((frames**2).mean(axis=1) - tones, 0.0, None))
    # A tone that begins or ends within a frame leaves a rest too, which says nothing about unknown sources.
    loudest = np.sqrt((frames**2).mean(axis=1))
    shares[UNKNOWN] = float(((rest > UNKNOWN_ABOVE) & (rest > 0.2 * loudest)).mean())
    return Hearing(shares=shares, seconds=len(samples) / RATE)


def _levels(frames: Samples, tones: list[int]) -> Samples:
    """The amplitude of each tone in each frame: the Goertzel sum under a Hann window, frames x tones."""
    width = frames.shape[1]
    window = np.hanning(width + 1)[:-1]
    turns = np.outer(np.arange(width) / RATE, np.array(tones))
    probe = np.exp(-2j * np.pi * turns) * window[:, None]
    return np.asarray(2 * np.abs(frames @ probe) / window.sum(), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time without a wanted sound."""

    start: float
    """Seconds from the beginning of the recording."""
    milliseconds: float

    @property
    def end(self) -> float:
        return self.start + self.milliseconds / 1000


class SoundTrack:
    """A finished recording in which times are looked up, to about 10 ms."""

    # A sum over 25 ms is blind for every tone that is a multiple of 40 Hz away: see tones.py.
    _WINDOW = RATE // 40
    _HOP = RATE // 200

    def __init__(self, samples: Samples, sources: Mapping[str, int]) -> None:
        self.samples = samples
        self.sources = dict(sources)

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    def hearing(self, since: float = SETTLING, until: float | None = None) -> Hearing:
        """The verdict on a part of the recording."""
        end = None if until is None else int(until * RATE)
        return analyse(self.samples[int(since * RATE) : end], self.sources)

    def gaps(self, *names: str, since: float = SETTLING, until: float | None = None, at_least: float = 30) -> list[Gap]:
        """The times, of `at_least` so many milliseconds, in which none of the named sources was heard."""
        heard = np.zeros(max(0, (len(self.samples) - self._WINDOW) // self._HOP + 1), dtype=bool)
        for name in names:
            heard |= self._envelope(self.sources[name])
        first = int(since * RATE / self._HOP)
        last = len(heard) if until is None else min(len(heard), int(until * RATE / self._HOP))
        edges = np.flatnonzero(np.diff(np.concatenate(([True], heard[first:last], [True])).astype(int)))
        found = []
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            # A window is counted at its middle; half of the tone's amplitude is reached there at a sharp edge.
            start = ((first + begin) * self._HOP + self._WINDOW / 2) / RATE
            gap = Gap(start=float(start), milliseconds=float((end - begin) * self._HOP * 1000 / RATE))
            if gap.milliseconds >= at_least:
                found.append(gap)
        return found

    def longest_gap(self, *names: str, since: float = SETTLING, until: float | None = None) -> float:
        """Milliseconds of the longest time without any of the named sources; 0 where there is none."""
        return max((gap.milliseconds for gap in self.gaps(*names, since=since, until=until)), default=0.0)

    def first_heard(self, name: str, since: float = SETTLING) -> float | None:
        """Seconds from the beginning of the recording at which the source is heard for 100 ms on end; None: never."""
        heard = self._envelope(self.sources[name])
        first, wanted = int(since * RATE / self._HOP), RATE // 10 // self._HOP
        if len(heard) < first + wanted:
            return None
        at = np.flatnonzero(np.convolve(heard[first:], np.ones(wanted), "valid") >= wanted)
        return float(((first + at[0]) * self._HOP + self._WINDOW / 2) / RATE) if len(at) else None

    def _envelope(self, hertz: int) -> NDArray[np.bool_]:
        turned = self.samples * np.exp(-2j * np.pi * hertz * np.arange(len(self.samples)) / RATE)
        total = np.concatenate(([0], np.cumsum(turned)))
        begins = np.arange(0, len(self.samples) - self._WINDOW + 1, self._HOP)
        levels = 2 * np.abs(total[begins + self._WINDOW] - total[begins]) / self._WINDOW
        heard: NDArray[np.bool_] = levels > 2500
        return heard


class Recording:
    """What one channel of the phone bank hears, from `start` to `stop`."""

    _numbers = itertools.count(1)

    def __init__(self, ami: AmiClient, folder: Path, channel: str) -> None:
        self._ami = ami
        self._channel = channel
        # Raw samples: there is no header that would be right only after the file has been closed.
        self._path = folder / f"heard-{next(self._numbers)}.sln"
        self._id = ""
        self._started = 0.0

    async def start(self) -> None:
        """Raises AmiError where the channel is gone."""
        options = f"r({self._path})i(HEARD_ID)"
        await self._ami.action("MixMonitor", Channel=self._channel, File="", Options=options)
        self._started = asyncio.get_running_loop().time()
        answer = await self._ami.action("Getvar", Channel=self._channel, Variable="HEARD_ID")
        self._id = answer["Value"]

    def now(self) -> float:
        """Seconds into the recording, to some 20 ms: to say later that something was done at this moment."""
        return asyncio.get_running_loop().time() - self._started

    async def stop(self) -> Samples:
        """Ends the recording, also where the call has ended already, and returns the samples."""
        expected = self.now()
        with suppress(AmiError):
            await self._ami.action("StopMixMonitor", Channel=self._channel, MixMonitorID=self._id)
        deadline = asyncio.get_running_loop().time() + 2
        size = -1
        # Asterisk closes the file in a thread of its own and says nothing; what is buffered comes with the closing.
        while asyncio.get_running_loop().time() < deadline:
            before, size = size, self._path.stat().st_size if self._path.exists() else 0
            if size == before and size > 0.9 * expected * RATE * 2:
                break
            await asyncio.sleep(0.02)
        samples: Any = np.fromfile(self._path, dtype="<i2") if self._path.exists() else np.zeros(0)
        self._path.unlink(missing_ok=True)
        return np.asarray(samples, dtype=np.float64)


async def hear(
    ami: AmiClient, folder: Path, channels: Mapping[str, str], sources: Mapping[str, int], seconds: float
) -> dict[str, Hearing]:
    """Records several channels of the phone bank at the same time. `channels` maps a line's name to its channel."""

    async def one(channel: str) -> Hearing:
        recording = Recording(ami, folder, channel)
        try:
            await recording.start()
        except AmiError:
            return Hearing(shares={NO_CALL: 1.0}, seconds=0.0)
        await asyncio.sleep(SETTLING + seconds)
        samples = await recording.stop()
        return analyse(samples[int(SETTLING * RATE) :], sources)

    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(one(channel)) for name, channel in channels.items()}
    return {name: task.result() for name, task in tasks.items()}
