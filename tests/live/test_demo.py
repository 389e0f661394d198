"""`python -m callbridge demo` as people run it: the stories hold, failures are named, and nothing is left behind."""

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOON = 15
"""Seconds in which a demo ends that is told to, however busy the machine: a gateway has ten to stop in order."""
ONCE = ("-m", "callbridge", "demo", "--once")


@dataclass(kw_only=True)
class Run:
    """A demo that has been started in a folder of its own, below which it keeps everything."""

    folder: Path
    process: asyncio.subprocess.Process
    said: str = ""

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "build/demo/report.json").read_text())

    @property
    def wrong(self) -> list[Any]:
        """The steps that did not hold, as far as it came."""
        try:
            return [step for step in self.report["steps"] if not step["ok"]]
        except OSError as error:
            return [str(error)]

    @property
    def left(self) -> list[str]:
        """Folders, and processes that were started with something of them on the command line."""
        found = [str(path) for path in self.folder.glob("cb-*")]
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                found += [command] if f"{self.folder}/cb-" in command else []
        return found

    async def says(self, words: str, within: float = 60) -> None:
        async with asyncio.timeout(within):
            while words not in self.said:
                await self._read()

    async def end(self, within: float = 180) -> int:
        async with asyncio.timeout(within):
            while await self._read():
                pass
            return await self.process.wait()

    async def interrupt(self, number: int = signal.SIGINT) -> tuple[int, float]:
        """The exit code, and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = await self.end(30)
        return code, time.monotonic() - began

    async def _read(self) -> bool:
        assert self.process.stdout is not None
        some = await self.process.stdout.read(4096)
        self.said += some.decode()
        return bool(some)


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own is too long for the socket of an Asterisk.
    path = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def running(folder: Path, arguments: Sequence[str] = ONCE, **env: str) -> AsyncIterator[Run]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.DEVNULL,
    )
    run = Run(folder=folder, process=process)
    try:
        yield run
    finally:
        if process.returncode is None:
            process.kill()
        await run.end()


async def test_given_nothing_when_the_demo_is_told_once_then_every_step_holds_on_real_audio(folder: Path):
    async with running(folder, FORCE_COLOR="1") as run:
        assert await run.end() == 0, f"{run.wrong}\n{run.said}"
    assert "\x1b" not in run.said
    assert "\r" not in run.said
    report = run.report
    assert report["ok"] is True
    assert report["asterisk"]
    assert report["seconds"] > sum(step["seconds"] for step in report["steps"]) > 10
    first, second = (list(steps) for _, steps in itertools.groupby(report["steps"], lambda step: step["story"]))
    assert (len(first), len(second)) == (12, 16)
    assert sum(step["seconds"] for step in second) < 60, "it is told in about half a minute"
    for step in report["steps"]:
        assert step["ok"] is True
        assert step["seconds"] > 0
        assert step["name"] in run.said
        assert "error" not in step
        # Listened to, rather than copied: where somebody is heard, how much of the time is said too.
        assert ("%" in step["heard"]) == ("hears" in step["expected"])
    heard = [hears(step) for step in first]
    assert heard[0]["Max"] == {"hold music"}
    assert (heard[5]["Max"], heard[5]["Carla"]) == ({"Carla"}, {"Max"})
    assert heard[6]["Max"] == {"hold music"}
    assert all((each["Max"], each["Dora"]) == ({"Dora"}, {"Max"}) for each in heard[7:11])
    heard = [hears(step) for step in second]
    assert heard[2] == {"Eva": {"hold music"}, "Anna": {"ringing"}}
    assert heard[3] == heard[5] == {"Eva": {"hold music"}, "Anna": {"Dora"}, "Dora": {"Anna"}}
    assert heard[4] == {"Eva": {"Anna"}, "Anna": {"Eva"}, "Dora": {"hold music"}}
    assert heard[6] == all_talk("Eva", "Anna", "Dora")
    assert heard[7] == all_talk("Eva", "Anna", "Dora", "Warehouse")
    assert heard[8] == all_talk("Eva", "Dora", "Warehouse")
    assert heard[9] == all_talk("Eva", "Dora")
    assert heard[11] == {"Tom": {"hold music"}, "Anna": {"ringing"}}
    assert heard[12] == all_talk("Tom", "Anna")
    assert heard[14] == all_talk("Tom", "Headquarters")
    assert heard[15] == {}
    looked = "the API's parties say the same as was heard"
    assert sum(looked in step["seen"] for step in second) == 14, "beside everything that is heard"
    said = " ".join(run.said.split())
    assert "not asked Ben is busy; Carla is not logged in" in said
    assert "Eva Anna, Dora, Warehouse Anna, Dora, Warehouse" in said.replace("\u2502 ", "")
    assert run.left == []


def hears(step: Any) -> dict[str, set[str]]:
    """`Max hears Anna 100%; Ben, Carla in no call (1.2 s of audio)` as names; moments of noise do not matter."""
    found = {}
    for part in step["heard"].split(" (")[0].split("; "):
        names, heard, sources = part.partition(" hears ")
        shares = {name: int(share) for name, share in re.findall(r"([^,]+?) (\d+)%", sources)}
        if heard:
            found |= {name: {source.strip() for source in shares if shares[source] >= 90} for name in names.split(", ")}
    return found


def all_talk(*names: str) -> dict[str, set[str]]:
    return {name: set(names) - {name} for name in names}


BROKEN = """
import sys
from dataclasses import replace
from callbridge.demo import story, story_unsupervised as told

first, second, *rest = told.STORY.steps
broken = replace(second, hears={**second.hears, "max": frozenset({"dora"})})
told.STORY = replace(told.STORY, steps=(first, broken, *rest))
sys.exit(story.main(once=True, port=None))
"""


async def test_given_an_expectation_that_does_not_hold_then_the_step_is_named_and_nothing_comes_after_it(folder: Path):
    async with running(folder, ("-c", BROKEN)) as run:
        assert await run.end() == 1
    good, bad = run.report["steps"]
    assert run.report["ok"] is False
    assert good["ok"] is True
    assert bad["ok"] is False
    assert bad["error"] == f"expected: Max hears Dora; heard: {bad['heard'].partition(';')[0]}"
    assert "Max hears hold music 100%" in bad["heard"]
    assert f'Step 2, "{bad["name"]}", did not hold: {bad["error"]}' in " ".join(run.said.split())
    assert run.left == []


RAISING = """
import sys
from dataclasses import replace
from callbridge.demo import story, story_unsupervised as told

async def do(stage):
    await first.do(stage)
    stage.check(False, "an offer to Anna", "none")

first, *rest = told.STORY.steps
told.STORY = replace(told.STORY, steps=(replace(first, do=do), *rest))
sys.exit(story.main(once=True, port=None))
"""


async def test_given_a_step_that_fails_before_anybody_listens_then_what_is_heard_is_reported_all_the_same(folder: Path):
    async with running(folder, ("-c", RAISING)) as run:
        assert await run.end() == 1
    [step] = run.report["steps"]
    assert step["error"] == "expected: an offer to Anna; found: none"
    assert step["heard"].startswith("Max hears hold music 100%")


async def test_given_no_asterisk_to_be_had_then_a_sentence_says_so(folder: Path):
    async with running(folder, PATH="/nonexistent") as run:
        assert await run.end() == 1
    assert "There is no Asterisk to run" in run.said
    assert "Traceback" not in run.said
    assert run.report["ok"] is False
    assert run.report["steps"] == []
    assert "There is no Asterisk to run" in run.report["error"]


async def test_given_no_numpy_then_a_sentence_says_how_to_get_it(folder: Path):
    program = (
        "import sys; sys.modules['numpy'] = None; from callbridge import cli; sys.exit(cli.main(['demo', '--once']))"
    )
    async with running(folder, ("-c", program)) as run:
        assert await run.end() == 1
    assert "pip install 'callbridge[demo]'" in " ".join(run.said.split())
    assert "Traceback" not in run.said


async def test_given_a_port_that_is_taken_then_a_sentence_says_so_before_anything_is_started(folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with running(folder, ("-m", "callbridge", "demo", "--port", str(port))) as run:
            assert await run.end() == 1
    assert f"Port {port} on 127.0.0.1 is taken" in run.said
    assert "Setting up" not in run.said


@pytest.mark.parametrize("moment", ["Provisioning", "Starting the PBX", "Starting the gateway", "2  The call"])
async def test_given_ctrl_c_at_any_moment_then_it_ends_soon_and_leaves_nothing(folder: Path, moment: str):
    async with running(folder) as run:
        await run.says(moment)
        code, seconds = await run.interrupt()
    assert code == 130, run.said
    assert seconds < SOON
    assert "Traceback" not in run.said
    assert run.report["error"] == "interrupted"
    assert run.left == []


# As a shell without job control starts what has an & behind it.
IN_THE_BACKGROUND = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from callbridge import cli
sys.exit(cli.main(["demo", "--once"]))
"""


@pytest.mark.parametrize("arguments", [ONCE, ("-c", IN_THE_BACKGROUND)], ids=["foreground", "background"])
async def test_given_a_termination_then_it_ends_as_with_ctrl_c(folder: Path, arguments: Sequence[str]):
    async with running(folder, arguments) as run:
        await run.says("Starting the gateway")
        code, seconds = await run.interrupt(signal.SIGTERM)
    assert code == 130
    assert seconds < SOON
    assert run.left == []


async def test_given_the_demo_is_killed_then_nothing_that_it_started_lives_on(folder: Path):
    async with running(folder) as run:
        await run.says("2  The call")
        assert len([each for each in run.left if "/cb-" in each]) >= 4, "the folder, two Asterisks and the gateway"
        await run.interrupt(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(run.left) > 1 and time.monotonic() < deadline:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.05)
        assert [Path(left).name[:3] for left in run.left] == ["cb-"], "the folder is all that is left"
