"""A part of the configuration file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping in the file. Keys that it does not know are refused, values are never bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
