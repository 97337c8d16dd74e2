"""How much of a prompt a text encoder reads: what is beyond its tokens is cut, and nobody would hear of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Characters of what is cut that are told.
_SHOWN = 200
_WORD = re.compile(r"\S+")


def words_beyond(prompt: str, count: Callable[[str], int], room: int) -> str:
    """The end of a prompt that is not read, from its first word that is not read whole; empty where all of it is.

    ``count`` says how many tokens a text is, ``room`` how many are read.
    """
    if count(prompt) <= room:
        return ""
    words = list(_WORD.finditer(prompt))
    kept, beyond = 0, len(words)
    while beyond - kept > 1:
        middle = (kept + beyond) // 2
        if count(prompt[: words[middle - 1].end()]) <= room:
            kept = middle
        else:
            beyond = middle
    return prompt[words[kept].start() :] if words else ""


def cut_sentence(model: str, cut: str) -> str:
    """What is told of the end of a prompt that a model does not read."""
    shown = cut if len(cut) <= _SHOWN else f"{cut[:_SHOWN]}…"
    return f"{model} does not read so long a prompt; cut: {shown}"


def counter(tokenizer: Any) -> Callable[[str], int]:
    """What counts a text's tokens with a tokenizer of transformers, its own marks among them."""

    def count(text: str) -> int:
        return len(tokenizer(text, truncation=False, verbose=False)["input_ids"])

    return count


def open_tokenizer(name: str, folder: Path | None) -> Callable[[str], int] | None:
    """What counts tokens as the tokenizer of that name does, be it in ``folder`` or in the hub's cache.

    None where it is in neither.
    """
    from midifrag.engine.loading.silence_output import silence_output

    beside = None if folder is None else folder / name
    try:
        with silence_output():
            from transformers import AutoTokenizer

            place = str(beside) if beside is not None and beside.is_dir() else name
            return counter(AutoTokenizer.from_pretrained(place, local_files_only=True))
    except Exception:  # it is not here, or cannot be read: both are told when the model is loaded
        return None
