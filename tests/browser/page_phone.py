"""An agent whose phone is in the page: with a microphone that plays the agent's own tone, and ears for what comes."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import steps
from desk_steps import open_page
from playwright.async_api import Browser, Locator, Page, expect

from callbridge.demo.bank_lines import Caller, Line
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.sound import NO_CALL, Hearing, analyse
from callbridge.demo.tones import RATE

ONLINE, CHAT = "5550600", "5550700"
"""Numbers of the groups in which erika and felix are."""
OpenPhone = Callable[..., Awaitable["PagePhone"]]

# What the page's own element plays, taken from its stream sample by sample. A clone, so that nothing is disturbed.
_LISTEN = """
async (seconds) => {
  const playing = [...document.querySelectorAll("audio[data-part=call]")]
    .filter((each) => each.srcObject !== null && !each.paused && !each.muted && each.volume > 0);
  if (playing.length === 0) return null;
  const track = playing.at(-1).srcObject.getAudioTracks()[0].clone();
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const parts = [];
  let rate = 0, count = 0;
  const late = setTimeout(() => track.stop(), seconds * 1000 + 1500);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    rate = value.sampleRate;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    value.close();
    parts.push(samples);
    count += samples.length;
    if (count >= seconds * rate) break;
  }
  clearTimeout(late);
  track.stop();
  const all = new Int16Array(count);
  let at = 0;
  for (const part of parts) for (const each of part) all[at++] = Math.max(-1, Math.min(1, each)) * 32767;
  let text = "";
  const bytes = new Uint8Array(all.buffer);
  for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
  return { rate, samples: btoa(text) };
}
"""

SETTLED = 0.1
"""Seconds at the beginning that do not count: what was buffered while nobody listened."""


@dataclass
class PagePhone:
    """An agent, their browser and the phone in it."""

    name: str
    browser: Browser
    page: Page
    site: Site
    faults: list[str]

    @property
    def lab(self) -> Lab:
        return self.site.lab

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="Phone", exact=True)

    @property
    def offer(self) -> Locator:
        return self.page.locator("#offer-card")

    @property
    def call(self) -> Locator:
        return self.page.get_by_role("region", name="Call", exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def is_ready(self, within: float = 15) -> None:
        """The phone is registered, and says so."""
        await expect(self.panel.get_by_role("status")).to_have_text("Ready", timeout=within * 1000)

    async def accept(self) -> None:
        await self.offer.get_by_role("button", name="Accept").click()

    async def talks(self, within: float = 20) -> None:
        await expect(self.call.get_by_role("status").filter(has_text="Talking")).to_be_visible(timeout=within * 1000)

    async def hears(self, seconds: float = 0.6) -> Hearing:
        """What comes out of the page."""
        heard: Any = await self.page.evaluate(_LISTEN, SETTLED + seconds)
        if heard is None:
            return Hearing(shares={NO_CALL: 1.0}, seconds=0.0)
        samples = np.frombuffer(base64.b64decode(heard["samples"]), dtype="<i2").astype(float)
        step = int(heard["rate"]) // RATE
        # The mean of each few samples is a low pass that is good enough for tones far below it.
        low = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1)
        return analyse(low[int(SETTLED * RATE) :], self.lab.bank.sources)

    async def assert_hears(self, *sources: "Line | PagePhone | str", within: float = 15.0) -> None:
        """Exactly these, and nothing else, before `within` seconds are over."""
        wanted = frozenset(each if isinstance(each, str) else each.name for each in sources)
        deadline = asyncio.get_running_loop().time() + within
        while True:
            heard = await self.hears()
            if heard.sources == wanted and not heard.unclear:
                return
            if asyncio.get_running_loop().time() >= deadline:
                break
            # Listening takes its time by itself; that there is nothing to listen to is said at once.
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.name} should hear {sorted(wanted) or 'silence'}, hears {heard}")


async def with_phone(
    browser: Browser,
    site: Site,
    name: str,
    *,
    available: bool = True,
    ready: bool = True,
    script: str = "",
    **more: Any,
) -> PagePhone:
    """The agent logs in on the page, its phone registers, and they become available.

    `ready`: returns once the phone says so. `script` runs in the page before its own. `more` goes to the browser's
    context.
    """
    # Tones are noise to a browser.
    script += "\nlocalStorage.setItem('callbridge.phone.processing', 'false');"
    page, faults = await open_page(browser, site, script=script, **more)
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(site.password)
    await page.get_by_role("button", name="Log in").click()
    phone = PagePhone(name, browser, page, site, faults)
    if ready:
        await phone.is_ready()
    if available:
        await phone.button("Available").click()
        await expect(phone.button("Available")).to_have_attribute("aria-pressed", "true")
    return phone


async def hear_each_other(phone: PagePhone, line: Line) -> None:
    """The page hears the line and nobody else, and the line hears the page."""
    await phone.assert_hears(line)
    await phone.lab.assert_hears({line: {phone.name}}, seconds=0.6)


async def talking(phone: PagePhone, did: str = ONLINE) -> Caller:
    """A caller who talks with this agent, heard both ways."""
    caller = await steps.ring(phone.lab, did)
    await phone.accept()
    await phone.talks()
    await hear_each_other(phone, caller)
    return caller
