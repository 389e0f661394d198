"""The phone in the page, alone: it registers, rings, is answered, heard and muted, and comes back by itself."""

import steps
from conftest import ONLINE, OpenPhone
from page_phone import hear_each_other

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def test_given_an_offer_when_accepted_on_the_page_then_its_phone_answers_and_both_hear_each_other(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await steps.ring(web_lab, ONLINE)
    await erika.accept()
    await erika.talks()
    await hear_each_other(erika, caller)
    assert erika.faults == []
