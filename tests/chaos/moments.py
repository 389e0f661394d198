"""The steps of a call: each brings a caller there, and says what a person is about to do next."""

from collections.abc import Mapping

from consults import (
    FOURTH,
    FOURTH_DIALLED,
    NUMBER,
    NUMBER_DIALLED,
    settled,
    talk,
)
from steps import Desk, connected, ring, the_call

from callbridge.demo.bank_lines import Outside
from chaos.scene import Moment, Scene, Stage

PRESET_DIALLED = "+4940555777"


async def _id(stage: Stage) -> str:
    return str((await the_call(stage.site))["id"])


# ---------------------------------------------------------------- on the way to an agent


async def waiting(stage: Stage) -> Scene:
    [anna] = await stage.at_work("anna")
    await anna.person.busy("lunch")
    caller = await ring(stage.lab)
    return Scene(caller=caller, call=await _id(stage), agent=anna.phone, verb=anna.person.available)


async def offered(stage: Stage) -> Scene:
    [anna] = await stage.at_work("anna")
    caller = await ring(stage.lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    return Scene(caller=caller, call=offer["call"], agent=anna.phone, verb=anna.phone.answer)


async def accepted(stage: Stage) -> Scene:
    """By the button: the phone rings on."""
    [anna] = await stage.at_work("anna")
    caller = await ring(stage.lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await anna.person.accept(offer["id"])
    return Scene(caller=caller, call=offer["call"], agent=anna.phone, verb=anna.phone.answer)


async def connecting(stage: Stage) -> Scene:
    """The phone has been picked up this moment."""
    scene = await offered(stage)
    assert scene.agent is not None
    await scene.agent.answer()
    return scene


async def talking(stage: Stage) -> Scene:
    anna, _ = await stage.at_work("anna", "carla")
    caller, pop = await connected(stage.site, anna)
    return Scene(caller=caller, call=pop["call"], agent=anna.phone, verb=lambda: anna.person.hold(pop["call"]))


async def held(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    await anna.person.hold(scene.call)
    await settled(stage.site, scene.call, "held", caller=None, agent=None)
    scene.verb = lambda: anna.person.resume(scene.call)
    return scene


async def wrap_up(stage: Stage) -> Scene:
    """Anna's talk is over and she writes her notes; another caller waits for her."""
    stage.site.document["options"]["wrap_up"] = 5.0
    stage.site.write_config()
    assert await stage.site.reload()
    [anna] = await stage.at_work("anna")
    first, pop = await connected(stage.site, anna)
    await first.hang_up()
    await anna.next("agent", lambda data: data["state"] == "wrap_up")
    caller = await ring(stage.lab, number="+493055555")
    call = await the_call(stage.site, lambda seen: seen["id"] != pop["call"])
    return Scene(caller=caller, call=call["id"], agent=anna.phone, verb=anna.person.available)


async def _talking(stage: Stage) -> tuple[Scene, Desk]:
    scene = await talking(stage)
    return scene, stage.desks["anna"]


# ---------------------------------------------------------------- unsupervised transfers


async def transfer_waiting(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    await carla.person.busy("break")
    await anna.person.transfer(scene.call, "agent", "carla", reason="billing")
    await anna.transfer_is("waiting")
    scene.agent, scene.verb = carla.phone, carla.person.available
    return scene


async def transfer_to_group(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    await stage.desks["carla"].person.busy("break")
    await anna.person.transfer(scene.call, "group", "sales")
    scene.agent, scene.verb = stage.desks["carla"].phone, stage.desks["carla"].person.available
    return scene


async def transfer_offered(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    await anna.person.transfer(scene.call, "agent", "carla")
    await carla.phone.wait_ringing()
    scene.agent, scene.verb = carla.phone, carla.phone.answer
    return scene


async def transfer_moving(stage: Stage) -> Scene:
    """The API has just said yes."""
    scene, anna = await _talking(stage)
    await anna.person.transfer(scene.call, "agent", "carla")
    scene.agent = stage.desks["carla"].phone
    return scene


async def hard_transfer(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    await anna.person.transfer(scene.call, "agent", "carla", mode="hard")
    scene.agent = stage.desks["carla"].phone
    return scene


async def recall(stage: Stage) -> Scene:
    """Nobody took the transfer in time: the caller is offered to Anna again."""
    stage.site.document["options"]["transfers"]["max_wait"] = 1
    stage.site.write_config()
    assert await stage.site.reload()
    scene, anna = await _talking(stage)
    await stage.desks["carla"].person.busy("break")
    await anna.person.transfer(scene.call, "agent", "carla")
    await anna.phone.wait_ended()
    await anna.phone.wait_ringing()
    scene.agent, scene.verb = anna.phone, anna.phone.answer
    return scene


async def external_left(stage: Stage) -> Scene:
    """The caller has been given to a number outside."""
    scene, anna, outside, transfer = await _asking_number(stage, "number", NUMBER, NUMBER_DIALLED)
    await anna.person.complete(transfer)
    await the_call(stage.site, lambda seen: (seen["id"], seen["state"]) == (scene.call, "external"))
    scene.agent, scene.target, scene.others, scene.verb = None, outside, (outside,), None
    return scene


# ---------------------------------------------------------------- supervised transfers


async def ringing_agent(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    transfer = await anna.person.consult(scene.call, "agent", "carla")
    await carla.phone.wait_ringing()
    scene.target, scene.verb = carla.phone, lambda: anna.person.cancel(transfer["id"])
    return scene


async def ringing_group(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    await anna.person.consult(scene.call, "group", "sales")
    await carla.phone.wait_ringing()
    scene.target, scene.verb = carla.phone, carla.phone.answer
    return scene


async def ringing_number(stage: Stage) -> Scene:
    outside = await stage.lab.bank.outside(NUMBER_DIALLED)
    await outside.auto_answer(None)
    scene, anna = await _talking(stage)
    transfer = await anna.person.consult(scene.call, "number", NUMBER)
    await outside.wait_ringing()
    scene.target, scene.verb = outside, lambda: anna.person.cancel(transfer["id"])
    return scene


async def consulting_agent(stage: Stage) -> Scene:
    scene, _, transfer = await _consulting(stage)
    anna = stage.desks["anna"]
    scene.verb = lambda: anna.person.complete(transfer)
    return scene


async def consulting_group(stage: Stage) -> Scene:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    transfer = await anna.person.consult(scene.call, "group", "sales")
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    await settled(stage.site, scene.call, "consulting", caller=None, agent="target", target="agent")
    scene.target, scene.verb = carla.phone, lambda: anna.person.cancel(transfer["id"])
    return scene


async def _asking_number(stage: Stage, kind: str, value: str, dialled: str) -> tuple[Scene, Desk, Outside, str]:
    outside = await stage.lab.bank.outside(dialled)
    scene, anna = await _talking(stage)
    transfer = await anna.person.consult(scene.call, kind, value)
    await settled(stage.site, scene.call, "consulting", caller=None, agent="target", target="agent")
    scene.target, scene.verb = outside, lambda: anna.person.complete(transfer["id"])
    return scene, anna, outside, transfer["id"]


async def consulting_preset(stage: Stage) -> Scene:
    scene, *_ = await _asking_number(stage, "preset", "plumber", PRESET_DIALLED)
    return scene


async def consulting_number(stage: Stage) -> Scene:
    scene, *_ = await _asking_number(stage, "number", NUMBER, NUMBER_DIALLED)
    return scene


async def _consulting(stage: Stage) -> tuple[Scene, Desk, str]:
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    transfer = await anna.person.consult(scene.call, "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    await settled(stage.site, scene.call, "consulting", caller=None, agent="target", target="agent")
    scene.target = carla.phone
    return scene, anna, transfer["id"]


async def alternated(stage: Stage) -> Scene:
    """Anna is back with the caller, and Carla has the music."""
    scene, anna, transfer = await _consulting(stage)
    await anna.person.alternate(transfer)
    await settled(stage.site, scene.call, "alternated", caller="agent", agent="caller", target=None)
    scene.verb = lambda: anna.person.merge(transfer)
    return scene


async def conference_of_three(stage: Stage) -> Scene:
    scene, anna, transfer = await _consulting(stage)
    await anna.person.merge(transfer)
    await talk(stage.site, scene.call, "caller", "agent", "target")
    scene.verb = lambda: anna.person.leave_conference(transfer)
    return scene


async def fourth_ringing(stage: Stage) -> Scene:
    fourth = await stage.lab.bank.outside(FOURTH_DIALLED, "the fourth")
    await fourth.auto_answer(None)
    scene, anna, _ = await _consulting(stage)
    await anna.person.fourth(scene.call, FOURTH)
    await fourth.wait_ringing()
    scene.others, scene.verb = (fourth,), fourth.answer
    return scene


async def conference_of_four(stage: Stage) -> Scene:
    fourth = await stage.lab.bank.outside(FOURTH_DIALLED, "the fourth")
    scene, anna, transfer = await _consulting(stage)
    await anna.person.fourth(scene.call, FOURTH)
    await talk(stage.site, scene.call, "caller", "agent", "target", "fourth")
    scene.others, scene.verb = (fourth,), lambda: anna.person.leave_conference(transfer)
    return scene


async def completing(stage: Stage) -> Scene:
    """The API has just said yes."""
    scene, anna, transfer = await _consulting(stage)
    await anna.person.complete(transfer)
    return scene


async def cancelled(stage: Stage) -> Scene:
    """The API has just said yes."""
    scene, anna, transfer = await _consulting(stage)
    await anna.person.cancel(transfer)
    return scene


async def merging(stage: Stage) -> Scene:
    """The API has just said yes."""
    scene, anna, transfer = await _consulting(stage)
    await anna.person.merge(transfer)
    return scene


async def deferred(stage: Stage) -> Scene:
    """The transfer waits for Carla while Anna talks on."""
    scene, anna = await _talking(stage)
    carla = stage.desks["carla"]
    await carla.person.busy("break")
    await anna.person.consult(scene.call, "agent", "carla", deferred=True)
    await anna.transfer_is("deferred")
    scene.target, scene.verb = carla.phone, carla.person.available
    return scene


MOMENTS: Mapping[str, Moment] = {
    moment.__name__.replace("_", " "): moment
    for moment in (
        waiting,
        offered,
        accepted,
        connecting,
        talking,
        held,
        wrap_up,
        transfer_waiting,
        transfer_to_group,
        transfer_offered,
        transfer_moving,
        hard_transfer,
        recall,
        ringing_agent,
        ringing_group,
        ringing_number,
        consulting_agent,
        consulting_group,
        consulting_preset,
        consulting_number,
        alternated,
        merging,
        conference_of_three,
        fourth_ringing,
        conference_of_four,
        completing,
        cancelled,
        external_left,
        deferred,
    )
}
