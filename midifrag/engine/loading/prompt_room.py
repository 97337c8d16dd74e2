"""How much of a prompt a text encoder reads: what is beyond its tokens is cut, and nobody would hear of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from midifrag.config.catalogue import MOST_BYTES, POCKET_FOLDER, model_config
from midifrag.config.loading import Loaded
from midifrag.config.model_inputs import model_inputs
from midifrag.config.press_request import press_request
from midifrag.config.regular_files import read_regular

#: Tokens that stable-audio-tools' text encoders read where a model does not say how many.
_ROOMS = {"t5": 128, "lut": 1024}
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
        found = _cached_config(source) if "hub" in source else model_config(model, source)
        place = source.get("config")
        folder = Path(place).parent if place is not None else Path(source.get("folder", POCKET_FOLDER))
        if found is None:
            return []
        names = {one.name for one in model_inputs(found) if one.kind == "text"}
        entries = [one for one in found["model"]["conditioning"]["configs"] if one["id"] in names]
        return [_reader(one["type"], one["config"], folder) for one in entries if one["type"] in _ROOMS]
    except (KeyError, TypeError, ValueError, AttributeError, OSError, RecursionError):
        # Told when the model is loaded.
        return []


def _cached_config(source: Mapping[str, Any]) -> dict[str, Any] | None:
    """The configuration of a hub's model, where that has been downloaded."""
    import huggingface_hub

    name, revision = str(source.get("config", "model_config.json")), source.get("revision")
    file = huggingface_hub.try_to_load_from_cache(str(source["hub"]), name, revision=revision)
    return json.loads(read_regular(Path(file), MOST_BYTES)) if isinstance(file, str) else None


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
