"""One lab for all live tests: a private real Asterisk and the phones around it. Where none can be had, they fail.

`lab` is the PBX with nobody beside it. `site` has a gateway too, one for each module, with nobody logged in.
"""

import copy
from collections.abc import AsyncIterator

import consults
import pytest_asyncio
import steps

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

AGENTS = ("anna", "bernd", "carla", "dora")
DIDS = {
    "5550100": "support",
    "5550200": "sales",
    "5550300": "empty",
    "5550500": "impatient",
    "5550900": "nowhere",
}

# Numbers for what the instrument itself is tested with, past callbridge: each agent's phone, and the world outside.
PLAIN_DIALPLAN = """
[from-carrier]
exten => 5551001,1,Dial(PJSIP/anna,60)
exten => 5551002,1,Dial(PJSIP/bernd,60)
exten => _00X.,1,Dial(PJSIP/${EXTEN:2}@carrier,60)
"""
# A reception that answers first and may dial outside, another phone beside it, and ring groups in front of the group.
INSIDE = ("reception", "warehouse")
SITE_DIALPLAN = """
exten => 5550700,1,Dial(PJSIP/reception,60)
exten => 5550710,1,Dial(Local/ring@ring-group,300)
exten => 5550720,1,Dial(Local/outer@ring-group,300)
[ring-group]
exten => ring,1,Goto(callbridge,support,1)
exten => outer,1,Dial(Local/ring@ring-group,300)
[from-inside]
exten => 5550100,1,Goto(callbridge,support,1)
exten => _00X.,1,Dial(PJSIP/${EXTEN:2}@carrier,60)
"""


@pytest_asyncio.fixture(scope="session")
async def lab_of_the_session() -> AsyncIterator[Lab]:
    dialplan = PLAIN_DIALPLAN + steps.DATA_DIALPLAN + consults.RECORD_DIALPLAN + SITE_DIALPLAN
    async with Lab(agents=AGENTS, inside=INSIDE, dids=DIDS, dialplan=dialplan, progress=print) as lab:
        yield lab


@pytest_asyncio.fixture
async def lab(lab_of_the_session: Lab) -> AsyncIterator[Lab]:
    """The lab, with no call left over from the test before, and phones that ring until they are told what to do."""
    yield lab_of_the_session
    await lab_of_the_session.reset()


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with steps.open_site(lab_of_the_session) as site:
        yield site


@pytest_asyncio.fixture(scope="module")
async def cable_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[steps.Cable]:
    pbx = lab_of_the_session.pbx
    async with steps.Cable(pbx.address, pbx.ami_port) as cable:
        yield cable


@pytest_asyncio.fixture
async def site(site_of_the_module: Site, lab: Lab) -> AsyncIterator[Site]:
    """The module's gateway, configured as at the start and with nobody at work.

    Afterwards every call must have ended on the PBX and in the gateway, and the gateway must have nothing to report.
    """
    site = site_of_the_module
    document = copy.deepcopy(site.document)
    yield site
    await lab.reset()
    # A test that failed half-way would have the next one, or itself when it is run again, fail for another reason.
    await site.revive()
    await steps.no_calls(site)
    await site.send_home()
    if site.document != document:
        site.document = document
        site.write_config()
        assert await site.reload()
    assert steps.faults(site) == []


@pytest_asyncio.fixture
async def cable(cable_of_the_module: steps.Cable, site: Site) -> AsyncIterator[steps.Cable]:
    """The network between gateway and PBX, in a module whose gateway reaches it so; whole again after the test."""
    yield cable_of_the_module
    cable_of_the_module.plug()
    cable_of_the_module.flow()
