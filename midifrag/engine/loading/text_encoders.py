"""Text encoders and tokenizers of a model: found in the cache or fetched, and loaded from their folders.

A conditioner of stable-audio-tools names its encoder, and transformers would look that name up: on the network, or in a
cache that says in ``refs`` what it holds. From a folder it loads whatever is whole there, and asks nobody.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from midifrag.config.model_configs import conditioners, gemma_place
from midifrag.engine.loading import cache, encoder_files
from midifrag.engine.loading.byte_progress import ByteListener
from midifrag.engine.loading.cache import Examine, Snapshot
from midifrag.engine.loading.device import first_line
from midifrag.errors import HubError, ModelError

#: Builds a module from a configuration, knowing the T5 encoder of each folder.
Build = Callable[[Mapping[str, Any], Mapping[str, str]], Any]


def build_with_encoders(config: Mapping[str, Any], build: Build, on_bytes: ByteListener | None = None) -> Any:
    """Build a model whose text encoders come from the hub or its cache.

    A file of theirs that turns out to be damaged is fetched again. Raises `HubError`, and what ``build`` raises where
    it is not about them.
    """
    try:
        return build(*with_folders(config, on_bytes))
    except ModelError as error:
        if not is_about_encoders(error.__cause__):
            raise
    local, folders = with_folders(config, on_bytes, cache.thorough_flaw)
    try:
        return build(local, folders)
    except ModelError as error:
        cause = error.__cause__
        if not isinstance(cause, Exception) or not is_about_encoders(cause):
            raise
        names = [*folders, *(entry["tokenizer_name"] for entry in conditioners(local, "lut"))]
        names += [entry["model_path"] for entry in conditioners(local, "t5gemma")]
        names = list(dict.fromkeys(names))
        # What lies beside a model of one's own comes from nowhere else.
        is_fetched = all("snapshots" in Path(name).parts for name in names)
        way_out = (
            "Delete that folder and start again, and it is fetched anew."
            if is_fetched
            else "Copy that folder again from where the model was made or downloaded."
        )
        raise HubError(
            f"The model's text encoder cannot be read ({first_line(cause).rstrip('.')}). Its files lie in "
            f"{' and '.join(names)}. {way_out}"
        ) from cause


def with_folders(
    config: Mapping[str, Any], on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> tuple[dict[str, Any], dict[str, str]]:
    """A configuration with folders in place of names, and the names by folder of T5 encoders. Raises `HubError`."""
    whole = copy.deepcopy(dict(config))
    folders: dict[str, str] = {}
    for entry in conditioners(whole, "t5"):
        name = str(entry.get("t5_model_name", "t5-base"))
        entry["t5_model_name"] = str(encoder_files.fetch_text_encoder(name, on_bytes, examine))
        folders[entry["t5_model_name"]] = name
    for entry in conditioners(whole, "t5gemma"):
        if not entry.get("model_path"):
            repository, subfolder = gemma_place(entry)
            entry["model_path"] = str(encoder_files.fetch_gemma(repository, subfolder, on_bytes, examine))
        entry.pop("repo_id", None)
        entry.pop("subfolder", None)
    for entry in conditioners(whole, "lut"):
        if not Path(entry["tokenizer_name"]).is_dir():
            entry["tokenizer_name"] = str(encoder_files.fetch_tokenizer(entry["tokenizer_name"], on_bytes, examine))
    return whole, folders


def fetch_beside(
    config: Mapping[str, Any],
    place: Path,
    snapshot: Snapshot,
    on_bytes: ByteListener | None = None,
    examine: Examine = cache.flaw,
) -> None:
    """Have the tokenizers that lie in folders of a hub's model beside its configuration, which is in ``place``.

    Raises `HubError`.
    """
    for entry in conditioners(config, "lut"):
        name = entry["tokenizer_name"]
        folder = (place.relative_to(snapshot.folder) / name).as_posix()
        if snapshot.has_folder(folder) or not encoder_files.has_tokenizer(name, examine):
            encoder_files.fetch_tokenizer_beside(snapshot, folder, on_bytes, examine)


def know_folders(folders: Mapping[str, str]) -> None:
    """Have stable-audio-tools take folders for the T5 encoders that they hold: it asks for names that it knows."""
    from stable_audio_tools.models.conditioners import T5Conditioner

    for folder, name in folders.items():
        if folder not in T5Conditioner.T5_MODELS:
            T5Conditioner.T5_MODELS.append(folder)
        T5Conditioner.T5_MODEL_DIMS[folder] = T5Conditioner.T5_MODEL_DIMS[name]


def is_about_encoders(error: BaseException | None) -> bool:
    """Whether an error comes from what loads text encoders."""
    trace: types.TracebackType | None = None if error is None else error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in ("transformers", "tokenizers"):
            return True
        trace = trace.tb_next
    return False
