"""Renders as tests ask for them, and what comes of them."""

from typing import Any

import numpy as np

from midifrag.engine.messages import Render, Rendered


def press(job: int, **changes: Any) -> Render:
    return Render(**{"job": job, "prompt": "rain", "seconds": 0.2, "seed": job, "steps": 5, **changes})


def of(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def landed(events: list[Any]) -> dict[int, np.ndarray]:
    return {event.job: event.audio for event in of(Rendered, events)}
