"""Phones that hold by their own key: nobody is put together with one in silence, and everybody is told."""

from collections.abc import AsyncIterator

import pytest_asyncio
from desk_phone import SipPhone
from steps import LISTEN, faults, hears_music, no_calls, open_site, ring

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


@pytest_asyncio.fixture(scope="module")
async def site_with_keys() -> AsyncIterator[Site]:
    """Paul's phone has a hold key; the phone bank's have none."""
    groups = {"support": ["paul"], "sales": ["carla"]}
    dids = {"5550100": "support", "5550200": "sales"}
    async with Lab(agents=("anna", "carla"), foreign_agents=("paul",), dids=dids) as lab:
        options = {"wrap_up": 0.0, "transfers": {"four_way": True}}
        async with open_site(lab, groups=groups, options=options) as site:
            yield site


@pytest_asyncio.fixture
async def site(site_with_keys: Site) -> AsyncIterator[Site]:
    yield site_with_keys
    await site_with_keys.lab.reset()
    await no_calls(site_with_keys)
    await site_with_keys.send_home()
    assert faults(site_with_keys) == []


@pytest_asyncio.fixture
async def paul(site: Site) -> AsyncIterator[SipPhone]:
    async with SipPhone(site.lab, "paul") as phone:
        yield phone


async def hears(caller: Caller, site: Site, *names: str) -> None:
    await site.lab.assert_hears({caller: set(names)}, seconds=LISTEN)


async def test_given_talking_when_the_phone_holds_then_the_caller_hears_music_until_it_takes_them_back(
    site: Site, paul: SipPhone
):
    await site.at_work("paul")
    caller = await ring(site.lab)
    call = await (await paul.rings()).answer()
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}
    await call.hold()
    await hears_music(site.lab, caller)
    await call.take_back()
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}
