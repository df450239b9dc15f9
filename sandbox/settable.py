"""Named values that the control path can set while the sandbox runs; a reset restores their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Settable(BaseModel):
    """A group of settable values."""

    model_config = ConfigDict(extra="forbid")

    def put(self, partial: dict[str, Any]) -> None:
        """Set the named values. An unknown name or a bad value is a pydantic ValidationError, and then none is set."""
        checked = type(self).model_validate(self.model_dump() | partial)
        for name in partial:
            setattr(self, name, getattr(checked, name))

    def restore(self) -> None:
        """Go back to the defaults."""
        self.put(type(self)().model_dump())
