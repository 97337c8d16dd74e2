"""What a request tells the model beside the noise: prompt embeddings and numbers, each computed once and kept.

A text encoder costs more than a diffusion step and its answer never changes, so embeddings are cached by conditioner
and value. Stock inference runs the encoder again for every call.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, assert_never

import torch
from torch import Tensor

from midifrag.config.conditioning import shown
from midifrag.config.model_inputs import ModelInput, unfed_inputs
from midifrag.config.morphing import Morph
from midifrag.engine.loading.lora_files import PlayedLoras
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.prompt_room import counter, words_beyond
from midifrag.engine.network.merging import changes, merged_meanwhile
from midifrag.engine.network.morphing import between, padded_to
from midifrag.engine.stop_words import STOP_WORDS
from midifrag.errors import ModelError

#: Cached embeddings, the least recently used going first. A T5-base prompt of 128 tokens takes 0.4 MB.
CACHED_EMBEDDINGS = 512
#: No values.
NOTHING: Mapping[str, float | str] = MappingProxyType({})
#: What counts as a word of a prompt.
WORD = re.compile(r"[\w#'-]+")


@dataclass(frozen=True, slots=True)
class Conditioning:
    """One request's conditioning in fp32, batch 1; ``None`` where the model has no such input.

    ``cross`` and ``negative`` are (1, tokens, width); ``negative`` is ``None`` when there is no negative prompt, which
    stock inference then takes as zeros. ``global_cond`` is (1, width), ``prepend`` is
    (1, tokens, width), ``concat`` (1, channels, frames) and ``local`` (1, channels, frames), or 1 for all frames where
    these are told the same: that nothing is kept of any sound.

    ``valid`` is how many frames count, the others being padding; None where all do. ``padded`` says of each token of
    ``cross`` whether it stands for nothing and is like all others that do, ``negative_padded`` the same of
    ``negative``; None where that is not known.
    """

    cross: Tensor | None = None
    negative: Tensor | None = None
    global_cond: Tensor | None = None
    prepend: Tensor | None = None
    concat: Tensor | None = None
    local: Tensor | None = None
    valid: int | None = None
    padded: tuple[bool, ...] | None = None
    negative_padded: tuple[bool, ...] | None = None

    @property
    def can_guide(self) -> bool:
        """Whether classifier-free guidance changes anything."""
        return self.cross is not None or self.prepend is not None


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a sound stays as it is: ``latents`` (1, channels, frames), and which of those, (1, 1, frames)."""

    latents: Tensor
    stays: Tensor

    @classmethod
    def outside(cls, fill: tuple[float, float], seconds: float, latents: Tensor, model: Model) -> Kept:
        """All but the part of ``fill``, and none beyond the take's ``seconds``, as stable-audio-tools lays it out.

        Stock makes a mask of samples, of which each latent takes the first.
        """
        rate, ratio = model.sample_rate, model.downsampling
        first, last, end = (int(moment * rate) for moment in (*fill, seconds))
        begins = torch.arange(latents.shape[-1], device=latents.device) * ratio
        stays = ((begins < first) | (begins >= last)) & (begins < end)
        return cls(latents, stays.view(1, 1, -1))

    @property
    def sound(self) -> Tensor:
        """The latents that stay, and zeros in place of the others."""
        return self.latents * self.stays


class _Embedded(NamedTuple):
    """What a conditioner makes of a value, and which of its tokens stand for nothing, where that is known."""

    embedding: Tensor
    mask: Tensor | None
    padded: tuple[bool, ...] = ()


class Conditioner:
    """Encodes prompts and numbers with the model's own conditioners. ``text_runs`` counts text encoder runs.

    Raises `ModelError` when the model wants something that a preset cannot give, such as audio.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._cache: OrderedDict[Hashable, _Embedded] = OrderedDict()
        self._inputs = model.inputs
        self._loras: PlayedLoras = ()
        self._texts = [one.name for one in self._inputs if one.kind == "text"]
        self.text_runs = 0
        self._ignored = lru_cache(maxsize=CACHED_EMBEDDINGS)(self._find_ignored)
        self._cut = lru_cache(maxsize=CACHED_EMBEDDINGS)(self._find_cut)
        unknown = unfed_inputs(model.config)
        if unknown:
            raise ModelError(
                f"{model.name} is conditioned on {', '.join(unknown)}, which a preset cannot give; "
                "models conditioned on texts, numbers and lists of words can be played."
            )

    @torch.inference_mode()
    def encode(
        self,
        prompt: str,
        negative_prompt: str,
        seconds: float,
        values: Mapping[str, float | str] = NOTHING,
        loras: PlayedLoras = (),
        morph: Morph | None = None,
        kept: Kept | None = None,
    ) -> Conditioning:
        """The conditioning of one request; ``seconds`` is what the model is told of the length.

        ``values`` are the other things that it is told, by the names of its inputs, ``loras`` what changes how it
        hears them; ``morph`` says towards which other prompt its texts are moved, and how far, ``kept`` what sound
        stays.
        """
        self._loras = loras
        tensors = self._tensors(prompt, seconds, values, kept)
        if morph is not None:
            others = self._tensors(morph.to, seconds, values, kept)
            tensors |= {name: _between(tensors[name], others[name], morph.amount) for name in self._texts}
        inputs = self._inputs_of(tensors)
        negative, negative_padded = None, None
        if negative_prompt and inputs["cross_attn_cond"] is not None:
            others = self._tensors(negative_prompt, seconds, values, kept)
            negative = self._inputs_of(others)["cross_attn_cond"].float()
            negative_padded = self._padding(others)
        return Conditioning(
            cross=_as_float(inputs["cross_attn_cond"]),
            negative=negative,
            global_cond=_as_float(inputs["global_cond"]),
            prepend=_as_float(inputs["prepend_cond"]),
            concat=_as_float(inputs["input_concat_cond"]),
            local=_as_float(inputs["local_add_cond"]),
            valid=self._model.valid_frames(seconds),
            padded=self._padding(tensors),
            negative_padded=negative_padded,
        )

    def _padded(self, reader: Any, value: Hashable) -> tuple[bool, ...]:
        is_text = isinstance(value, str) and hasattr(reader, "tokenizer") and hasattr(reader, "max_length")
        if self._model.variable is None or not is_text or reader.padding_mode not in ("learned", "zero"):
            return ()
        return _padded_tokens(reader, str(value))

    def _inputs_of(self, tensors: Mapping[str, _Embedded]) -> Mapping[str, Any]:
        told = {name: (each.embedding, each.mask) for name, each in tensors.items()}
        inputs: Mapping[str, Any] = self._model.module.get_conditioning_inputs(told)
        return inputs

    def _padding(self, tensors: Mapping[str, _Embedded]) -> tuple[bool, ...] | None:
        """Of each token of cross-attention, whether it is padding; one text's alone, as each has its own."""
        if self._model.variable is None:
            return None
        padded: list[bool] = []
        for name in self._model.module.cross_attn_cond_ids:
            embedding, known = tensors[name].embedding, tensors[name].padded
            tokens = embedding.shape[1] if embedding.dim() == 3 else 1
            padded += known if known and not any(padded) else [False] * tokens
        return tuple(padded)

    def cut(self, prompt: str) -> str:
        """The end of a prompt that the model's text encoder has no room for, from its first word on."""
        return self._cut(prompt)

    def _find_cut(self, prompt: str) -> str:
        beyond = ""
        for one in self._inputs:
            reader: Any = self._model.module.conditioner.conditioners[one.name]
            if one.kind == "text" and hasattr(reader, "tokenizer") and hasattr(reader, "max_length"):
                beyond = max(beyond, words_beyond(prompt, counter(reader.tokenizer), reader.max_length), key=len)
        return beyond

    def ignored(self, prompt: str) -> tuple[str, ...]:
        """The words that change nothing, in order.

        Those are what a model's table of words lacks. Empty for models that read any text. Words
        without a meaning of their own are not named, nor those that say what another says as well ("crash cymbal").
        """
        return self._ignored(prompt)

    def _find_ignored(self, prompt: str) -> tuple[str, ...]:
        conditioners = self._model.module.conditioner.conditioners
        readers = [conditioners[one.name] for one in self._inputs if one.kind == "text"]
        tables = [reader for reader in readers if hasattr(reader, "token_embedder")]
        if not tables:
            return ()

        def read(text: str) -> list[list[int]]:
            return [
                table.tokenizer(text, truncation=True, max_length=table.max_length)["input_ids"] for table in tables
            ]

        whole, nothing = read(prompt), read("")

        def matters(word: re.Match[str]) -> bool:
            alone = [set(own) - set(none) for own, none in zip(read(word[0]), nothing, strict=True)]
            if any(alone) and all(own <= set(all_of_it) for own, all_of_it in zip(alone, whole, strict=True)):
                return True
            return read(prompt[: word.start()] + prompt[word.end() :]) != whole

        spoken = {word[0]: matters(word) for word in WORD.finditer(prompt)}
        return tuple(word for word, counts in spoken.items() if not counts and word.lower() not in STOP_WORDS)

    def _tensors(
        self, prompt: str, seconds: float, values: Mapping[str, float | str], kept: Kept | None
    ) -> dict[str, _Embedded]:
        known: dict[str, float | str] = {"seconds_start": 0.0, "seconds_total": float(seconds), **values}
        tensors = {one.name: self._embedding(one.name, _told(one, known, prompt)) for one in self._inputs}
        device, channels = self._model.device, self._model.module.io_channels
        # Where nothing is kept of another sound, one frame stands for all of them, which are alike.
        told: dict[str, tuple[int, Tensor | None]] = {
            "inpaint_mask": (1, None),
            "inpaint_masked_input": (channels, None),
        }
        if kept is not None:
            told = {"inpaint_mask": (1, kept.stays.float()), "inpaint_masked_input": (channels, kept.sound)}
        for name, (width, tensor) in told.items():
            if name in (*self._model.module.input_concat_ids, *self._model.module.local_add_cond_ids):
                tensors[name] = _Embedded(torch.zeros(1, width, 1, device=device) if tensor is None else tensor, None)
        return tensors

    def _embedding(self, key: str, value: Hashable) -> _Embedded:
        within = f"conditioner.conditioners.{key}."
        entry = (key, value, changes(self._loras, within))
        if entry in self._cache:
            self._cache.move_to_end(entry)
            return self._cache[entry]
        if isinstance(value, str):
            self.text_runs += 1
        reader: Any = self._model.module.conditioner.conditioners[key]
        with merged_meanwhile(self._model.module, self._loras, within):
            embedding, mask = reader([value], self._model.device)
        self._cache[entry] = _Embedded(embedding, mask, self._padded(reader, value))
        if len(self._cache) > CACHED_EMBEDDINGS:
            self._cache.popitem(last=False)
        return self._cache[entry]


def _between(one: _Embedded, other: _Embedded, share: float) -> _Embedded:
    """Two texts' embeddings as one; a token counts where it counts in either."""
    if one.embedding.dim() < 3:
        return _Embedded(between(one.embedding, other.embedding, share), one.mask)
    count = max(one.embedding.shape[1], other.embedding.shape[1])
    embedding = between(padded_to(one.embedding, count), padded_to(other.embedding, count), share)
    mask = one.mask
    if one.mask is not None and other.mask is not None:
        mask = torch.maximum(padded_to(one.mask, count), padded_to(other.mask, count))
    known = len(one.padded) == len(other.padded) == count
    both = zip(one.padded, other.padded, strict=True) if known else ()
    return _Embedded(embedding, mask, tuple(first and second for first, second in both))


def _padded_tokens(reader: Any, text: str) -> tuple[bool, ...]:
    """Which of a text's tokens are padding, by its tokenizer: for what a card knows, the host would have to wait."""
    read = reader.tokenizer([text], truncation=True, max_length=reader.max_length, padding="max_length")
    return tuple(not heard for heard in read["attention_mask"][0])


def _told(one: ModelInput, known: Mapping[str, float | str], prompt: str) -> float | int | str:
    """What one input is told."""
    match one.kind:
        case "text" | "list":
            value = known.get(one.name, prompt if one.kind == "text" else "")
            return shown(value)
        case "int":
            return round(float(known[one.name]))
        case "number":
            return float(known[one.name])
        case _:
            assert_never(one.kind)


def _as_float(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.float()
