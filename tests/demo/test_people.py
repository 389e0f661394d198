"""Those who use the gateway over HTTP, when there is no way to it any more."""

import asyncio

import aiohttp
import pytest

from callbridge.demo.people import Person


async def test_given_a_session_that_is_closed_when_they_still_ask_then_it_is_an_error_as_any_other_of_the_network() -> (
    None
):
    http = aiohttp.ClientSession("http://127.0.0.1:9")
    await http.close()
    with pytest.raises(aiohttp.ClientError, match="closed"):
        await Person(http, "anna", "secret").post("/v1/offers/o-1:accept")


async def test_given_a_stream_when_the_session_is_closed_then_it_ends_and_nothing_is_left_to_complain() -> None:
    http = aiohttp.ClientSession("http://127.0.0.1:9")  # nobody listens there, so it is tried again and again
    person = Person(http, "anna", "secret")
    reading = asyncio.create_task(person._read())
    await asyncio.sleep(0)
    await http.close()
    async with asyncio.timeout(10):
        assert await reading is None
