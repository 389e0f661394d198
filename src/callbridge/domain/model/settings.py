"""What the administrator decided, as the engine needs it. `callbridge.config` reads it from YAML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbridge.domain.model.ids import AgentId, GroupId, PresetId


class AgentTransferMode(StrEnum):
    """How an unsupervised transfer to one agent is delivered."""

    SOFT = "soft"
    """As soon as the target is available."""
    HARD = "hard"
    """At once, whatever the target's availability or login."""


class AgentTransferRule(StrEnum):
    """Which of the two modes the administrator allows."""

    SOFT = "soft"
    HARD = "hard"
    AGENT_CHOOSES = "agent_chooses"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSettings:
    id: AgentId
    name: str
    phone: str
    """The channel to dial, technology and resource: `PJSIP/anna`. Also the name of its device state."""
    max_sessions: int = 1
    """Concurrent calls; an agent that has this many gets no group calls."""
    phone_in_page: bool = False
    """The phone is the one in the agents' page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    agent: AgentId
    priority: int = 1
    """1 is asked first. Among equals the longest idle is asked first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PresetSettings:
    """A stored external number of a group."""

    id: PresetId
    name: str
    number: str
    """E.164, with the leading plus."""
    group: GroupId


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSettings:
    id: GroupId
    name: str
    members: tuple[Member, ...] = ()
    max_wait: float | None = None
    """Seconds in the queue after which a caller goes to the dialplan's own fallback; None: no limit."""
    crm_url: str | None = None
    """Template of the CRM link in this group's pops; None: the options' one."""
    numbers: "NumberRules | None" = None
    """Rules for the agents of this group; None: the site's."""

    def priority_of(self, agent: AgentId) -> int | None:
        """The member's priority, or None where the agent is not a member."""
        return next((member.priority for member in self.members if member.agent == agent), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The administrator's options. All times in seconds."""

    transfers_enabled: bool = True
    agent_transfer: AgentTransferRule = AgentTransferRule.AGENT_CHOOSES
    offer_timeout: float = 20.0
    """An offer that nobody answered within this makes its agent Busy."""
    answer_timeout: float = 20.0
    """After Accept on the page: how long the phone may go on ringing."""
    wrap_up: float = 10.0
    reject_pause: float = 30.0
    """How long a call is not offered again to an agent who rejected it."""
    min_talk: float = 0.0
    """A talk that the agent ends sooner after picking up is none: the caller goes back to the head of the queue."""
    connect_timeout: float = 4.0
    """How long the PBX may take to do what it was told before it is told again."""
    supervised_enabled: bool = True
    four_way: bool = False
    """Whether a fourth party may be called into a consultation."""
    hangup_completes: bool = True
    """An agent who hangs up while talking with the target completes the transfer; else the caller comes back."""
    externals_may_stay: bool = False
    """Whether a conference goes on when no agent is left in it."""
    recording_url: str | None = None
    """Where a recording can be listened to, with `{file}` in it; None: only the file's name is shown."""
    record_consultations: bool = False
    """Where the dialplan records calls: private consultations too, each into a file of its own."""
    external_timeout: float = 30.0
    """How long an external number may ring."""
    outbound_dial: str | None = None
    """Dial string of external numbers with `{number}` in it: `PJSIP/{number}@carrier`. None: no external calls."""
    outbound_caller_id: str | None = None
    """The number shown to externals; None: the caller's own."""
    transfer_max_wait: float = 120.0
    """How long a transferred caller waits for one agent before the call goes back."""
    crm_url: str | None = None
    show_withheld_inside: bool = False
    """Agents, the API and the CRM see numbers that their callers withheld. No phone outside ever does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRules:
    """Which external numbers may be dialled, by prefixes in E.164. Deny goes first; what is not allowed is not."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def refuses(self, number: str) -> bool:
        if any(number.startswith(prefix) for prefix in self.deny):
            return True
        return not any(number.startswith(prefix) for prefix in self.allow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    agents: Mapping[AgentId, AgentSettings] = field(default_factory=dict)
    groups: Mapping[GroupId, GroupSettings] = field(default_factory=dict)
    presets: Mapping[PresetId, PresetSettings] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    numbers: NumberRules = field(default_factory=NumberRules)
    e164: Callable[[str], str] = str
    """A caller's number in E.164 where the site's region says how; any other text as it is."""

    def groups_of(self, agent: AgentId) -> tuple[GroupId, ...]:
        return tuple(group.id for group in self.groups.values() if group.priority_of(agent) is not None)
