"""What lies in a slot's place before a fragment: a performer's own files, links, things that are no files."""

from __future__ import annotations

import os
import sys

import pytest
import soundfile

from midifrag.errors import StorageError
from midifrag.fragment import slot_places
from midifrag.fragment.audio_files import encode_audio, write_wav
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import encode_fragment
from midifrag.fragment.files import OWN_FOLDER
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.slot_content import content_of
from tests.fragment.sounds import RATE, noise, record

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


@pytest.fixture
def slots(open_slots, tmp_path):
    return open_slots(tmp_path / "fragments", count=2)


def land(slots, take, slot=1):
    fragment = encode_fragment(make_fragment(noise(seed=take), RATE, FragmentOptions()), 16)
    return slots.landings.land(slot, fragment, record(take, number=take), now=1000.0 + take, turn=True)


def kept(slots):
    return {path.name: path.read_bytes() for path in sorted((slots.folder / "moved-aside").glob("*"))}


def rest(slots):
    """What else there is beside slots, our own folder and what was moved aside."""
    return {path.name for path in slots.folder.iterdir()} - {OWN_FOLDER, "moved-aside", "output01.wav", "output02.wav"}


@pytest.mark.parametrize("with_links", [True, False])
def test_a_recording_in_a_slot_s_place_is_moved_aside_for_good(slots, monkeypatch, with_links):
    if not with_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no links")))
    recording = encode_audio(noise(0.3), RATE, 24)
    slots.path(1).write_bytes(recording)
    slots.refresh()
    assert slots.states[0].foreign

    first = land(slots, 1)
    rounds = [land(slots, take) for take in (2, 3)]

    assert kept(slots) == {"output01.wav": recording}
    assert (first.moved, first.foreign, first.take) == ("moved-aside/output01.wav", False, 1)
    assert [state.moved for state in rounds] == ["", ""]
    assert rest(slots) == set()


def test_every_recording_gets_a_name_of_its_own(slots):
    contents = [encode_audio(noise(seed=number), RATE, 16) for number in range(3)]
    moved = []
    for number, content in enumerate(contents):
        slots.path(1).write_bytes(content)
        moved.append(land(slots, number).moved)

    assert moved == [f"moved-aside/{name}" for name in ("output01.wav", "output01 (2).wav", "output01 (3).wav")]
    assert sorted(kept(slots).values()) == sorted(contents)


def test_a_recording_that_was_put_back_is_kept_once_and_not_recorded_over(slots):
    recording, other = encode_audio(noise(0.3), RATE, 24), encode_audio(noise(0.2), RATE, 24)
    slots.path(1).write_bytes(recording)
    land(slots, 1)
    assert slots.restore(1).foreign
    assert slots.path(1).read_bytes() == recording

    assert land(slots, 2).moved == "moved-aside/output01.wav"
    assert list(kept(slots)) == ["output01.wav"]
    slots.restore(1)
    with slots.path(1).open("r+b") as file:  # as a recorder does that writes into the same file
        file.write(other)
        file.truncate()
    land(slots, 3)

    assert list(kept(slots).values()) == [other, recording]


def test_what_an_editor_saves_into_a_fragment_is_the_performer_s_own(slots):
    """Many keep the texts that they find in a file."""
    land(slots, 1)
    content = slots.path(1).read_bytes()
    at = content.index(b"data") + 8
    edited = content[:at] + bytes(2000) + content[at + 2000 :]
    slots.path(1).write_bytes(edited)
    assert slots.refresh()

    assert slots.states[0].foreign
    assert land(slots, 2).moved
    assert kept(slots) == {"output01.wav": edited}


def test_a_fragment_with_other_texts_is_a_fragment(slots):
    land(slots, 1)
    with soundfile.SoundFile(slots.path(1), "r+") as file:
        assert file.title
    content = slots.path(1).read_bytes()
    slots.path(1).write_bytes(content.replace(b"prompt 1", b"prompt X"))

    assert content_of(slots.path(1)).prompt == "prompt X"
    assert not land(slots, 2).moved


def test_an_archived_take_in_a_slot_s_place_is_moved_aside(slots, open_archive, tmp_path):
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))
    take = archive.path(1).read_bytes()
    archive.path(1).rename(slots.path(2))

    assert land(slots, 2, slot=2).moved
    assert kept(slots) == {"output02.wav": take}


def test_what_cannot_be_kept_is_not_replaced(slots, monkeypatch):
    slots.path(1).write_bytes(b"mine")
    monkeypatch.setattr(slot_places, "keep_copy", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))

    with pytest.raises(StorageError, match=r"cannot keep a copy of .*output01\.wav: the disk is full"):
        land(slots, 1)
    monkeypatch.undo()

    assert slots.path(1).read_bytes() == b"mine"
    (slots.folder / "moved-aside").rmdir()
    (slots.folder / "moved-aside").write_text("in the way")
    with pytest.raises(StorageError, match="a file has this name"):
        land(slots, 1)
    assert slots.path(1).read_bytes() == b"mine"
    work = next((slots.folder / OWN_FOLDER).glob("work-*"))
    assert not list(work.glob("*.wav"))


@links
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to a file that is gone"])
def test_a_slot_that_is_a_link_stays_one(slots, tmp_path, there):
    sampler = tmp_path / "sampler"
    sampler.mkdir()
    kick = sampler / "kick.wav"
    if there:
        write_wav(kick, noise(0.3), RATE)
    before = kick.read_bytes() if there else b""
    slots.path(1).symlink_to(kick)

    state = land(slots, 1)

    assert slots.path(1).is_symlink()
    assert content_of(kick).take == 1
    assert (state.take, bool(state.moved), state.has_previous) == (1, there, there)
    assert kept(slots) == ({"output01.wav": before} if there else {})
    land(slots, 2)
    assert slots.restore(1).take == 1
    assert (content_of(kick).take, slots.path(1).is_symlink()) == (1, True)
    assert [path.name for path in sampler.iterdir()] == ["kick.wav"]


@links
def test_a_link_to_a_raw_take_or_to_another_slot_is_refused(slots, open_archive, tmp_path):
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))
    take = archive.path(1).read_bytes()
    land(slots, 2, slot=2)

    for leads_to, words in ((archive.path(1), "a raw take, which is never overwritten"), (slots.path(2), "each slot")):
        slots.path(1).symlink_to(leads_to)
        with pytest.raises(StorageError, match=words):
            land(slots, 1)
        slots.path(1).unlink()

    assert archive.path(1).read_bytes() == take
    assert content_of(slots.path(2)).take == 2
    assert land(slots, 3).take == 3


@links
def test_a_link_that_leads_nowhere_is_told(slots, tmp_path):
    slots.path(1).symlink_to(tmp_path / "pulled" / "kick.wav")
    with pytest.raises(StorageError, match="connect its drive"):
        land(slots, 1)
    slots.path(1).unlink()
    slots.path(1).symlink_to(slots.path(1))
    with pytest.raises(StorageError, match=r"a link that leads to itself|Too many levels"):
        land(slots, 1)
    assert not list(next((slots.folder / OWN_FOLDER).glob("work-*")).glob("*.wav"))


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_neither_opened_nor_replaced(slots, open_slots, kind):
    if kind == "folder":
        slots.path(1).mkdir()
    elif hasattr(os, "mkfifo"):
        os.mkfifo(slots.path(1))
    else:
        pytest.skip("no pipes here")

    assert slots.refresh()
    assert slots.states[0].foreign
    with pytest.raises(StorageError, match="it is a folder, a pipe or a device, and no file; move it away"):
        land(slots, 1)
    assert open_slots(slots.folder, count=2).states[0].seconds == 0.0
    assert slots.path(1).exists()
    assert not slots.path(1).is_file()
