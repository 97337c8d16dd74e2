"""stable-audio-tools, without what only its training needs."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

#: A part of the package that imports pytorch-lightning, for callbacks of a training; its networks import it too.
_CALLBACKS = "stable_audio_tools.models.lora.callbacks"
_CALLBACK_NAMES = ("LoRASafetensorsCheckpoint", "StepOffsetCallback")


def leave_out_training() -> None:
    """Let stable-audio-tools 0.0.20 be imported where pytorch-lightning is not; before its first import."""
    if _CALLBACKS in sys.modules:
        return
    empty: Any = ModuleType(_CALLBACKS)
    for name in _CALLBACK_NAMES:
        setattr(empty, name, object)
    sys.modules[_CALLBACKS] = empty


def leave_out_compiler() -> None:
    """Have the package's windowed attention computed as it is: it would be compiled first, for minutes on a CPU."""
    from stable_audio_tools.models import transformer

    transformer.flex_attention_available = False
