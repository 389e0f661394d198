"""An agent about themselves: what they do, what they may, and how the site is set up. As JSON."""

from callbridge.domain.model.agents import AgentState, Presence
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.web.answers import Ref
from callbridge.web.words import Moment, Out, Text


class Capabilities(Out):
    """What this agent may do. What is refused here is refused by the API too, with the reason."""

    transfers: bool
    agent_transfer_modes: list[AgentTransferMode]
    """In which ways an unsupervised transfer to an agent may be delivered; empty: transfers are switched off."""
    choose_transfer_mode: bool
    """Whether the agent may say which of them; where not, a transfer that names another is refused."""
    default_transfer_mode: AgentTransferMode | None
    """The one that applies where a transfer names none; null: transfers are switched off."""
    max_sessions: int
    supervised_transfers: bool
    four_way: bool
    external_numbers: bool
    """Whether external numbers and presets can be called at all."""
    webphone: bool
    """Whether the agent's phone is the one in the page, see `/v1/me/phone`; where not, they answer on another."""


class ReasonOut(Out):
    id: str
    """What to send as `reason` with `busy`."""
    name: Text


class OptionsOut(Out):
    """How the administrator has set the site up, as far as a page must know."""

    wrap_up: float
    """Seconds after a call before the next offer; 0: none."""
    offer_timeout: float
    """Seconds that an offer waits for its answer."""
    not_ready_reasons: list[ReasonOut]
    """To choose from when becoming busy. Any other text is taken too."""
    crm_frame: bool
    """Whether `crm_url` of a pop may be shown in a frame; else it is a link."""
    recording_links: bool
    """Whether a call's recording has a link to listen to."""
    region: str | None
    """ISO 3166 country of numbers that are typed without +; null: each needs its +."""
    timezone: str
    """IANA name of the zone in which the site's days begin."""


class SetByOut(Out):
    name: Text
    """Of the supervisor or the service."""
    at: Moment


class MeOut(Out):
    id: str
    name: Text
    state: AgentState
    presence: Presence
    """What the agent last said; `state` says what they are doing."""
    reason: Text | None
    """Why busy: the id of a reason, any other text, or the gateway's own `logged_in` (not ready yet since the login),
    `missed_offer`, `phone_unreachable` and `phone_declines` (three calls in a row at once: do not disturb)."""
    since: Moment
    set_by: SetByOut | None
    """Who else set `presence`, or logged the agent out; null: the agent themselves did, or the gateway."""
    missed_offer: bool
    """An offer was not answered and the agent was set to busy: stay so, or become available? Setting either ends it."""
    wrap_up_until: Moment
    offer: str | None
    calls: list[str]
    groups: list[Ref]
    supervisor: bool
    capabilities: Capabilities
    options: OptionsOut
