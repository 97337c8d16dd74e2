"""midifrag plays a text-to-audio diffusion model like an instrument.

From Python: `load_model` and `render`. On stage: the command ``midifrag``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from midifrag.engine.api import load_model, render

__all__ = ["load_model", "render"]


def __getattr__(name: str) -> Any:
    """Import torch only for those who render from Python: the command line starts without it."""
    if name not in __all__:
        raise AttributeError(f"module 'midifrag' has no attribute {name!r}")
    from midifrag.engine import api

    return getattr(api, name)
