"""What a number outside says before it answers: the network's announcement, its own ringing. Agent 1 hears it."""

from callbridge.domain.model.calls import Call
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Listen
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.legs import LegRole
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step


def let_listen(step: Step, call: Call) -> Call:
    """Agent 1's leg is told to listen once it waits, in place of the ringing; what ends the ringing ends that too."""
    leg = call.agent_leg
    if leg is None:
        return call
    target = _who_speaks(call)
    fact = step.world.channels.get(leg.channel)
    if target is None:
        return _listens(step, call, leg.channel, now=False)
    if leg.listens or fact is None or not fact.holding:
        return call
    step.emit(Listen(call=call.id, channel=leg.channel, to=target))
    return _listens(step, call, leg.channel, now=True)


def tell_again(step: Step, call: Call, channel: ChannelId) -> Call:
    """The order was refused, or was lost."""
    return _listens(step, call, channel, now=False)


def _who_speaks(call: Call) -> ChannelId | None:
    target = call.party(LegRole.TARGET)
    if call.consult is None or call.consult.stage is not Stage.RINGING or target is None:
        return None
    return target.channel if target.early_sound and target.unanswered else None


def _listens(step: Step, call: Call, channel: ChannelId, *, now: bool) -> Call:
    leg = call.leg(channel)
    if leg is None or leg.listens is now:
        return call
    return step.put(
        replace(call, legs=tuple(replace(each, listens=now) if each is leg else each for each in call.legs))
    )
