"""What the control path sets while the sandbox runs: named values with defaults that a reset restores."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Settable(BaseModel):
    """A group of such values."""

    model_config = ConfigDict(extra="forbid")

    def put(self, partial: dict[str, Any]) -> None:
        """Set the named values; on an unknown name or a bad value set none (pydantic ValidationError)."""
        checked = type(self).model_validate(self.model_dump() | partial)
        for name in partial:
            setattr(self, name, getattr(checked, name))

    def restore(self) -> None:
        """Go back to the defaults."""
        self.put(type(self)().model_dump())
