"""Where one part's words are turned into another's, since the parts do not know each other."""

import time
from collections.abc import Callable, Sequence

from callbridge import store as kept
from callbridge.ami.link import SessionSettings
from callbridge.config import Config
from callbridge.config.model import Login
from callbridge.desktop import PageSettings
from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.world import World
from callbridge.store import OutboxMessage, Store
from callbridge.web import IceServer, NotReadyReason, Scope, Service, Webhook, WebPhone, WebSettings, ports
from callbridge.web.told import Told
from callbridge.web.webhook_sender import WebhookSender
from callbridge.web.webhooks import outbox_messages


class Archive(Store):
    """The store, with the answers that the web knows."""

    async def idempotency_begin(  # type: ignore[override]
        self, subject: str, key: str, fingerprint: str, now: float
    ) -> ports.New | ports.InProgress | ports.Stored | ports.Mismatch:
        match await super().idempotency_begin(subject, key, fingerprint, now):
            case kept.New():
                return ports.New()
            case kept.InProgress():
                return ports.InProgress()
            case kept.Mismatch():
                return ports.Mismatch()
            case kept.Stored(status=status, headers=headers, body=body):
                return ports.Stored(status=status, headers=headers, body=body)


class Hooks:
    """Webhook messages of what is published, for the subscriptions of now, and the sender to be woken."""

    def __init__(self, world: Callable[[], World], webhooks: Sequence[Webhook]) -> None:
        self._world = world
        self.webhooks = webhooks
        self.sender: WebhookSender | None = None
        self._told = Told()
        self._made = False

    def messages(self, effects: Sequence[PublishAgent | PublishCall]) -> list[OutboxMessage]:
        self._told.dropped()
        found = outbox_messages(effects, world=self._world(), webhooks=self.webhooks, now=time.time(), told=self._told)
        self._made = bool(found)
        return [
            OutboxMessage(
                id=new.id,
                target=new.target,
                call=new.call,
                event=new.event,
                body=new.body,
                created_at=new.created_at,
            )
            for new in found
        ]

    def saved(self) -> None:
        """What `messages` gave is in the outbox now."""
        self._told.saved()
        if self._made and self.sender is not None:
            self.sender.wake()
        self._made = False


def web_settings(config: Config) -> WebSettings:
    return WebSettings(
        host=config.http.host,
        port=config.http.port,
        token_secret=config.http.token_secret.value.encode(),
        token_lifetime=float(config.http.token_lifetime),
        agents={AgentId(agent.id): agent.password_hash for agent in config.agents if agent.password_hash},
        supervisors=frozenset(AgentId(agent.id) for agent in config.agents if agent.supervisor),
        phones=phones(config),
        services=tuple(
            Service(
                name=service.name,
                token_hash=service.token_hash,
                scopes=frozenset(Scope(scope) for scope in service.scopes),
            )
            for service in config.services
        ),
        webhooks=tuple(
            Webhook(name=hook.name, url=hook.url, secret=hook.secret.value, events=frozenset(hook.events))
            for hook in config.webhooks
        ),
        cors_origins=frozenset(config.http.cors_origins),
        trusted_proxies=frozenset(config.http.trusted_proxies),
        region=config.site.region,
        timezone=config.site.timezone,
        not_ready_reasons=tuple(
            NotReadyReason(id=reason.id, name=reason.name) for reason in config.options.not_ready_reasons
        ),
        crm_frame=config.options.crm_frame,
        page=page_settings(config),
    )


def page_settings(config: Config) -> PageSettings:
    phone = config.webphone
    return PageSettings(phone_url=phone.url if phone is not None else None, frame_origins=config.frame_origins())


def phones(config: Config) -> dict[AgentId, WebPhone]:
    """The phones in the agents' pages. The endpoint's name is the user in the address, as the PBX looks it up."""
    shared = config.webphone
    if shared is None:
        return {}
    servers = tuple(
        IceServer(
            urls=tuple(server.urls),
            username=server.username,
            credential=server.credential.value if server.credential is not None else None,
        )
        for server in shared.ice_servers
    )
    return {
        AgentId(agent.id): WebPhone(
            url=shared.url,
            uri=f"sip:{agent.endpoint}@{shared.sip_host}",
            username=agent.webphone.username or agent.endpoint,
            password=agent.webphone.password.value,
            ice_servers=servers,
        )
        for agent in config.agents
        if agent.webphone is not None
    }


def ami_session(config: Config, login: Login) -> SessionSettings:
    return SessionSettings(
        host=config.pbx.host,
        port=config.pbx.port,
        username=login.username,
        secret=login.secret.value,
        ssl=config.pbx.tls_context(),
    )
