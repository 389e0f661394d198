"""The words of the API's JSON: what a piece of text or a point in time may be."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
"""No control characters: nothing that could begin a new line in what the PBX is told."""
SEVERAL_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
"""Line breaks and tabs are allowed: such text never goes to the PBX."""
ID_PATTERN = r"^[A-Za-z0-9_.-]{1,160}$"

Id = Annotated[str, Field(pattern=ID_PATTERN, examples=["c-1719822000-7"])]
Reason = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
NoteText = Annotated[str, Field(min_length=1, max_length=2000, pattern=SEVERAL_LINES)]


def moment(seconds: float | None) -> datetime | None:
    """Epoch seconds as what is shown; None where it has not happened (0 is "never" too)."""
    return datetime.fromtimestamp(round(seconds, 3), UTC) if seconds is not None and seconds > 0 else None


def _well_formed(value: object) -> object:
    """What a caller's phone sent is not always Unicode that can be written out again."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


Moment = datetime | None
"""RFC 3339 in UTC; null where it has not happened."""
Text = Annotated[str, BeforeValidator(_well_formed)]


class Body(BaseModel):
    """What clients send: unknown fields are refused, values are never bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Out(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)
