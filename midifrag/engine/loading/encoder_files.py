"""The files of text encoders and tokenizers: which they need, and those of the hub's repositories, whole or fetched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from huggingface_hub import errors

from midifrag.engine.loading import cache
from midifrag.engine.loading.byte_progress import ByteListener
from midifrag.engine.loading.cache import Examine, Need, Snapshot
from midifrag.engine.loading.fetching import Fetching, listed, whole_or_fetched
from midifrag.engine.loading.hub_errors import AbsentError, explaining
from midifrag.errors import HubError

#: What a tokenizer may have beside its vocabulary; asked for first, so that what is whole has it.
_EXTRAS = tuple(
    Need((name,), optional=True) for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
)
#: A tokenizer's vocabulary, and an encoder's weights, in the order in which transformers looks for them.
VOCABULARY = Need(
    ("tokenizer.json", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt")
)
_WEIGHTS = Need(
    ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
)
TOKENIZER = (*_EXTRAS, Need(("tokenizer_config.json", "config.json")), VOCABULARY)
TEXT_ENCODER = (*_EXTRAS, Need(("config.json",)), VOCABULARY, _WEIGHTS)


def fetch_text_encoder(name: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw) -> Path:
    """The folder of a T5 text encoder and its tokenizer, downloaded if it is not whole here. Raises `HubError`."""
    return whole_or_fetched(name, TEXT_ENCODER, on_bytes, examine)


def fetch_gemma(
    repository: str, subfolder: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> Path:
    """The folder of a T5Gemma encoder and its tokenizer, downloaded if it is not whole here. Raises `HubError`.

    They lie in a subfolder of a repository, or, where that is empty, in the repository itself.
    """
    return whole_or_fetched(repository, gemma_needs(subfolder), on_bytes, examine) / subfolder


def gemma_needs(subfolder: str) -> tuple[Need, ...]:
    """What a T5Gemma encoder needs of its repository; see `fetch_gemma`."""

    def below(need: Need) -> Need:
        return replace(need, names=tuple(str(PurePosixPath(subfolder, name)) for name in need.names))

    return tuple(map(below, TEXT_ENCODER))


def holds_encoder(folder: Path) -> bool:
    """Whether a text encoder and its tokenizer are whole in a folder."""
    return folder.is_dir() and not Snapshot("", "", folder).missing(TEXT_ENCODER, cache.flaw)


def fetch_tokenizer(name: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw) -> Path:
    """The folder of a tokenizer, downloaded if it is not whole here. Raises `HubError`."""
    return whole_or_fetched(name, TOKENIZER, on_bytes, examine)


def fetch_tokenizer_beside(
    snapshot: Snapshot, folder: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> bool:
    """Have a tokenizer that lies in a folder of a model's own repository; False where none lies there.

    Raises `HubError`.
    """
    needs = [Need(tuple(f"{folder}/{name}" for name in need.names), need.optional) for need in TOKENIZER]
    if not snapshot.missing(needs, examine):
        return True
    try:
        with explaining(snapshot.repository, snapshot.commit, snapshot.missing(needs, examine)):
            there = listed(snapshot.repository, snapshot.commit)
        if there is not None and not any(name.startswith(f"{folder}/") for name in there):
            return False
        Fetching(snapshot.repository, snapshot.commit, on_bytes, examine).fetch(needs)
    except AbsentError:
        return False
    except HubError as error:
        # A commit that is here and no more on the hub.
        if isinstance(error.__cause__, errors.RevisionNotFoundError):
            return False
        raise
    return True


def has_tokenizer(name: str, examine: Examine = cache.flaw) -> bool:
    """Whether the tokenizer of a repository is whole in the cache."""
    with explaining(name, None):
        return cache.complete(name, TOKENIZER, None, examine) is not None
