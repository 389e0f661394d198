"""A site: the lab with a gateway beside it, set up as ops would, and people who work with it over HTTP."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml
from argon2 import PasswordHasher

from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.instance import dying_with_us
from callbridge.demo.lab import Lab
from callbridge.demo.pbx import TRUNK, Endpoint
from callbridge.demo.people import Person, Program

_PORT = 8180
_START = 60.0
_STOP = 10.0
_QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Cheap on purpose: these passwords live as long as the demo."""


class Site:
    """`async with Site(lab, groups={"support": ["anna"]}) as site:` and `site.person("anna")` can log in.

    The gateway is a process of its own, `callbridge run`, as on a real site: it can be killed, stopped with SIGSTOP
    and started again. Its log is `gateway.log` in the site's folder.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        groups: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        presets: Sequence[Mapping[str, Any]] = (),
        agents: Mapping[str, Mapping[str, Any]] | None = None,
        webhooks: Sequence[Mapping[str, Any]] = (),
        numbers: Mapping[str, Any] | None = None,
        outbound: Mapping[str, Any] | None = None,
        lease: int = 30,
        port: int = _PORT,
        host: str | None = None,
    ) -> None:
        """`groups`: members of each, or the whole section of it; `agents`: more keys of an agent's section.

        `options`, `numbers` and `outbound` are these sections; without `outbound` external numbers are called through
        the lab's carrier, with an empty one they are not called at all.
        `host` and `port`: where the API listens; by default on the lab's own loopback address.
        """
        self.lab = lab
        self.folder: Path = lab.folder / "site"
        self.config_file = self.folder / "callbridge.yaml"
        self.password = secrets.token_urlsafe(9)
        self.service_token = f"cbs_{secrets.token_urlsafe(24)}"
        self.secrets = {
            "CALLBRIDGE_EVENTS_SECRET": lab.pbx.events_user.secret,
            "CALLBRIDGE_ACTIONS_SECRET": lab.pbx.actions_user.secret,
            "CALLBRIDGE_TOKEN_SECRET": secrets.token_urlsafe(48),
            **{_phone_secret(endpoint): endpoint.password for endpoint in lab.endpoints if endpoint.web},
        }
        self.host = host or lab.pbx.address
        self.port = port
        self.document = self._document(groups, options or {}, presets, agents or {}, webhooks, lease)
        self.document["numbers"] = {"allow": ["+49"]} if numbers is None else dict(numbers)
        if outbound is None:
            self.document["outbound"] = {"dial": f"PJSIP/{{number}}@{TRUNK}"}
        elif outbound:
            self.document["outbound"] = dict(outbound)
        if any(endpoint.web for endpoint in lab.endpoints):
            # No servers to find the way by: browser and PBX are on one machine.
            self.document["webphone"] = {"url": lab.pbx.web_phone_url}
        self._process: asyncio.subprocess.Process | None = None
        self._people: dict[str, Person] = {}
        self.http: aiohttp.ClientSession
        self.crm: Program

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The gateway's process, while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def log(self) -> str:
        """What the gateway has logged, JSON lines."""
        return (self.folder / "gateway.log").read_text(errors="replace")

    def _document(
        self,
        groups: Mapping[str, Any],
        options: Mapping[str, Any],
        presets: Sequence[Mapping[str, Any]],
        agents: Mapping[str, Mapping[str, Any]],
        webhooks: Sequence[Mapping[str, Any]],
        lease: int,
    ) -> dict[str, Any]:
        password_hash = _QUICK_HASH.hash(self.password)
        return {
            "pbx": {
                "host": self.lab.pbx.address,
                "port": self.lab.pbx.ami_port,
                "events": {"username": "callbridge-events", "secret": {"env": "CALLBRIDGE_EVENTS_SECRET"}},
                "actions": {"username": "callbridge-actions", "secret": {"env": "CALLBRIDGE_ACTIONS_SECRET"}},
                "lease": lease,
            },
            "http": {"host": self.host, "port": self.port, "token_secret": {"env": "CALLBRIDGE_TOKEN_SECRET"}},
            "store": {"url": "sqlite:///callbridge.db"},
            "site": {"region": "DE"},
            "options": dict(options),
            "agents": [
                {
                    "id": endpoint.name,
                    "name": endpoint.name.title(),
                    "phone": f"PJSIP/{endpoint.name}",
                    "password_hash": password_hash,
                    **({"webphone": {"password": {"env": _phone_secret(endpoint)}}} if endpoint.web else {}),
                    **agents.get(endpoint.name, {}),
                }
                for endpoint in self.lab.endpoints
            ],
            "groups": [
                {"id": group, "name": group.replace("-", " ").title(), **_section(given)}
                for group, given in groups.items()
            ],
            "presets": [dict(preset) for preset in presets],
            "services": [
                {
                    "name": "crm",
                    "token_hash": f"sha256:{sha256(self.service_token.encode()).hexdigest()}",
                    "scopes": [
                        "calls:read",
                        "calls:write",
                        "transfers:write",
                        "agents:read",
                        "agents:write",
                        "events:read",
                    ],
                }
            ],
            "webhooks": [dict(hook) for hook in webhooks],
        }

    # ------------------------------------------------------------ start and stop

    async def __aenter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        self.write_config()
        self.http = aiohttp.ClientSession(base_url=self.url)
        self.crm = Program(self.http, self.service_token)
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(person.leave() for person in self._people.values()))
        await self.stop()
        await self.http.close()

    def write_config(self) -> None:
        """The document as it is now, into the file that the gateway reads at its start and on SIGHUP."""
        self.config_file.write_text(yaml.safe_dump(self.document, sort_keys=False))

    async def start(self, *, ready: bool = True) -> None:
        """Starts the gateway; with `ready`, returns once it has seen the PBX and everybody's stream is back.

        Raises:
            PbxUnavailable: it ended or did not become ready; the message has the end of its log.
        """
        gateway = [sys.executable, "-m", "callbridge", "run", "--config", str(self.config_file)]
        with (self.folder / "gateway.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *dying_with_us(gateway, signal.SIGTERM),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.secrets},
                start_new_session=True,
            )
        if ready:
            await self.wait_ready()
            # What somebody asks for sooner would come with the snapshot, and not as the event that they wait for.
            with contextlib.suppress(TimeoutError):
                await asyncio.gather(*(person.is_back() for person in self._people.values()))

    async def wait_ready(self, within: float = _START) -> None:
        """Until `/readyz` says so; the gateway is asked, as a load balancer would."""
        process = self._process
        assert process is not None
        try:
            async with asyncio.timeout(within):
                while not await self.is_ready():
                    if process.returncode is not None:
                        raise PbxUnavailable(f"the gateway ended with {process.returncode}: {self.log[-2000:]}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise PbxUnavailable(f"the gateway did not become ready: {self.log[-2000:]}") from None

    async def is_ready(self) -> bool:
        """Whether `/readyz` says that it serves calls."""
        return await self._status("/readyz") == 200

    async def answers(self) -> bool:
        """Whether anybody answers at all."""
        return await self._status("/healthz") == 200

    async def _status(self, path: str) -> int:
        try:
            async with self.http.get(path) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def stop(self) -> None:
        """An orderly stop, as systemd does it."""
        await self._end(terminate=True)

    async def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        await self._end(terminate=False)

    async def revive(self) -> None:
        """It runs and is ready afterwards, whatever was done to it: killed, stopped, or stopped with SIGSTOP."""
        if self._process is None or self._process.returncode is not None:
            await self.start()
        else:
            self.signal(signal.SIGCONT)
            await self.wait_ready()

    def signal(self, number: int) -> None:
        """SIGHUP, SIGSTOP, SIGCONT, ..."""
        assert self._process is not None
        self._process.send_signal(number)

    async def reload(self, within: float = 20) -> bool:
        """Has the gateway read its file again. False: it refused what it read, and goes on as before."""
        seen = len(self.log)
        self.signal(signal.SIGHUP)
        async with asyncio.timeout(within):
            while True:
                if said := re.search(r'"event": ?"(reloaded|reload_refused)"', self.log[seen:]):
                    return said[1] == "reloaded"
                await asyncio.sleep(0.02)

    async def _end(self, *, terminate: bool) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            (process.terminate if terminate else process.kill)()
        try:
            async with asyncio.timeout(_STOP):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    # ------------------------------------------------------------ people

    def person(self, name: str) -> Person:
        """The agent of this name, with a browser that has nothing but HTTP."""
        if name not in self._people:
            self._people[name] = Person(self.http, name, self.password)
        return self._people[name]

    async def at_work(self, *names: str) -> list[Person]:
        """These log in, open their stream and become available."""
        people = [self.person(name) for name in names]
        for person in people:
            await person.log_in()
            await person.available()
        return people

    async def send_home(self) -> None:
        """Everybody logs out, for the next test."""
        for person in self._people.values():
            await person.leave()
        self._people.clear()


def _section(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {"members": list(given)}


def _phone_secret(endpoint: Endpoint) -> str:
    return f"CALLBRIDGE_PHONE_{re.sub(r'[^A-Z0-9]', '_', endpoint.name.upper())}"
