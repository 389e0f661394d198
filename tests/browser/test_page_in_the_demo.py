"""`make demo`: whoever opens its page answers the simulated callers there, and hears them."""

import asyncio

import steps
from browsers import open_browser
from page_phone import with_phone
from playwright.async_api import Playwright

from callbridge.demo import scene
from callbridge.demo.lab import Lab
from callbridge.demo.playground import Playground, Rhythm
from callbridge.demo.screen import Screen
from callbridge.demo.tones import write_wav


async def test_given_the_playground_when_an_agent_of_the_page_is_available_then_its_callers_are_answered_there(
    web_lab_of_the_session: Lab, playwright: Playwright
) -> None:
    program = web_lab_of_the_session.pbx.program
    async with scene.make_lab(program) as lab, scene.make_site(lab, host=None, port=8180) as site:
        rhythm = Rhythm(first=0.0, pause=(2.0, 3.0), stay=(20.0, 20.0))
        work = asyncio.create_task(Playground(lab, site, Screen(), rhythm).run())
        write_wav(lab.folder / "erika.wav", lab.voices["erika"])
        voice = f"--use-file-for-fake-audio-capture={lab.folder / 'erika.wav'}"
        chromium = await open_browser(playwright, print, flags=[voice])
        erika = await with_phone(chromium, site, "erika")
        await erika.offer.wait_for(timeout=30_000)
        await erika.accept()
        await erika.talks()
        call = await steps.the_call(site, lambda call: call["agent"] == "erika")
        heard = await erika.hears()
        (source,) = heard.sources
        assert source.startswith("caller-"), heard
        await lab.assert_hears({lab.bank.line(source): {"erika"}}, seconds=0.6)
        assert call["group"]["id"] == scene.SUPPORT
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await chromium.close()
