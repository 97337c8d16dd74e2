"""Shows built from a few lines of YAML-like data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.settings import Show


def bank(slug: str = "opening", pads: dict[Any, Any] | None = None, **keys: Any) -> Bank:
    pads = pads if pads is not None else {36: {"prompt": "rain"}, 37: {"prompt": "short kick"}}
    return Bank.model_validate({"name": slug.title(), "pads": pads, "slug": slug, **keys})


def loaded(*banks: Bank, **show: Any) -> Loaded:
    banks = banks or (bank(),)
    settings = Show.model_validate(
        {"model": "sketch", "set_list": [one.slug for one in banks], "engine": {"spares": {"enabled": False}}, **show}
    )
    return Loaded(settings, banks, Path("presets.yaml"))
