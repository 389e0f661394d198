"""Where the demo's stories are set: a small company with two groups of agents, and numbers that belong to nobody.

All numbers outside come from the ranges that the German regulator keeps free for films and books.
"""

from callbridge.demo.lab import Lab
from callbridge.demo.pbx import TRUNK
from callbridge.demo.provision import AsteriskProgram
from callbridge.demo.site import Site
from callbridge.demo.tones import STEADY_RINGING

AGENTS = ("anna", "ben", "carla", "dora")
PAGE_AGENTS = ("erika", "felix")
"""For whoever opens the page: their phone is in it. They are at home during the stories."""
SUPPORT, BILLING, EXPERTS = "support", "billing", "experts"
SUPPORT_NUMBER, BILLING_NUMBER = "5550100", "5550200"
PRESET, PRESET_NUMBER = "headquarters", "+498999998001"
OUTSIDE_NUMBER = "+494066969010"
WAREHOUSE_NUMBER, TECHNICIAN_NUMBER = "+494066969020", "+491713920012"

OFFER_TIMEOUT = 8
"""Seconds. Long enough to look at an offer even on a busy machine, short enough to sit through."""
EXTERNAL_TIMEOUT = 4
"""Seconds that a number outside may ring; short for the same reason."""
PLAYGROUND_OPTIONS = {
    "offer_timeout": 30,
    "reject_pause": 10,
    "transfers": {"four_way": True, "external_timeout": 30},
}
"""Somebody who types commands needs more."""
PLAYGROUND_MEMBERS = {SUPPORT: "erika", BILLING: "felix"}
"""Who is asked first there, as soon as somebody has logged in as them and is available."""

# As a real site would do it: what is known of the caller goes with the call. Here it comes from the carrier's INVITE.
_DIALPLAN = "\n[from-carrier]\n" + "".join(
    f"""\
exten => {number},1,Gosub(callbridge-clean,s,1)
 same => n,Set(CALLBRIDGE_CALLED=${{EXTEN}})
 same => n,Set(CALLBRIDGE_DATA=order=${{URIENCODE(${{PJSIP_HEADER(read,X-Order)}})}})
 same => n,Goto(callbridge,{group},1)
"""
    for number, group in ((SUPPORT_NUMBER, SUPPORT), (BILLING_NUMBER, BILLING))
)


def make_lab(program: AsteriskProgram) -> Lab:
    return Lab(
        agents=AGENTS,
        web_agents=PAGE_AGENTS,
        dids={},
        dialplan=_DIALPLAN,
        indications=STEADY_RINGING,
        program=program,
    )


def make_site(lab: Lab, *, host: str | None, port: int) -> Site:
    # Asked in this order, so that the story is the same each time.
    support = [{"agent": agent, "priority": place} for place, agent in enumerate(AGENTS[:3], start=1)]
    experts = [{"agent": agent, "priority": place} for place, agent in enumerate(("dora", "ben", "carla"), start=1)]
    return Site(
        lab,
        groups={SUPPORT: support, BILLING: ["dora"], EXPERTS: experts},
        options={
            "offer_timeout": OFFER_TIMEOUT,
            "wrap_up": 4,
            "transfers": {"four_way": True, "external_timeout": EXTERNAL_TIMEOUT},
            "crm_url": "https://crm.example/customers?phone={caller_number}&order={data.order}",
        },
        presets=[{"id": PRESET, "name": "Headquarters", "number": PRESET_NUMBER, "group": BILLING}],
        agents={"felix": {"supervisor": True}},
        numbers={"allow": ["+49"]},
        outbound={"dial": f"PJSIP/{{number}}@{TRUNK}"},
        host=host,
        port=port,
    )
