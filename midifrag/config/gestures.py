"""How long presses are that are more than a press: double and long ones."""

from __future__ import annotations

from pydantic import Field

from midifrag.config.value_types import Strict


class GestureSettings(Strict):
    """When two presses are a double press, and when one is a long press."""

    double_press: float = Field(
        default=0.3,
        ge=0.05,
        le=2,
        description="seconds within which a second press makes a double press; where an action waits for one, a single "
        "press counts when they are over",
    )
    long_press: float = Field(
        default=0.6,
        ge=0.1,
        le=5,
        description="seconds after which a press is a long one; where an action waits for one, a shorter press counts "
        "when it is let go",
    )
