"""What of a render is uploaded: sounds as they are read, LoRAs that are safetensors, and nothing else of a machine."""

import hashlib
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from midifrag.audio import SourceSound
from midifrag.engine.messages import Render
from midifrag.engine.remote import parcels as module
from midifrag.engine.remote.parcels import Packer, has_parcels, with_places
from midifrag.errors import LineError, ModelError
from tests.support import PATIENCE

SOUND = SourceSound.of(np.random.default_rng(1).normal(size=(2, 50)).astype(np.float32), 44100)


def lora(folder, name="dusty", value=1.0):
    file = folder / f"{name}.safetensors"
    save_file({f"x.lora_{end}.weight": torch.full((2, 2), value) for end in ("A", "B")}, file)
    return file


def render(**said):
    return Render(1, "bell", seconds=1.0, seed=1, **said)


def test_a_sound_is_packed_as_its_samples_are():
    packed = Packer().pack(render(sound=SOUND, fill=(0.2, 0.8)))
    [parcel] = packed.parcels
    data = parcel.read(0, parcel.size)
    assert hashlib.sha256(data).hexdigest() == parcel.sha256 == packed.wish.sound.sha256
    np.testing.assert_array_equal(np.frombuffer(data, "<f4").reshape(2, 50), SOUND.audio)
    assert (packed.wish.sound.size, packed.wish.fill, parcel.read(396, 99)) == (400, (0.2, 0.8), data[396:])


def test_loras_are_named_by_their_files_and_silent_ones_stay(tmp_path):
    file, other = lora(tmp_path), lora(tmp_path, "other", 2.0)
    packed = Packer().pack(render(loras=f"dusty=0.8 from {file}; other=0 from {other}"))
    [one] = packed.wish.loras
    assert (one.name, one.strength, one.size) == ("dusty", 0.8, file.stat().st_size)
    assert one.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    [parcel] = packed.parcels
    assert parcel.read(8, 20) == file.read_bytes()[8:28]
    assert packed.checksums == {"dusty": one.sha256}


def test_a_checksum_is_remembered_as_long_as_a_file_stays_the_same(tmp_path, monkeypatch):
    file, packer, read = lora(tmp_path), Packer(), []
    original = module.checksum
    monkeypatch.setattr(module, "checksum", lambda path: read.append(path) or original(path))
    asked = render(loras=f"dusty=1 from {file}")
    first = packer.pack(asked).parcels[0].sha256
    assert packer.pack(asked).parcels[0].sha256 == first
    assert read == [file]
    # Its scale lies beside it.
    file.with_name("adapter_config.json").write_text('{"lora_alpha": 7}')
    scaled = packer.pack(asked)
    assert (scaled.parcels[0].sha256 == first, scaled.checksums) == (False, {"dusty": first})
    lora(tmp_path, value=3.0)
    os.utime(file, ns=(1, 1))
    assert packer.pack(asked).parcels[0].sha256 != first


@pytest.mark.parametrize("become", ["gone", "half", "another thing"])
def test_a_file_that_cannot_be_read_any_more_is_named_as_it_was_sent_and_that_is_told(tmp_path, become):
    file, packer = lora(tmp_path), Packer()
    asked = render(loras=f"dusty=1 from {file}")
    first = packer.pack(asked)
    assert first.notes == ()
    whole = file.read_bytes()
    if become == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[:-4] if become == "half" else b"a letter")
    again = packer.pack(asked)
    assert (again.wish, again.checksums) == (first.wish, first.checksums)
    [note] = again.notes
    assert note.startswith("LoRA dusty: ")
    assert note.endswith("it plays as it was before")
    lora(tmp_path, value=3.0)
    anew = packer.pack(asked)
    assert (anew.checksums == first.checksums, anew.notes) == (False, ())


def test_a_file_that_is_being_written_while_it_is_read_is_not_sent_half_old(tmp_path, monkeypatch):
    file, packer, original = lora(tmp_path), Packer(), module.checksum

    def meanwhile(path):
        found = original(path)
        lora(tmp_path, value=3.0)
        os.utime(file, ns=(1, 1))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(module, "checksum", meanwhile)
        with pytest.raises(LineError, match="is being written"):
            packer.pack(render(loras=f"dusty=1 from {file}"))
    assert packer.pack(render(loras=f"dusty=1 from {file}")).checksums == {"dusty": original(file)}


def test_a_file_that_several_pads_want_at_once_is_read_once(tmp_path, monkeypatch):
    file, packer, read, others = lora(tmp_path), Packer(), [], threading.Barrier(3)
    checksum, place = module.checksum, module._place

    def slow(path):
        read.append(path)
        threading.Event().wait(0.02)
        return checksum(path)

    def together(one):
        others.wait(PATIENCE)
        return place(one)

    monkeypatch.setattr(module, "checksum", slow)
    monkeypatch.setattr(module, "_place", together)
    with ThreadPoolExecutor(3) as threads:
        packed = list(threads.map(packer.pack, [render(loras=f"dusty=1 from {file}")] * 3))
    assert len({one.parcels[0].sha256 for one in packed}) == 1
    assert read == [file]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _file: None, "There is no LoRA"),
        (lambda file: file.write_bytes(b""), "is empty"),
        (lambda file: torch.save({"x.lora_A.weight": torch.zeros(2, 2)}, file), "no other kind travels"),
        (lambda file: file.write_bytes(pickle.dumps({"x": 1})), "no other kind travels"),
        (lambda file: file.mkdir(), "dusty"),
        (lambda file: save_file({"strange.weight": torch.zeros(2, 2)}, file), "is in none of the formats"),
    ],
)
def test_what_is_no_lora_file_is_told_at_home(tmp_path, make, told):
    file = tmp_path / "dusty.safetensors"
    make(file)
    with pytest.raises(LineError, match=told):
        Packer().pack(render(loras=f"dusty=1 from {file}"))


def test_another_file_than_the_one_that_is_meant_is_told(tmp_path):
    with pytest.raises(LineError, match="another LoRA than the one that is meant"):
        Packer().pack(render(loras=f"dusty=1 from {lora(tmp_path)} sha256:{'0' * 64}"))


@pytest.mark.parametrize("loras", ["dusty=1", "no lora at all", "dusty=1 from hub:owner/name/dusty.safetensors"])
def test_a_lora_that_is_not_here_is_told(loras, monkeypatch):
    def nothing(*_where, may_fetch):
        raise ModelError("it is not on this machine")

    monkeypatch.setattr("midifrag.engine.loading.hub.lora_file", nothing)
    with pytest.raises(LineError, match=r"has no file|is no LoRA|not on this machine"):
        Packer().pack(render(loras=loras))


def test_what_does_not_fit_the_line_is_told():
    with pytest.raises(LineError, match="prompt does not fit the line"):
        Packer().pack(Render(1, "x" * 30_000, seconds=1.0, seed=1))


def test_what_was_used_is_told_as_it_lies_here():
    used = {"seed": 1, "loras": f"dusty=0.8 sha256:{'a' * 64}; strange=1 sha256:{'b' * 64}"}
    asked = render(loras="dusty=0.8 from /sets/dusty.safetensors; other=0 from /x")
    there = f"dusty=0.8 from /sets/dusty.safetensors sha256:{'a' * 64}; strange=1 sha256:{'b' * 64}"
    assert with_places(used, asked, {}) == {"seed": 1, "loras": there}
    # Of one that travelled with what lay beside it, the checksum is that of its file here.
    assert f"sha256:{'c' * 64}; strange" in with_places(used, asked, {"dusty": "c" * 64})["loras"]
    assert with_places({"seed": 1, "loras": None}, asked, {}) == {"seed": 1, "loras": None}


def test_what_a_server_says_of_loras_in_words_of_its_own_stays():
    used = {"seed": 1, "loras": "dusty at 0.8"}
    assert with_places(used, render(loras="dusty=0.8 from /sets/dusty.safetensors"), {}) == used


def test_what_is_to_be_packed():
    assert has_parcels(render(sound=SOUND))
    assert has_parcels(render(loras="dusty=1"))
    assert not has_parcels(render())
