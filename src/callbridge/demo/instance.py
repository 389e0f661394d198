"""One running Asterisk with a folder of its own for everything that it reads and writes."""

import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callbridge.demo.bank_ami import AmiClient, AmiError
from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.provision import AsteriskProgram, PbxKind

AMI_PORT = 25038
SIP_PORT = 25060
HTTP_PORT = 28088
RTP_PORTS = (20000, 24999)
"""Away from the usual ports, so that an Asterisk that listens on every address of the machine is not in the way."""

_PROBED = ((socket.SOCK_STREAM, AMI_PORT), (socket.SOCK_STREAM, HTTP_PORT), (socket.SOCK_DGRAM, SIP_PORT))
_SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's path, from sockaddr_un in unix(7), without the closing zero."""

# Asks the kernel to signal the program when this Python dies, however it dies, and allows it all the open files that
# the machine's limits permit. A tiny program of its own: code between fork and exec could hang a threaded process.
_LAUNCHER = """
import ctypes, os, resource, sys
parent, death = int(sys.argv[1]), int(sys.argv[2])
ctypes.CDLL(None).prctl(1, death, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class AmiUser:
    name: str
    secret: str
    read: str = "all"
    write: str = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceFiles:
    """What makes one Asterisk different from another."""

    name: str
    """Short, for folders and messages: `pbx`, `bank`."""
    address: str
    modules: tuple[str, ...]
    """Without `.so`, in the order of loading. Those that this Asterisk does not have are left out."""
    configs: Mapping[str, str]
    """File name in the configuration folder -> text. `{dir}` stands for the instance's folder."""
    verbose: int = 0
    lab_user: AmiUser = field(default_factory=lambda: AmiUser(name="lab", secret="lab-secret"))


def dying_with_us(command: Sequence[str], death: signal.Signals) -> list[str]:
    """The command line that runs `command` so that it gets this signal when this process is gone, however it went."""
    program = shutil.which(command[0]) or command[0]
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(int(death)), program, *command[1:]]


def run_folder() -> Path:
    """A new folder with a path short enough for the unix socket of an Asterisk that runs below it."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if len(parent) + len("/cb-xxxxxxxx/bank/run/asterisk.ctl") <= _SOCKET_PATH_LIMIT and Path(parent).is_dir():
            return Path(tempfile.mkdtemp(prefix="cb-", dir=parent))
    raise PbxUnavailable("Every temporary folder has too long a path for Asterisk's socket. Set TMPDIR=/tmp.")


def free_subnet() -> str:
    """The first three bytes of a loopback network that nobody uses, for example `127.93.201`.

    A random network for every run lets runs stand side by side with the same ports, without searching free ones.

    Raises:
        PbxUnavailable: the ports are taken on every address that was tried.
    """
    for _ in range(20):
        subnet = f"127.{random.randint(16, 254)}.{random.randint(1, 254)}"
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for host in (1, 2, 3):
                for kind, port in _PROBED:
                    probe = sockets.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind((f"{subnet}.{host}", port))
            return subnet
    raise PbxUnavailable(
        f"Ports {AMI_PORT}, {HTTP_PORT} (TCP) and {SIP_PORT} (UDP) are taken on every loopback address: "
        "another program listens there on all addresses. Stop it and try again."
    )


class AsteriskInstance:
    """Starts, stops and watches one Asterisk. Its folder outlives a restart and is removed by its owner."""

    def __init__(self, program: AsteriskProgram, folder: Path, files: InstanceFiles) -> None:
        self.program = program
        self.folder = folder / files.name
        self.files = files
        self._process: asyncio.subprocess.Process | None = None
        self._write()

    @property
    def name(self) -> str:
        return self.files.name

    @property
    def address(self) -> str:
        return self.files.address

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.running else None

    async def start(self, within: float = 30) -> None:
        """Returns once Asterisk is fully booted.

        Raises:
            PbxUnavailable: it ended, or was not ready within `within` seconds; the message holds the log's errors.
        """
        if self.running:
            return
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)
        command = self.program.command(self.folder, "-f", "-C", str(self.folder / "etc/asterisk.conf"))
        # A container is ended by a signal that its client passes on; a process of ours by one it cannot ignore.
        death = signal.SIGTERM if self.program.kind is PbxKind.DOCKER else signal.SIGKILL
        command = dying_with_us(command, death)
        with (self.folder / "log/console.log").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.folder,
                # Ctrl-C in a terminal goes to Python, which then stops Asterisk in order.
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(within):
                await self._until_booted(self._process)
        except BaseException as error:
            await self.kill()
            if not isinstance(error, TimeoutError | ChildProcessError):
                raise
            said = self.errors() or (self.folder / "log/console.log").read_text(errors="replace").splitlines()
            says = f"It says: {' | '.join(said[-5:])}" if said else "It says nothing."
            when = f"ended before it was ready on {self.address}"
            if isinstance(error, TimeoutError):
                when = f"did not get ready on {self.address} within {within:g} s"
                says += "" if said else " Where the machine is busy, try again when it is less so."
            raise PbxUnavailable(f"The Asterisk '{self.name}' {when}. {says}") from error

    async def connect(self, *, events: str = "on") -> AmiClient:
        """A new AMI session with every permission, for observation and for instruments."""
        user = self.files.lab_user
        return await AmiClient.connect(self.address, AMI_PORT, user.name, user.secret, events=events)

    async def stop(self, within: float = 5) -> None:
        """Ends Asterisk: asks first, and kills it after `within` seconds."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Ends Asterisk as a crash would: at once, saying goodbye to nobody."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def signal(self, number: int) -> None:
        """Sends a signal, for example SIGSTOP to let it hang and SIGCONT to let it go on."""
        if self._process is not None:
            self._process.send_signal(number)

    def log(self) -> list[str]:
        """The lines of Asterisk's own log, across restarts."""
        path = self.folder / "log/full.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def errors(self) -> list[str]:
        """The lines of the log at level ERROR."""
        return [line for line in self.log() if re.search(r"\] ERROR\[", line)]

    async def _until_booted(self, process: asyncio.subprocess.Process) -> None:
        while True:
            if process.returncode is not None:
                raise ChildProcessError(f"Asterisk ended with {process.returncode}")
            try:
                client = await self.connect(events="off")
            except (OSError, AmiError):
                await asyncio.sleep(0.02)
                continue
            async with client:
                # Answered only once every module is loaded.
                await client.command("core waitfullybooted")
                return

    def _write(self) -> None:
        for name in ("etc", "var", "run", "log", "spool", "db", "keys/keys", "sounds", "recordings"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in (self._common() | dict(self.files.configs)).items():
            (self.folder / "etc" / name).write_text(text.replace("{dir}", str(self.folder)))

    def _common(self) -> dict[str, str]:
        user = self.files.lab_user
        return {
            "asterisk.conf": _asterisk_conf(self.program, self.files.verbose),
            "modules.conf": _modules_conf(self.files.modules, self.program.modules),
            "logger.conf": "[general]\ndateformat=%F %T.%3q\n[logfiles]\n"
            f"full.log => notice,warning,error{',verbose' if self.files.verbose else ''}\n",
            "manager.conf": manager_conf(self.address, [user]),
            "rtp.conf": f"[general]\nrtpstart={RTP_PORTS[0]}\nrtpend={RTP_PORTS[1]}\n",
            "http.conf": "[general]\nenabled=no\n",
            # Read by modules that complain when the file is missing; their defaults are right.
            **dict.fromkeys(("cdr.conf", "cel.conf"), "[general]\nenable=no\n"),
            **dict.fromkeys(_EMPTY, ""),
            "indications.conf": "[general]\ncountry=us\n[us]\ndescription=United States\nringcadence=2000,4000\n"
            "ring=440+480/2000,0/4000\nbusy=480+620/500,0/500\ncongestion=480+620/250,0/250\n",
        }


_EMPTY = (
    *("acl.conf", "ccss.conf", "codecs.conf", "features.conf", "geolocation.conf", "pjproject.conf", "queuerules.conf"),
    *("stasis.conf", "statsd.conf", "udptl.conf", "websocket_client.conf"),
)


def manager_conf(address: str, users: Iterable[AmiUser]) -> str:
    """An AMI on `address` alone; `writetimeout` (ms) is far above the default, so that no busy reader is cut off."""
    lines = [
        "[general]",
        "enabled=yes",
        f"port={AMI_PORT}",
        f"bindaddr={address}",
        "webenabled=no",
        "timestampevents=yes",
    ]
    for user in users:
        lines += [f"[{user.name}]", f"secret={user.secret}", "deny=0.0.0.0/0.0.0.0", "permit=127.0.0.0/255.0.0.0"]
        lines += [f"read={user.read}", f"write={user.write}", "writetimeout=30000"]
    return "\n".join(lines) + "\n"


def _asterisk_conf(program: AsteriskProgram, verbose: int) -> str:
    folders = {
        "astetcdir": "{dir}/etc",
        "astmoddir": program.module_dir,
        "astvarlibdir": "{dir}/var",
        "astdbdir": "{dir}/db",
        "astkeydir": "{dir}/keys",
        "astdatadir": program.data_dir,
        "astagidir": "{dir}/var",
        "astspooldir": "{dir}/spool",
        "astrundir": "{dir}/run",
        "astlogdir": "{dir}/log",
        "astsbindir": "{dir}/var",
        "astcachedir": "{dir}/spool",
    }
    lines = ["[directories]", *(f"{name} => {path}" for name, path in folders.items())]
    return "\n".join([*lines, "[options]", f"verbose={verbose}", "nocolor=yes", "live_dangerously=no"]) + "\n"


def _modules_conf(wanted: Iterable[str], existing: frozenset[str]) -> str:
    names = [f"{name}.so" for name in wanted]
    return "\n".join(["[modules]", "autoload=no", *(f"load={name}" for name in names if name in existing)]) + "\n"
