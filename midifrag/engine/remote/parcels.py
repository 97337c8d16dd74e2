"""What of a render travels as a file of its own: the sound that it begins from, and LoRAs, each with its checksum."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from midifrag.audio import SourceSound
from midifrag.config.loras import Lora, read_loras, write_loras
from midifrag.config.parameters import Value
from midifrag.engine.line import messages as line
from midifrag.engine.line.translating import packed, wish_of
from midifrag.engine.loading.checksum import checksum
from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.engine.loading.lora_check import as_lora, lora_problem
from midifrag.engine.loading.lora_versions import LoraVersion, version_of
from midifrag.engine.messages import Render
from midifrag.engine.remote.parcel import Parcel, lora_parcel
from midifrag.errors import CheckpointError, LineError, ModelError
from midifrag.fragment.files import check_regular


@dataclass(frozen=True, slots=True)
class Packed:
    """A render as a server is asked for it, and what it may want of that."""

    wish: line.Wish
    parcels: tuple[Parcel, ...] = ()
    #: Of LoRAs, by name, the checksums of their files here.
    checksums: Mapping[str, str] = field(default_factory=dict)
    #: What is told of its take: LoRAs whose files are not as they are sent.
    notes: tuple[str, ...] = ()


def has_parcels(render: Render) -> bool:
    """Whether a render has anything that is uploaded: packing it takes time."""
    return render.sound is not None or render.loras is not None


class Packer:
    """Packs renders; what a file's checksum is, is remembered as long as the file stays the same. Any thread."""

    def __init__(self) -> None:
        self._known: dict[Path, _Known] = {}
        #: Who reads a file has others wait that want the same: pads of a set share their LoRAs.
        self._reading: dict[Path, threading.Lock] = {}

    def pack(self, render: Render) -> Packed:
        """A render with what it wants. Raises `LineError` for what cannot be sent; may wait for disks."""
        parcels: list[Parcel] = []
        sound = None
        if render.sound is not None:
            sound, parcel = _sound(render.sound)
            parcels.append(parcel)
        loras: list[line.LoraFile] = []
        checksums: dict[str, str] = {}
        notes: list[str] = []
        for one in _loras(render):
            # One of strength 0 is not heard at home either.
            if one.strength:
                checksums[one.name], parcel = self._file(one, notes)
                parcels.append(parcel)
                loras.append(
                    line.LoraFile(name=one.name, strength=one.strength, sha256=parcel.sha256, size=parcel.size)
                )
        return Packed(wished(render, sound, tuple(loras)), tuple(parcels), checksums, tuple(notes))

    def _file(self, lora: Lora, notes: list[str]) -> tuple[str, Parcel]:
        """The checksum of a LoRA's file, and what travels of it.

        One that cannot be read any more is sent as it was, which a server may have still; that is told in ``notes``.
        """
        try:
            known = self._looked_at(lora)
        except LineError as error:
            before = None if lora.hub is not None else self._known.get(Path(lora.place).expanduser())
            if before is None:
                raise
            known = before
            notes.append(f"LoRA {lora.name}: {str(error).rstrip('.')}; it plays as it was before")
        _, sha256, parcel = known
        if lora.checksum and lora.checksum != sha256:
            raise LineError(
                f"{lora.place} is another LoRA than the one that is meant: its checksum begins with {sha256[:12]}, and "
                f"not with {lora.checksum[:12]}. Put that one in its place."
            )
        return sha256, parcel

    def _looked_at(self, lora: Lora) -> _Known:
        try:
            path = _place(lora)
            with self._reading.setdefault(path, threading.Lock()):
                return self._read(path, lora.name)
        except CheckpointError as error:
            raise LineError(as_lora(error)) from error
        except ModelError as error:
            raise LineError(str(error)) from error
        except OSError as error:
            raise LineError(f"{lora.name}: {lora.place} cannot be read: {error.strerror or error}") from error

    def _read(self, path: Path, name: str) -> _Known:
        """What is known of a file, which is read once as long as it stays the same."""
        version = version_of(path)
        known = self._known.get(path)
        if known is None or known[0] != version:
            _check(path, name)
            known = version, checksum(path), lora_parcel(path, name)
            if version_of(path) != version:
                raise LineError(f"{name}: {path} is being written; press again when it is whole")
            self._known[path] = known
        return known


def _check(path: Path, name: str) -> None:
    """Raise `LineError`, `CheckpointError` or OSError for a file that is no LoRA that could travel."""
    check_regular(path)
    if kind_of(path, may_be_lora=True) is not FileKind.SAFETENSORS:
        raise LineError(
            f"{name}: {path} is no .safetensors file, and no other kind travels; convert it, or play "
            "this with a model of this machine"
        )
    if (problem := lora_problem(path)) is not None:
        raise LineError(problem)


#: What a file was when it was read, its checksum, and what travels of it.
_Known: TypeAlias = tuple[LoraVersion, str, Parcel]


def wished(render: Render, sound: line.Sound | None = None, loras: tuple[line.LoraFile, ...] = ()) -> line.Wish:
    """What a server is asked for. Raises `LineError` for what does not fit the line."""
    try:
        return wish_of(render, sound, loras)
    except ValidationError as error:
        what = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, what["loc"]))
        raise LineError(f"{where} does not fit the line: {what['msg']}") from error


def with_places(used: dict[str, Value], render: Render, checksums: Mapping[str, str]) -> dict[str, Value]:
    """What a server used, with the LoRAs as they are called and lie here: it knows names and what came alone."""
    there = used.get("loras")
    if not isinstance(there, str):
        return used
    here = {one.name: one.place for one in _loras(render)}
    try:
        told = read_loras(there)
    except ValueError:
        # A server's word for it that is none here: a take is not lost for that.
        return used
    every = (replace(one, place=here.get(one.name, ""), checksum=checksums.get(one.name, one.checksum)) for one in told)
    return {**used, "loras": write_loras(every)}


def _loras(render: Render) -> tuple[Lora, ...]:
    try:
        return read_loras(render.loras)
    except ValueError as error:
        raise LineError(f"loras: {error}") from error


def _sound(sound: SourceSound) -> tuple[line.Sound, Parcel]:
    data = packed(sound.audio)
    sha256 = hashlib.sha256(data).hexdigest()
    channels, samples = sound.audio.shape
    try:
        told = line.Sound(sha256=sha256, channels=channels, samples=samples, sample_rate=sound.sample_rate)
    except ValidationError as error:
        raise LineError("the sound that it begins from does not fit the line") from error
    return told, Parcel(
        sha256, len(data), "the sound that it begins from", lambda start, size: data[start : start + size]
    )


def _place(lora: Lora) -> Path:
    if not lora.place:
        raise LineError(f"The LoRA {lora.name!r} has no file. Name it with loras: [{{file: …}}].")
    if lora.hub is None:
        return Path(lora.place).expanduser()
    from midifrag.engine.loading import hub

    return hub.lora_file(*lora.hub, may_fetch=False)
