"""What all sections of the configuration have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of the configuration that takes no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
