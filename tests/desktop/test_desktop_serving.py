"""The page is served safely: its own files only, under a strict policy, cached rightly."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from callbridge.desktop import Page, PageSettings

SECRET = "not to be seen"
Ask = Callable[..., Awaitable[tuple[aiohttp.ClientResponse, str]]]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    found = tmp_path / "dist"
    (found / "assets").mkdir(parents=True)
    (found / "index.html").write_text("<!doctype html><title>page</title>")
    (found / "assets" / "index-abc.js").write_text("let a = 1;\n" * 100)
    (found / "sources.sha256").write_text(SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    return found


@pytest.fixture
async def serve(dist: Path) -> AsyncIterator[Callable[..., Awaitable[Ask]]]:
    async with AsyncExitStack() as stack:

        async def start(settings: PageSettings | None = None) -> Ask:
            page = Page(settings or PageSettings(), dist)
            app = web.Application()
            app.router.add_get("/", page.index)
            app.router.add_get("/assets/{name}", page.asset)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))

            async def ask(path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
                url = URL(f"http://127.0.0.1:{port}{path}", encoded=True)
                headers = {"Accept-Encoding": "identity", **headers}
                async with http.get(url, headers=headers, allow_redirects=False) as answer:
                    return answer, (await answer.read()).decode("latin-1")

            return ask

        yield start


async def test_given_a_bundle_when_asked_then_the_page_is_checked_again_and_its_assets_never(
    serve: Callable[..., Awaitable[Ask]],
) -> None:
    ask = await serve()
    page, body = await ask("/")
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-cache")
    assert "<title>page</title>" in body
    asset, _ = await ask("/assets/index-abc.js")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset.headers["Content-Type"] == "text/javascript; charset=utf-8"
    again, body = await ask("/", **{"If-None-Match": page.headers["ETag"]})
    assert (again.status, body) == (304, "")
    assert again.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]
    small, body = await ask("/assets/index-abc.js", **{"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(body) < 1100


async def test_given_a_site_with_phone_and_crm_when_asked_then_the_policy_allows_these_and_nothing_else(
    serve: Callable[..., Awaitable[Ask]],
) -> None:
    ask = await serve(
        PageSettings(phone_url="wss://pbx.example:8089/ws", frame_origins=("https://crm.example", "https://b.example"))
    )
    page, _ = await ask("/")
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self' wss://pbx.example:8089",
        "media-src": "'self' blob:",
        "frame-src": "https://crm.example https://b.example",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["Permissions-Policy"].startswith("microphone=(self)")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "address", ["https://crm.example; script-src *", "javascript:alert(1)", "https://*", "crm.example", "https:///x"]
)
def test_given_what_is_no_address_when_set_then_it_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|host"):
        PageSettings(frame_origins=(address,))


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../sources.sha256",
        "/assets/..%2fsources.sha256",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets/%00",
        "/assets/",
        "/sources.sha256",
        "/index.html",
    ],
)
async def test_given_a_way_out_of_the_bundle_when_asked_then_there_is_nothing(
    serve: Callable[..., Awaitable[Ask]], path: str
) -> None:
    answer, body = await (await serve())(path)
    assert answer.status == 404
    assert SECRET not in body


async def test_given_no_bundle_when_asked_then_it_says_how_to_build_one_and_is_there_once_built(
    serve: Callable[..., Awaitable[Ask]], dist: Path
) -> None:
    ask = await serve()
    index = (dist / "index.html").read_text()
    (dist / "index.html").unlink()
    answer, body = await ask("/")
    assert answer.status == 503
    assert "make page" in body
    assert answer.headers["Cache-Control"] == "no-store"
    (dist / "index.html").write_text(index)
    (dist / "assets" / "index-new.js").write_text("let b;")
    assert (await ask("/"))[0].status == 200
    assert (await ask("/assets/index-new.js"))[0].status == 200
