"""The site's numbers, for supervisors and wallboards."""

from callbridge.web.context import Context
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope
from callbridge.web.today import read_today
from callbridge.web.today_answers import TodayOut


async def today(context: Context) -> TodayOut:
    app = context.app
    return await context.read(read_today(app.archive, app.clock(), app.settings.timezone))


ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/statistics/today",
        name="getToday",
        reads_archive=True,
        tag="statistics",
        summary="Today's calls, offers and transfers by what they came to, for supervisors and services",
        description="Since midnight in the site's time zone (`site.timezone`). Streams with `view=all` get the same as "
        "`statistics`, soon after they begin and then at most once a second where something has changed.",
        handler=today,
        access=Access.SCOPE,
        scope=Scope.CALLS_READ,
        answer=TodayOut,
    ),
)
