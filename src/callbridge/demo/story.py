"""`callbridge demo`: sets everything up, tells the stories on real calls, then stays up to be played with."""

import asyncio
import contextlib
import importlib.util
import signal
import socket
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.provision import AsteriskProgram, provision
from callbridge.demo.report import Report
from callbridge.demo.screen import Screen

if TYPE_CHECKING:
    from callbridge.demo.lab import Lab
    from callbridge.demo.site import Site
    from callbridge.demo.steps import Stage

DONE, FAILED, INTERRUPTED = 0, 1, 130

HOST, PORT = "127.0.0.1", 8180
"""Where the API is, so that a browser on this machine reaches it. With `--once` nobody needs to."""


class _CannotStart(Exception):
    """A sentence for the person at the terminal."""


def main(*, once: bool, port: int | None) -> int:
    """Returns the exit code: 0 where every step held, 1 where one did not or nothing could be set up.

    The report is written whatever happens. Ctrl-C and SIGTERM end everything in order.
    """
    screen, report = Screen(), Report()
    try:
        with _ended_in_order():
            return _demo(screen, report, once=once, port=port)
    except (_CannotStart, PbxUnavailable) as problem:
        report.error = str(problem)
        screen.problem(str(problem))
        return FAILED
    except KeyboardInterrupt:
        report.error = report.error or "interrupted"
        screen.line()
        screen.line("Interrupted; everything has been stopped.")
        return INTERRUPTED
    except Exception as problem:
        report.error = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        _write(screen, report)


def _demo(screen: Screen, report: Report, *, once: bool, port: int | None) -> int:
    screen.line("callbridge demo: real calls on a private Asterisk, checked on what the parties really hear", "bold")
    if importlib.util.find_spec("numpy") is None:
        raise _CannotStart(
            "The demo listens to the calls with numpy, which is not installed. Run: pip install 'callbridge[demo]'"
        )
    if not once or port is not None:
        _check_port(port or PORT)
    screen.heading("Setting up")
    with screen.setting_up("Provisioning Asterisk") as details:
        # Here and not in a thread, so that Ctrl-C ends apt as well.
        program = provision(lambda line: screen.row("", line))
        details.append(f"{program.kind} Asterisk {program.version}")
    report.asterisk = program.version
    return asyncio.run(_on_stage(screen, report, program, once=once, port=port))


async def _on_stage(screen: Screen, report: Report, program: AsteriskProgram, *, once: bool, port: int | None) -> int:
    # numpy is needed from here on.
    from callbridge.demo import scene
    from callbridge.demo.playground import Playground
    from callbridge.demo.steps import Stage

    lab = scene.make_lab(program)
    async with contextlib.AsyncExitStack() as stack:
        with screen.setting_up("Starting the PBX and the phone bank") as details:
            await stack.enter_async_context(lab)
            details.append(f"PBX on {lab.pbx.address}, phones of {', '.join(map(str.title, scene.AGENTS))} registered")
        on_lab = once and port is None
        site = scene.make_site(lab, host=None if on_lab else HOST, port=port or PORT)
        with screen.setting_up("Starting the gateway") as details:
            await stack.enter_async_context(site)
            stack.push_async_callback(_stop_together, lab, site)
            details.append(f"it sees the PBX; API on {site.url}")
        if not once:
            screen.row("page", f"{site.url}/ is the agents' page")
            names = " or ".join(scene.PAGE_AGENTS)
            screen.row("", f"Log in as {names}, password {site.password}; callers come after the two stories.")
        held = await _tell(lambda: Stage(lab=lab, site=site, screen=screen), report)
        _write(screen, report)
        if once or not held:
            return DONE if held else FAILED
        with contextlib.suppress(asyncio.CancelledError):
            await Playground(lab, site, screen).run()
        screen.line()
        screen.line("Stopping ...")
        began = time.monotonic()
        await stack.aclose()
        screen.line(f"Everything has been stopped ({time.monotonic() - began:.1f} s).")
    return DONE


async def _stop_together(lab: "Lab", site: "Site") -> None:
    """At the same time what would take a second each; what is left is tidied up by their own ends."""
    await asyncio.gather(site.stop(), lab.pbx.stop(), lab.bank.stop())


async def _tell(new_stage: Callable[[], "Stage"], report: Report) -> bool:
    """Tells the stories up to the first step that does not hold."""
    from callbridge.demo import story_supervised, story_unsupervised
    from callbridge.demo.steps import expected_sound, play

    screen = new_stage().screen
    for story in (story_unsupervised.STORY, story_supervised.STORY):
        stage = new_stage()
        screen.heading(story.title)
        for number, step in enumerate(story.steps, start=1):
            screen.chapter(number, step.name, step.telling)
            with screen.waiting(f"expected: {expected_sound(step.hears)}"):
                result = await play(stage, step)
            report.steps.append({**result, "story": story.title})
            screen.row("expected", result["expected"])
            screen.row("heard", result["heard"])
            for index, seen in enumerate(result["seen"]):
                screen.row("" if index else "seen", seen)
            if "error" in result:
                screen.row("wrong", result["error"], "bold red")
            screen.verdict(result["ok"], result["seconds"])
            if not result["ok"]:
                screen.problem(f'Step {number}, "{step.name}", did not hold: {result.get("error")}')
                return False
        await stage.site.send_home()
        await stage.lab.reset()
    report.finish()
    screen.line()
    screen.line(f"All {len(report.steps)} steps held.", "bold green")
    return True


def _check_port(port: int) -> None:
    """Before anything is fetched or started. Raises _CannotStart."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it, so that connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except PermissionError:
            raise _CannotStart(f"Port {port} is not allowed for this user. Choose one above 1023: --port N") from None
        except OSError:
            other = PORT + 1 if port == PORT else PORT
            raise _CannotStart(
                f"Port {port} on {HOST} is taken by another program. Stop that one, or choose another port: "
                f"make demo PORT={other}, or callbridge demo --port {other}"
            ) from None


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM (a container is stopped) and SIGHUP (the terminal is closed) do what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell starts background jobs with SIGINT ignored; then the others could not end the demo either.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and it stays ignored
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(screen: Screen, report: Report) -> None:
    first = not report.written
    try:
        report.write()
    except OSError as error:
        screen.problem(f"The report cannot be written to {report.file}: {error.strerror}")
    else:
        if first:
            screen.line(f"Report: {report.file}", "dim")
