"""The configuration, typed. What a key may be is said with its kind, in `fields`."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from callbridge.config import fields as f
from callbridge.config import urls
from callbridge.config.people import AgentSection, GroupSection, Numbers, PresetSection, WebPhoneSection
from callbridge.config.secrets import Secret
from callbridge.config.section import Section


class Login(Section):
    username: f.AmiUser
    secret: f.SecretRef


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"{str(path)!r} holds no certificates ({error.strerror}); a file in PEM form") from None
    return path


class Pbx(Section):
    host: f.Host = "127.0.0.1"
    port: f.Port = 5038
    tls: f.Flag = False
    tls_ca: Annotated[f.FilePath, AfterValidator(_certificates)] | None = None
    """The certificates, in PEM, that vouch for the PBX's own; None: the machine's usual ones."""
    events: Login
    actions: Login
    lease: Annotated[int, Field(ge=5, le=3600, description="seconds, 5 to 3600")] = 30
    """Seconds that the PBX waits for a silent gateway before callers go to the dialplan's fallback."""
    music_class: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,79}$", description="the name of a class in musiconhold.conf")
    ] = "default"

    def tls_context(self) -> ssl.SSLContext | None:
        """How to connect; None: without TLS. Raises OSError where `tls_ca` has changed into something unreadable."""
        return ssl.create_default_context(cafile=self.tls_ca) if self.tls else None


class Http(Section):
    host: f.Host = "127.0.0.1"
    port: f.Port = 8180
    token_secret: f.LongSecretRef
    token_lifetime: Annotated[int, Field(ge=60, le=86_400, description="seconds, 60 to 86400 (a day)")] = 900
    trusted_proxies: list[f.Address] = Field(default_factory=list)
    """Reverse proxies whose X-Forwarded-For is believed."""
    cors_origins: list[f.Origin] = Field(default_factory=list)
    """Pages of other hosts that may use the API in a browser."""


def _store_url(url: str, info: ValidationInfo) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL; sqlite:///FILE or postgresql://USER@HOST/DATABASE") from None
    around = f.surroundings(info)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1 and not parts.query and not parts.fragment:
        return f"sqlite:///{around.base / parts.path[1:]}"
    if parts.scheme == "postgresql" and len(parts.path) > 1 and not parts.fragment:
        if parts.password is not None:
            raise ValueError("has the password in it; put it under store.password as {env: NAME} or {file: path}")
        return url
    raise ValueError("is not a store; sqlite:///FILE or postgresql://USER@HOST/DATABASE")


class Store(Section):
    url: Annotated[
        str, AfterValidator(_store_url), Field(max_length=1000, description="sqlite:///FILE or postgresql://...")
    ] = Field("sqlite:///callbridge.db", validate_default=True)
    """With a relative SQLite file made absolute, and without a password."""
    password: f.SecretRef | None = None
    keep_days: Annotated[int, Field(ge=1, le=3650, description="days, 1 to 3650")] = 90

    def engine_url(self) -> str:
        """As SQLAlchemy's asyncio engines take it, with driver and password. Never log it."""
        scheme, _, rest = self.url.partition("://")
        if scheme == "sqlite":
            return f"sqlite+aiosqlite://{rest}"
        if self.password is not None:
            user, at, place = rest.partition("@")
            rest = f"{user}:{quote(self.password.value, safe='')}{at}{place}" if at else rest
        return f"postgresql+psycopg://{rest}"


class Site(Section):
    region: f.Region | None = None
    """ISO region of numbers that are written without +; None: every number needs its +."""
    timezone: f.Timezone = "UTC"
    """In which the site's days begin at midnight."""


class Privacy(Section):
    show_withheld_inside: f.Flag = False
    """Agents, API and CRM see numbers that callers withheld, with a mark; phones outside never do."""


class Transfers(Section):
    enabled: f.Flag = True
    to_agent: Annotated[Literal["agent_chooses", "soft", "hard"], Field(description="agent_chooses, soft or hard")] = (
        "agent_chooses"
    )
    max_wait: f.WaitTime = 120.0
    supervised: f.Flag = True
    four_way: f.Flag = False
    hangup: Annotated[Literal["completes", "recalls"], Field(description="completes or recalls")] = "completes"
    """What it means that an agent hangs up while talking with the target."""
    externals_may_stay: f.Flag = False
    """Whether a conference goes on when no agent is left in it."""
    external_timeout: f.RingTime = 30.0


class ReasonSection(Section):
    """Why an agent is not ready."""

    id: f.ReasonId
    name: f.Name


def _reason(given: Any) -> Any:
    """An id alone is its own name: `long_break` is "Long break"."""
    if not isinstance(given, str):
        return given
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", given):
        raise ValueError(f"is {given!r}; an id of small letters, digits, _ and -, or {{id: ..., name: ...}}")
    return {"id": given, "name": given.replace("_", " ").capitalize()}


_REASONS = [
    ReasonSection.model_validate(_reason(reason)) for reason in ("break", "lunch", "meeting", "training", "paperwork")
]


class OptionsSection(Section):
    transfers: Transfers = Transfers()
    offer_timeout: f.RingTime = 20.0
    answer_timeout: f.RingTime = 20.0
    wrap_up: f.PauseTime = 10.0
    min_talk: f.MinTalk = 2.0
    """A call that its agent drops sooner after picking up is not handled: the caller goes back to the head."""
    reject_pause: f.PauseTime = 30.0
    max_sessions: f.Sessions = 1
    """For agents that do not have their own."""
    recording_url: f.RecordingUrl | None = None
    """The link to a call's recording, with {file} in its path or query."""
    record_consultations: f.Flag = False
    """Where the dialplan records calls: private consultations too."""
    crm_url: f.CrmUrl | None = None
    crm_frame: f.Flag = False
    """Whether the agents' page shows the CRM in a frame, in place of a link alone."""
    not_ready_reasons: Annotated[
        list[Annotated[ReasonSection, BeforeValidator(_reason)]],
        Field(max_length=20, description="a list of at most 20 reasons"),
    ] = _REASONS
    """What the page offers to an agent who becomes busy."""


class Outbound(Section):
    """How external numbers are called; without it they are not."""

    dial: f.Dial
    caller_id: f.Number | None = None
    """The number that is shown to externals, E.164; None: the caller's own."""

    @property
    def endpoint(self) -> str:
        return self.dial.rpartition("@")[2]


Scope = Literal["calls:read", "calls:write", "transfers:write", "agents:read", "agents:write", "events:read"]
EventName = Literal["pop", "offer.made", "offer.ended", "transfer.updated", "call.updated", "call.ended"]


class Service(Section):
    name: f.Id
    token_hash: f.TokenHash
    scopes: Annotated[list[Scope], Field(min_length=1, description="a list of at least one scope")]


class Webhook(Section):
    name: f.Id
    url: f.HookUrl
    secret: f.HookSecretRef
    events: Annotated[list[EventName], Field(min_length=1, description="a list of at least one event")]


class Log(Section):
    format: Annotated[Literal["json", "text"], Field(description="json or text")] = "json"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="debug, info, warning or error")
    ] = "info"


class ConfigModel(Section):
    pbx: Pbx
    http: Http
    store: Store = Field(default_factory=dict, validate_default=True)  # read like a given one
    site: Site = Site()
    privacy: Privacy = Privacy()
    options: OptionsSection = OptionsSection()
    numbers: Numbers = Numbers()
    outbound: Outbound | None = None
    webphone: WebPhoneSection | None = None
    agents: list[AgentSection] = Field(default_factory=list)
    groups: list[GroupSection] = Field(default_factory=list)
    presets: list[PresetSection] = Field(default_factory=list)
    services: list[Service] = Field(default_factory=list)
    webhooks: list[Webhook] = Field(default_factory=list)
    log: Log = Log()

    def frame_origins(self) -> tuple[str, ...]:
        """The origins of the CRM links that the agents' page shows in a frame, each once; none without `crm_frame`."""
        if not self.options.crm_frame:
            return ()
        templates = [self.options.crm_url, *(group.crm_url for group in self.groups)]
        return tuple(sorted({urls.frame_origin(template) for template in templates if template is not None}))

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
        """Every secret with its place in the file."""
        yield ("pbx", "events", "secret"), self.pbx.events.secret
        yield ("pbx", "actions", "secret"), self.pbx.actions.secret
        yield ("http", "token_secret"), self.http.token_secret
        if self.store.password is not None:
            yield ("store", "password"), self.store.password
        for index, server in enumerate(self.webphone.ice_servers if self.webphone is not None else ()):
            if server.credential is not None:
                yield ("webphone", "ice_servers", index, "credential"), server.credential
        for index, agent in enumerate(self.agents):
            if agent.webphone is not None:
                yield ("agents", index, "webphone", "password"), agent.webphone.password
        for index, webhook in enumerate(self.webhooks):
            yield ("webhooks", index, "secret"), webhook.secret
