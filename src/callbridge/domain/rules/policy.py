"""Who may transfer what where: every rule with its stable code and a sentence that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId, GroupId, PresetId
from callbridge.domain.model.legs import LegRole
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule, NumberRules, Options, Settings
from callbridge.domain.model.transfer import Destination, DestinationKind


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    detail: str


_EXTERNAL = Refusal(
    "external_not_allowed",
    "An unsupervised transfer to an external number or preset is not allowed; choose an agent or a group.",
)
_NUMBER_PROBLEMS = {
    "invalid": Refusal("invalid_number", "This is not a telephone number; enter it with its country code."),
    "emergency": Refusal("number_not_allowed", "Emergency numbers are not dialled from here; use your own phone."),
    "premium": Refusal("number_not_allowed", "Premium-rate numbers are not allowed."),
}


def transfer_refusal(
    settings: Settings,
    agent: AgentId,
    destination: Destination,
    *,
    supervised: bool,
    mode: AgentTransferMode | None = None,
    number_problem: str | None = None,
) -> Refusal | None:
    """The first rule that this transfer breaks; None: it is allowed."""
    options = settings.options
    if not options.transfers_enabled:
        return Refusal("transfers_disabled", "Transfers are switched off by the administrator.")
    if supervised and not options.supervised_enabled:
        return Refusal("supervised_disabled", "Supervised transfers are switched off by the administrator.")
    match destination.kind:
        case DestinationKind.NUMBER | DestinationKind.PRESET if not supervised:
            return _EXTERNAL
        case DestinationKind.NUMBER:
            return number_refusal(settings, agent, destination.value, number_problem)
        case DestinationKind.PRESET:
            preset = settings.presets.get(PresetId(destination.value))
            if preset is None:
                return Refusal("unknown_destination", "There is no such preset; choose one from the directory.")
            return number_refusal(settings, agent, preset.number, None)
        case DestinationKind.GROUP:
            if GroupId(destination.value) not in settings.groups:
                return Refusal("unknown_destination", "There is no such agent group; choose one from the directory.")
            return None
        case DestinationKind.AGENT:
            return _agent_refusal(settings, agent, destination, supervised, mode)


def _agent_refusal(
    settings: Settings, agent: AgentId, destination: Destination, supervised: bool, mode: AgentTransferMode | None
) -> Refusal | None:
    if AgentId(destination.value) not in settings.agents:
        return Refusal("unknown_destination", "There is no such agent; choose one from the directory.")
    if destination.value == agent:
        return Refusal("same_agent", "The call is yours already; choose another agent.")
    rule = settings.options.agent_transfer
    if supervised or mode is None or rule is AgentTransferRule.AGENT_CHOOSES or mode.value == rule.value:
        return None
    return Refusal("mode_not_allowed", f"The administrator allows only {rule.value} transfers to an agent.")


def number_refusal(settings: Settings, agent: AgentId, number: str, number_problem: str | None) -> Refusal | None:
    """`number` in E.164. A number is allowed where the rules of one of the agent's groups, or the site's, allow it."""
    if settings.options.outbound_dial is None:
        return Refusal("external_not_allowed", "No outside line is configured.")
    if number_problem is not None:
        return _NUMBER_PROBLEMS.get(number_problem, _NUMBER_PROBLEMS["invalid"])
    if not number.startswith("+") or not number[1:].isascii() or not number[1:].isdigit():
        return _NUMBER_PROBLEMS["invalid"]
    if all(rules.refuses(number) for rules in _rules(settings, agent)):
        return Refusal("number_not_allowed", "The administrator does not allow calls to this number.")
    return None


def _rules(settings: Settings, agent: AgentId) -> Iterable[NumberRules]:
    own = [group.numbers for group in settings.groups.values() if group.priority_of(agent) is not None]
    found = [rules for rules in own if rules is not None]
    return found or [settings.numbers]


def external_number(settings: Settings, destination: Destination) -> str | None:
    """The number of an external destination, E.164; None where it is an agent or a group."""
    match destination.kind:
        case DestinationKind.NUMBER:
            return destination.value
        case DestinationKind.PRESET:
            preset = settings.presets.get(PresetId(destination.value))
            return preset.number if preset is not None else None
    return None


def only_externals_would_remain(options: Options, call: Call) -> bool:
    """Whether, without the agent whose call it is, nobody of ours would be left with the caller."""
    if options.externals_may_stay:
        return False
    target = call.party(LegRole.TARGET)
    return target is None or target.agent is None
