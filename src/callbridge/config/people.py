"""Agents with their phones, groups and presets, as the configuration file has them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from callbridge.config import fields as f
from callbridge.config import urls
from callbridge.config.section import Section


class IceServer(Section):
    """A STUN or TURN server through which a phone in the page finds its way to the PBX."""

    urls: Annotated[list[f.IceUrl], Field(min_length=1, max_length=10, description="a list of 1 to 10 servers")]
    username: f.Name | None = None
    credential: f.SecretRef | None = None
    """TURN's password. Every agent with a phone in the page is told it."""


class WebPhoneSection(Section):
    """The phone in the agents' page: how it reaches the PBX."""

    url: f.WebSocketUrl
    domain: f.Host | None = None
    """The host in the phones' SIP addresses; None: the URL's."""
    ice_servers: Annotated[list[IceServer], Field(max_length=10, description="a list of at most 10 servers")] = Field(
        default_factory=list
    )
    """None on one network, which is enough where the PBX's address can be reached from the agents' desks."""

    @property
    def sip_host(self) -> str:
        return urls.bracketed(self.domain) if self.domain is not None else urls.sip_host(self.url)


class Numbers(Section):
    """Which external numbers may be dialled, by prefixes in E.164. Nothing is allowed unless it is said."""

    allow: list[f.Prefix] = Field(default_factory=list)
    deny: list[f.Prefix] = Field(default_factory=list)

    def refusal(self, number: str) -> str | None:
        """Why this E.164 number may not be dialled, in a few words; None where it may."""
        denied = next((prefix for prefix in self.deny if number.startswith(prefix)), None)
        if denied is not None:
            return f"numbers.deny has {denied}"
        if any(number.startswith(prefix) for prefix in self.allow):
            return None
        return f"numbers.allow has only {', '.join(self.allow)}" if self.allow else "numbers.allow is empty"


class AgentWebPhone(Section):
    """The agent's phone is the one in the page: what it signs in to the PBX with."""

    username: f.SipUser | None = None
    """Of the auth section in pjsip.conf; None: the endpoint's name."""
    password: f.SecretRef


class AgentSection(Section):
    id: f.Id
    name: f.Name
    phone: f.Phone
    password_hash: f.PasswordHash | None = None
    """None: the agent cannot log in on the page, only through a service."""
    max_sessions: f.Sessions | None = None
    skills: Annotated[
        dict[f.Id, f.Priority], Field(description="a skill in small letters with its priority, 1 (asked first) to 100")
    ] = Field(default_factory=dict)
    supervisor: f.Flag = False
    webphone: AgentWebPhone | None = None
    """None: the agent answers on another phone."""

    @property
    def endpoint(self) -> str:
        return self.phone.partition("/")[2]


class MemberSection(Section):
    agent: f.Id
    priority: f.Priority = 1


def _member(given: Any) -> Any:
    return {"agent": given} if isinstance(given, str) else given


class GroupSection(Section):
    id: f.GroupId
    name: f.Name
    members: list[Annotated[MemberSection, BeforeValidator(_member)]] = Field(default_factory=list)
    skill: f.Id | None = None
    """Every agent with this skill is a member too, with the skill's priority unless `members` gives another."""
    max_wait: f.WaitTime | None = None
    crm_url: f.CrmUrl | None = None
    numbers: Numbers | None = None
    """For the agents of this group in place of the site's."""


class PresetSection(Section):
    id: f.Id
    name: f.Name
    number: f.Number
    """E.164, with its plus, however it was written."""
    group: f.GroupId
