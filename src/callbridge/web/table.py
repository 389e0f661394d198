"""All routes, and the document of them."""

from functools import cache

from callbridge.web import openapi
from callbridge.web.routes import calls, explaining, operation, parties, people, phone, session, statistics, transfers
from callbridge.web.routing import Json, Table

TABLE: Table = (
    *session.ROUTES,
    *phone.ROUTES,
    *calls.ROUTES,
    *parties.ROUTES,
    *transfers.ROUTES,
    *explaining.ROUTES,
    *people.ROUTES,
    *statistics.ROUTES,
    *operation.ROUTES,
)


@cache
def document() -> Json:
    """The OpenAPI 3.1 document. Not to be changed by whoever gets it."""
    return openapi.document(TABLE)
