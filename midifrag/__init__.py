"""midifrag: play a text-to-audio diffusion model like an instrument.

From Python, ``midifrag.load_model`` and ``midifrag.render`` make takes without any MIDI::

    model = midifrag.load_model("pocket", device="cpu", precision="fp32")
    take = midifrag.render(model, prompt="short dark kick", seconds=2, seed=1)
    take.audio, take.sample_rate
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from midifrag.engine.api import LoadedModel, RenderedTake, load_model, render

__all__ = ["LoadedModel", "RenderedTake", "load_model", "render"]


def __getattr__(name: str) -> Any:
    """Import the engine only when it is asked for: torch takes seconds, and `sketch` or the CLI's help need none."""
    if name in __all__:
        from midifrag.engine import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
