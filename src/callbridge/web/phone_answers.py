"""The phone in an agent's page, as JSON."""

from typing import Annotated

from pydantic import Field

from callbridge.web.words import Out, Text


class StunServerOut(Out):
    urls: list[str]


class TurnServerOut(Out):
    urls: list[str]
    username: str
    credential: Annotated[str, Field(json_schema_extra={"format": "password"})]


class PhoneOut(Out):
    """What the page's phone signs in to the PBX with. For this agent alone, and not to be kept."""

    url: str
    """The PBX's WebSocket: `wss://...`, `ws://` only on the PBX's own machine."""
    uri: str
    """The phone's SIP address: `sip:anna@pbx.example.com`."""
    username: str
    """For the PBX's question who it is; often, but not always, the user in `uri`."""
    password: Annotated[str, Field(json_schema_extra={"format": "password"})]
    display_name: Text
    ice_servers: list[TurnServerOut | StunServerOut]
    """As RTCPeerConnection takes them; none on one network."""
