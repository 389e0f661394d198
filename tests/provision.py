"""Before all tests: the Asterisk and the browser that they need, fetched here where one can see it.

The tests are run by several processes, which show nothing while they wait. What cannot be had is left to the tests that
need it: they fail with the sentence that says how to get it.
"""

import asyncio
import sys
from pathlib import Path

from callbridge.demo.errors import Unavailable
from callbridge.demo.provision import provision

sys.path.insert(0, str(Path(__file__).parent / "browser"))

from browsers import BrowserUnavailable, open_browser
from playwright.async_api import async_playwright


def say(line: str) -> None:
    print(line, flush=True)


async def browser() -> None:
    async with async_playwright() as playwright:
        await (await open_browser(playwright, say)).close()


def main() -> None:
    for bring in (lambda: provision(say), lambda: asyncio.run(browser())):
        try:
            bring()
        except (Unavailable, BrowserUnavailable) as problem:
            say(str(problem))


if __name__ == "__main__":
    main()
