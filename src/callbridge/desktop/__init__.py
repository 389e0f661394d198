"""The agents' page: its sources (`page/`), the bundle that is built from them (`dist/`), and how it is served.

It knows nothing of the rest of callbridge: the page talks to the gateway through the API, like everybody's client.
"""

from callbridge.desktop.serving import Page, PageSettings

__all__ = ["Page", "PageSettings"]
