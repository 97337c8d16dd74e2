"""Models from the Hugging Face hub: downloads with progress, and errors that say what to do next.

What lies in the cache is used without asking the network: a stage has none, and a model must not change in the middle
of a tour. Tokens come from where ``huggingface_hub`` takes them: ``HF_TOKEN`` or ``hf auth login``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import huggingface_hub
from huggingface_hub import constants, errors

from midifrag.engine.loading.device import first_line
from midifrag.errors import HubError

#: Called with how far something is, how far it goes, and what it is.
ProgressListener: TypeAlias = Callable[[int, int, str], None]

_MEBIBYTE = 1 << 20

#: What text conditioners read; a tokenizer has some of these files.
_T5_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_TOKENIZER = ("tokenizer_config.json", "tokenizer.json", "spiece.model", "vocab.txt", "special_tokens_map.json")


def fetch_model(source: Mapping[str, Any], on_progress: ProgressListener | None = None) -> tuple[Path, Path]:
    """The local files (model_config.json, checkpoint) of a hub repository, downloaded where they are not cached.

    ``source`` is the model's entry: ``hub`` is the repository; ``revision`` (a branch, tag or commit) and ``file`` (the
    checkpoint's name in the repository, else model.safetensors, then model.ckpt) are optional. ``on_progress`` hears
    MiB. Raises `HubError`.
    """
    repository = str(source["hub"])
    revision = source.get("revision")
    config = fetch(repository, ("model_config.json",), revision, on_progress)
    names = (str(source["file"]),) if "file" in source else ("model.safetensors", "model.ckpt")
    # The cache keeps one folder per commit: both files come from the same one, even if the repository moves on.
    return config, fetch(repository, names, config.parent.name, on_progress)


def fetch_text_encoder(name: str, on_progress: ProgressListener | None = None) -> None:
    """Put a T5 text encoder and its tokenizer into the cache, if they are not there. Raises `HubError`."""
    fetch_tokenizer(name, on_progress)
    fetch(name, _T5_WEIGHTS, None, on_progress)


def fetch_tokenizer(name: str, on_progress: ProgressListener | None = None) -> None:
    """Put a tokenizer into the cache, if it is not there. Raises `HubError`."""
    fetch(name, ("config.json",), None, on_progress)
    for optional in _TOKENIZER:
        with contextlib.suppress(_AbsentError):
            fetch(name, (optional,), None, on_progress)


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Make every use of ``huggingface_hub`` in this process rely on its cache alone."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def fetch(
    repository: str,
    names: tuple[str, ...],
    revision: str | None = None,
    on_progress: ProgressListener | None = None,
) -> Path:
    """The first of ``names`` that the repository has, as a local file. Raises `HubError`."""
    revision = revision or constants.DEFAULT_REVISION
    try:
        unknown = []
        for name in names:
            cached = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision)
            if isinstance(cached, str):
                return Path(cached)
            if cached is None:  # anything else says that the repository is known not to have it
                unknown.append(name)
        for name in unknown:
            bar = _progress_bar(name, on_progress)
            with contextlib.suppress(errors.RemoteEntryNotFoundError):
                return Path(huggingface_hub.hf_hub_download(repository, name, revision=revision, tqdm_class=bar))
    except Exception as error:  # the HTTP library beneath differs between releases of huggingface_hub
        _explain(error, repository, revision)
    raise _AbsentError(
        f"The hub has the repository {repository}, but no {' and no '.join(names)} in its revision {revision}. "
        "midifrag plays models in stable-audio-tools' format; check the repository's name, or name the checkpoint "
        "with file: in the model's entry."
    )


class _AbsentError(HubError):
    """The repository is there and has none of the files."""


def _explain(error: Exception, repository: str, revision: str) -> NoReturn:
    page = f"{constants.ENDPOINT}/{repository}"
    if isinstance(error, errors.GatedRepoError):
        text = (
            f"The model {repository} is gated: its owner wants its licence accepted first. Open {page} in a browser, "
            "log in and accept the licence; then make a read token in the account's settings and hand it over, once, "
            "with `hf auth login` or in the environment variable HF_TOKEN. After that it downloads by itself."
        )
    elif isinstance(error, errors.RevisionNotFoundError):
        text = f"The model {repository} has no revision {revision}. See {page}/tree/main for what there is."
    elif isinstance(error, errors.RepositoryNotFoundError) or _status(error) == 401:
        text = (
            f"The hub knows no model {repository}, or it is private and no valid token was sent. Check the spelling "
            f"({page}); for a private model run `hf auth login` or set HF_TOKEN to a token that may read it."
        )
    elif isinstance(error, errors.HFValidationError):
        text = f"{repository!r} is not the name of a hub repository. It looks like owner/name."
    elif isinstance(error, (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)):
        text = (
            f"The model {repository} is not on this machine yet, and the hub ({constants.ENDPOINT}) cannot be reached. "
            "Connect to the network and start again: what has been downloaded once is used without a network from then "
            "on. Until then, play a built-in model: pocket or sketch."
        )
    elif isinstance(error, OSError) and error.errno is not None:
        text = (
            f"The download of {repository} could not be stored in {constants.HF_HUB_CACHE} ({error}). Free some disk "
            "space there, or set HF_HOME to a folder on a bigger disk."
        )
    else:
        text = (
            f"The download of {repository} was cut off ({first_line(error).rstrip('.')}). Nothing broken was kept. "
            "Start again on a steady connection; what arrived whole is not downloaded twice."
        )
    raise HubError(text) from error


def _status(error: Exception) -> int | None:
    """The HTTP status behind an error; the hub answers 401 for what does not exist, lest names be guessed."""
    return error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None


def _progress_bar(name: str, listener: ProgressListener | None) -> type[Any]:
    """What ``huggingface_hub`` takes for a tqdm class, telling ``listener`` in MiB instead of drawing."""
    from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Bar(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        def __init__(self, *_: Any, total: int | None = None, initial: int = 0, desc: str = "", **__: Any) -> None:
            super().__init__(disable=True, total=total, initial=initial)
            # Chunked storage draws two bars; the one for bytes on the wire ends at a number nobody knows before.
            self.silent = listener is None or desc.endswith("downloading bytes")
            self.received = initial

        def update(self, n: float | None = 1) -> bool | None:
            before, self.received = self.received // _MEBIBYTE, self.received + int(n or 0)
            whole = self.total or 0
            ended = self.received >= whole
            if listener is not None and not self.silent and (ended or self.received // _MEBIBYTE != before):
                mebibytes = -(-whole // _MEBIBYTE)
                listener(mebibytes if ended else self.received // _MEBIBYTE, mebibytes, f"downloading {name} (MiB)")
            return None

    return Bar
