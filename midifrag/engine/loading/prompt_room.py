"""How much of a prompt a text encoder reads: what is beyond its tokens is cut, and nobody would hear of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from midifrag.config.loading import Loaded
from midifrag.config.model_inputs import model_inputs
from midifrag.config.press_request import press_request
from midifrag.engine.loading.inventory import config_file, config_here
from midifrag.engine.loading.model_files import located

#: Tokens that stable-audio-tools' text encoders read where a model does not say how many.
_ROOMS = {"t5": 128, "t5gemma": 128, "lut": 1024}
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


def cut_sentence(model: str, cut: str, what: str = "prompt") -> str:
    """What is told of the end of a prompt, or of whatever else is read, that a model has no room for."""
    shown = cut if len(cut) <= _SHOWN else f"{cut[:_SHOWN]}…"
    return f"{model} does not read so long a {what}; cut: {shown}"


def counter(tokenizer: Any) -> Callable[[str], int]:
    """What counts a text's tokens with a tokenizer of transformers, its own marks among them."""

    def count(text: str) -> int:
        return len(tokenizer(text, truncation=False, verbose=False)["input_ids"])

    return count


def long_prompts(loaded: Loaded) -> Iterator[str]:
    """A line for each prompt of a set that its model does not read to its end, where its text encoder lies here."""
    known: dict[str, list[Reader]] = {}
    for bank in loaded.banks:
        for key, pad in bank.pads.items():
            asked = press_request(loaded.settings, bank, pad)
            if asked.model not in known:
                known[asked.model] = readers_of(asked.model, loaded.source(asked.model))
            for name, text in (("prompt", asked.preset.prompt), ("negative_prompt", asked.preset.negative_prompt)):
                beyond = (reader.beyond(text) for reader in known[asked.model])
                cut = max(beyond, key=len, default="")
                if cut:
                    sentence = cut_sentence(asked.model, cut, name.replace("_", " "))
                    yield f"presets/{bank.slug}.yaml: pads.{key}.{name}: {sentence}"


class Reader:
    """A text encoder that is not loaded: its tokenizer's name, and how many tokens it reads."""

    def __init__(self, name: str, room: int, folder: Path | None) -> None:
        self._open = cache(lambda: open_tokenizer(name, folder))
        self._room = room

    def beyond(self, prompt: str) -> str:
        """The end of a prompt that it does not read; empty also where its tokenizer is not here."""
        # No tokenizer makes more of a text than a token a byte, and a mark at each end.
        if len(prompt.encode()) + 2 <= self._room:
            return ""
        count = self._open()
        return "" if count is None else words_beyond(prompt, count, self._room)


def readers_of(model: str, source: Mapping[str, Any]) -> list[Reader]:
    """The text encoders of a model whose configuration lies here."""
    try:
        found = config_here(model, source)
        file = None if found is None else config_file(model, located(model, source))
        if found is None or file is None:
            return []
        names = {one.name for one in model_inputs(found) if one.kind == "text"}
        entries = [one for one in found["model"]["conditioning"]["configs"] if one["id"] in names]
        return [_reader(one["type"], one["config"], file.parent) for one in entries if one["type"] in _ROOMS]
    except (KeyError, TypeError, ValueError, AttributeError):
        # Told when the model is loaded.
        return []


def _reader(kind: str, config: Mapping[str, Any], folder: Path) -> Reader:
    name = config["tokenizer_name"] if kind == "lut" else config.get("t5_model_name", "t5-base")
    return Reader(str(name), int(config.get("max_length", _ROOMS[kind])), folder if kind == "lut" else None)


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
