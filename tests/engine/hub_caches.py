"""Caches of the hub as its clients leave them: made here file by file, so that each state can be had."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.engine.hub_server import COMMIT, checksum_of

#: Another commit than the server's.
OLDER = "fedcba9876543210fedcba9876543210fedcba98"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 900000000\n"


def safetensors_of(content: bytes) -> bytes:
    """A safetensors file of one tensor."""
    entry = {"dtype": "U8", "shape": [len(content)], "data_offsets": [0, len(content)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "weights": entry}).encode()
    return len(header).to_bytes(8, "little") + header + content


@dataclass(frozen=True)
class CachedRepository:
    """One repository in a cache."""

    cache: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.cache / f"models--{self.name.replace('/', '--')}"

    def put(self, files: Mapping[str, bytes], commit: str = COMMIT, *, links: bool = True) -> Path:
        """Lay down a snapshot: links to blobs as on Linux, or plain files as on Windows without developer mode."""
        snapshot = self.folder / "snapshots" / commit
        for name, content in files.items():
            pointer = snapshot / name
            pointer.parent.mkdir(parents=True, exist_ok=True)
            if not links:
                pointer.write_bytes(content)
                continue
            blob = self.folder / "blobs" / checksum_of(content)
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(content)
            pointer.symlink_to(os.path.relpath(blob, pointer.parent))
        return snapshot

    def refer(self, commit: str = COMMIT, revision: str = "main") -> None:
        """Say that a revision was a commit."""
        file = self.folder / "refs" / revision
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(commit)

    def deny(self, *names: str, commit: str = COMMIT) -> None:
        """Note files that the repository does not have, as clients do who asked."""
        for name in names:
            file = self.folder / ".no_exist" / commit / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def spoil(self, name: str, content: bytes, commit: str = COMMIT) -> None:
        """Put other content behind a name, whose blob keeps its own."""
        (self.folder / "snapshots" / commit / name).resolve().write_bytes(content)

    def listing(self) -> list[tuple[str, int]]:
        """All that is there, with its time."""
        return sorted((str(file), file.lstat().st_mtime_ns) for file in self.cache.rglob("*"))


def t5_files(folder: Path) -> dict[str, bytes]:
    """A T5 encoder of the smallest size that stable-audio-tools accepts, with the files that t5-base has."""
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    shape = {"d_model": 512, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "vocab_size": 130}
    T5EncoderModel(T5Config(**shape)).save_pretrained(folder)
    (folder / "spiece.model").write_bytes(sentencepiece_model(folder.parent))
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def in_other_formats(folder: Path) -> dict[str, dict[str, bytes]]:
    """The weights of the encoder in ``folder``, as clients also find them: one pickle, and parts with an index."""
    import torch
    from safetensors.torch import load_file
    from transformers import T5EncoderModel

    torch.save(load_file(folder / "model.safetensors"), folder.parent / "pytorch_model.bin")
    parts = folder.parent / "parts"
    T5EncoderModel.from_pretrained(folder).save_pretrained(parts, max_shard_size="300KB")
    sharded = {file.name: file.read_bytes() for file in parts.iterdir() if file.name.startswith("model")}
    shutil.rmtree(parts)
    return {"bin": {"pytorch_model.bin": (folder.parent / "pytorch_model.bin").read_bytes()}, "sharded": sharded}


def sentencepiece_model(folder: Path) -> bytes:
    """A spiece.model as T5's are, of a few words."""
    import sentencepiece

    text = folder / "words.txt"
    text.write_text("rain on a tin roof\nwind in a glass tower\nwarm bass and a soft pad\n" * 50)
    ids = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "spiece"), vocab_size=27, model_type="unigram", minloglevel=3, **ids
    )
    return (folder / "spiece.model").read_bytes()
