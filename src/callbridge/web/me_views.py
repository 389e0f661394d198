"""From the live model and the settings to what an agent is told about themselves. Pure."""

from callbridge.domain.model.agents import MISSED_OFFER, Agent, Presence
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule, Settings
from callbridge.web.me_answers import Capabilities, MeOut, OptionsOut, ReasonOut, SetByOut
from callbridge.web.settings import WebSettings
from callbridge.web.views import agent_ref, ref
from callbridge.web.words import moment


def me_out(settings: Settings, site: WebSettings, agent: Agent) -> MeOut:
    """The same for `/v1/me`, the snapshot and the event `agent`."""
    return MeOut(
        id=agent.id,
        name=agent_ref(settings, agent.id).name,
        state=agent.state,
        presence=agent.presence,
        reason=agent.reason,
        since=moment(agent.since),
        set_by=SetByOut(name=agent.set_by, at=moment(agent.set_at)) if agent.set_by is not None else None,
        missed_offer=agent.presence is Presence.BUSY and agent.reason == MISSED_OFFER,
        wrap_up_until=moment(agent.wrap_up_until),
        offer=agent.offer,
        calls=list(agent.calls),
        groups=[ref(settings, group) for group in settings.groups_of(agent.id)],
        supervisor=agent.id in site.supervisors,
        capabilities=_capabilities(settings, site, agent.id),
        options=_options(settings, site),
    )


def _capabilities(settings: Settings, site: WebSettings, agent: AgentId) -> Capabilities:
    known, options = settings.agents.get(agent), settings.options
    supervised = options.transfers_enabled and options.supervised_enabled
    modes = _modes(settings)
    return Capabilities(
        transfers=options.transfers_enabled,
        agent_transfer_modes=modes,
        choose_transfer_mode=len(modes) > 1,
        default_transfer_mode=modes[0] if modes else None,
        max_sessions=known.max_sessions if known else 0,
        supervised_transfers=supervised,
        four_way=supervised and options.four_way and options.outbound_dial is not None,
        external_numbers=supervised and options.outbound_dial is not None,
        webphone=agent in site.phones,
    )


def _modes(settings: Settings) -> list[AgentTransferMode]:
    """In which ways an unsupervised transfer to an agent may be delivered; the first where none is named."""
    if not settings.options.transfers_enabled:
        return []
    rule = settings.options.agent_transfer
    if rule is AgentTransferRule.AGENT_CHOOSES:
        return [AgentTransferMode.SOFT, AgentTransferMode.HARD]
    return [AgentTransferMode(rule.value)]


def _options(settings: Settings, site: WebSettings) -> OptionsOut:
    options = settings.options
    return OptionsOut(
        wrap_up=options.wrap_up,
        offer_timeout=options.offer_timeout,
        not_ready_reasons=[ReasonOut(id=reason.id, name=reason.name) for reason in site.not_ready_reasons],
        crm_frame=site.crm_frame,
        recording_links=options.recording_url is not None,
        region=site.region,
        timezone=site.timezone,
    )
