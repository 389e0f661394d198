"""The phone in an agent's own page."""

from callbridge.web.context import Context
from callbridge.web.phone_answers import PhoneOut, StunServerOut, TurnServerOut
from callbridge.web.problems import Problem
from callbridge.web.routing import Route, Table
from callbridge.web.settings import IceServer
from callbridge.web.views import agent_ref


def _server(server: IceServer) -> TurnServerOut | StunServerOut:
    urls = list(server.urls)
    if server.username is None or server.credential is None:
        return StunServerOut(urls=urls)
    return TurnServerOut(urls=urls, username=server.username, credential=server.credential)


async def my_phone(context: Context) -> PhoneOut:
    phone = context.app.settings.phones.get(context.me)
    if phone is None:
        raise Problem("no_webphone", "You use another phone: answer your calls there, this page has none for you.")
    return PhoneOut(
        url=phone.url,
        uri=phone.uri,
        username=phone.username,
        password=phone.password,
        display_name=agent_ref(context.settings, context.me).name,
        ice_servers=[_server(server) for server in phone.ice_servers],
    )


ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/me/phone",
        name="getMyPhone",
        tag="session",
        summary="What the phone in my page signs in to the PBX with",
        description="For agents whose phone is the one in the page (`capabilities.webphone` in `/v1/me`), and only "
        "their own. The answer has a password: keep it in memory alone. `no_webphone`: this agent answers on another "
        "phone. Ask again after the PBX refused the password; the administrator may have changed it.",
        handler=my_phone,
        answer=PhoneOut,
        codes=("no_webphone",),
    ),
)
