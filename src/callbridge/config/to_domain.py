"""From the configuration to what the engine decides by."""

from collections.abc import Iterable

from callbridge.config.model import ConfigModel
from callbridge.config.numbers import CallerNumbers
from callbridge.config.people import AgentSection, GroupSection, Numbers
from callbridge.domain.model.ids import AgentId, GroupId, PresetId
from callbridge.domain.model.settings import (
    AgentSettings,
    AgentTransferRule,
    GroupSettings,
    Member,
    NumberRules,
    Options,
    PresetSettings,
    Settings,
)


def to_settings(config: ConfigModel) -> Settings:
    options, outbound = config.options, config.outbound
    return Settings(
        agents={
            AgentId(agent.id): AgentSettings(
                id=AgentId(agent.id),
                name=agent.name,
                phone=agent.phone,
                max_sessions=agent.max_sessions or options.max_sessions,
                phone_in_page=agent.webphone is not None,
            )
            for agent in config.agents
        },
        groups={
            GroupId(group.id): GroupSettings(
                id=GroupId(group.id),
                name=group.name,
                members=members(group, config.agents),
                max_wait=group.max_wait,
                crm_url=group.crm_url,
                numbers=_rules(group.numbers) if group.numbers is not None else None,
            )
            for group in config.groups
        },
        presets={
            PresetId(preset.id): PresetSettings(
                id=PresetId(preset.id), name=preset.name, number=preset.number, group=GroupId(preset.group)
            )
            for preset in config.presets
        },
        options=Options(
            transfers_enabled=options.transfers.enabled,
            agent_transfer=AgentTransferRule(options.transfers.to_agent),
            offer_timeout=options.offer_timeout,
            answer_timeout=options.answer_timeout,
            wrap_up=options.wrap_up,
            min_talk=options.min_talk,
            reject_pause=options.reject_pause,
            supervised_enabled=options.transfers.supervised,
            four_way=options.transfers.four_way,
            hangup_completes=options.transfers.hangup == "completes",
            externals_may_stay=options.transfers.externals_may_stay,
            external_timeout=options.transfers.external_timeout,
            recording_url=options.recording_url,
            record_consultations=options.record_consultations,
            outbound_dial=outbound.dial if outbound is not None else None,
            outbound_caller_id=outbound.caller_id if outbound is not None else None,
            transfer_max_wait=options.transfers.max_wait,
            crm_url=options.crm_url,
            show_withheld_inside=config.privacy.show_withheld_inside,
        ),
        numbers=_rules(config.numbers),
        e164=CallerNumbers(config.site.region),
    )


def _rules(numbers: Numbers) -> NumberRules:
    return NumberRules(allow=tuple(numbers.allow), deny=tuple(numbers.deny))


def members(group: GroupSection, agents: Iterable[AgentSection]) -> tuple[Member, ...]:
    """The named members, in their order, then every other agent with the group's skill."""
    priorities = {member.agent: member.priority for member in group.members}
    if group.skill is not None:
        for agent in agents:
            if group.skill in agent.skills:
                priorities.setdefault(agent.id, agent.skills[group.skill])
    return tuple(Member(agent=AgentId(agent), priority=priority) for agent, priority in priorities.items())
