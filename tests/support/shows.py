"""Shows built from a few lines of YAML-like data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from midifrag.config import loading
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings


def bank(slug: str = "opening", pads: dict[Any, Any] | None = None, **keys: Any) -> Bank:
    pads = pads if pads is not None else {36: {"prompt": "rain"}, 37: {"prompt": "short kick"}}
    return Bank.model_validate({"name": slug.title(), "pads": pads, "slug": slug, **keys})


def one_pad(**keys: Any) -> Bank:
    """A bank whose only pad asks for rain, and has these keys besides."""
    return bank(pads={36: {"prompt": "rain", **keys}})


def loaded(*banks: Bank, **show: Any) -> Loaded:
    banks = banks or (bank(),)
    settings = Settings.model_validate(
        {"model": "sketch", "set_list": [one.slug for one in banks], "engine": {"spares": {"enabled": False}}, **show}
    )
    return Loaded(settings, banks, Path("presets.yaml"))


def two_banks(**show: Any) -> Loaded:
    """Bank one with program 1, and bank two with program 5, whose first pad asks for wind."""
    return loaded(bank("one", program=1), bank("two", {36: {"prompt": "wind"}}, program=5), **show)


def on_disk(folder: Path, show: str, **banks: str) -> Loaded:
    """A set in files, of the text of ``show`` and of each bank, by its slug."""
    (folder / "presets").mkdir(exist_ok=True)
    (folder / "presets.yaml").write_text(show, encoding="utf-8")
    for slug, text in banks.items():
        (folder / "presets" / f"{slug}.yaml").write_text(text, encoding="utf-8")
    return loading.load(folder / "presets.yaml", environment={})
