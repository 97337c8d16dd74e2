"""A fragment beside its slot, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from midifrag.errors import NoFreeSlotError, StorageError
from midifrag.fragment import swap as module
from midifrag.fragment.audio_files import encode_audio, read_wav
from midifrag.fragment.slot_content import SlotContent, content_of
from midifrag.fragment.slot_file import SlotFile
from midifrag.fragment.swap import Swap
from midifrag.fragment.workspace import Workspace
from tests.fragment.sounds import RATE, noise

AUDIO = encode_audio(noise(), RATE, 16)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "output01.wav"
        self.workspace = Workspace(folder)
        self.file = SlotFile(1, self.path, [self.path], self.workspace)
        self.may_land = True

    def swap(self, job: int = 1, landed_at: float = 1000.0) -> Swap:
        content = SlotContent(job, 1, True, job, job, "rain", "rain", 0.1, landed_at)
        return Swap(self.file, AUDIO, content, lambda: self.may_land)

    def landed(self, job: int = 1) -> Swap:
        """One that has taken the place."""
        made = self.swap(job)
        made.stage()
        made.make_ready(1000.0)
        made.swap()
        made.settle()
        return made

    @property
    def aside(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob(".midifrag/work-*/*") if path.name != "alive")


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    yield made
    made.workspace.close()


def test_it_lies_whole_and_on_the_disk_beside_its_slot(rig, monkeypatch):
    forced = []
    monkeypatch.setattr(module, "force_to_disk", forced.append)
    swap = rig.swap()

    swap.stage()

    (path,) = forced
    assert content_of(path) == swap.content
    assert read_wav(path)[0].shape == noise().shape
    assert not rig.path.exists()


def test_it_takes_the_place_and_what_was_there_can_be_put_back(rig):
    rig.landed(1)
    second = rig.swap(2)
    second.stage()
    second.make_ready(1000.0)
    assert content_of(rig.path).job == 1

    second.swap()
    assert content_of(rig.path).job == 2
    found = second.settle()

    assert (found.content, found.has_previous, found.moved) == (second.content, True, "")
    assert rig.file.content_before().job == 1
    assert rig.aside == []


def test_a_file_tells_when_it_really_landed(rig):
    swap = rig.swap(landed_at=1000.0)
    swap.stage()
    swap.make_ready(1060.0)
    swap.swap()
    assert content_of(rig.path).landed_at == swap.content.landed_at == 1060.0


def test_a_moment_that_is_hardly_another_one_writes_nothing_anew(rig, monkeypatch):
    swap = rig.swap(landed_at=1000.0)
    swap.stage()
    monkeypatch.setattr(rig.file, "write_aside", lambda _whole: pytest.fail("written anew"))
    swap.make_ready(1000.04)
    swap.swap()
    assert content_of(rig.path).landed_at == 1000.0


def test_what_may_not_land_in_the_last_moment_leaves_the_place_as_it_is(rig):
    rig.landed(1)
    second = rig.swap(2)
    second.stage()
    second.make_ready(1000.0)
    rig.may_land = False
    with pytest.raises(NoFreeSlotError, match="slot 1 is locked"):
        second.swap()
    assert content_of(rig.path).job == 1
    second.discard()
    second.discard()
    assert rig.aside == []


def test_what_is_put_off_can_be_made_ready_again(rig):
    rig.landed(1)
    second = rig.swap(2)
    second.stage()
    second.make_ready(1000.0)
    assert len(rig.aside) == 2
    second.put_off()
    assert len(rig.aside) == 1
    second.make_ready(1000.0)
    second.swap()
    assert content_of(rig.path).job == 2


def test_without_being_made_ready_it_makes_ready_itself(rig):
    swap = rig.swap()
    swap.stage()
    swap.swap()
    assert swap.settle().content == swap.content


def test_a_file_of_somebody_else_that_came_meanwhile_is_kept(rig):
    rig.landed(1)
    second = rig.swap(2)
    second.stage()
    second.make_ready(1000.0)
    assert second.moved == ""
    _own(rig).replace(rig.path)

    second.swap()

    assert second.moved == "moved-aside/output01.wav"
    assert (rig.folder / "moved-aside" / "output01.wav").read_bytes() == b"my own"
    assert second.settle().moved == "moved-aside/output01.wav"


def test_a_place_that_became_a_link_is_followed(rig, tmp_path):
    elsewhere = tmp_path / "elsewhere.wav"
    swap = rig.swap()
    swap.stage()
    swap.make_ready(1000.0)
    elsewhere.write_bytes(b"my own")
    rig.path.symlink_to(elsewhere)

    swap.swap()

    assert rig.path.is_symlink()
    assert content_of(elsewhere).job == 1
    assert (rig.folder / "moved-aside" / "output01.wav").read_bytes() == b"my own"
    # What lies beside another disk's file is found there when it is made ready once more.
    second = rig.swap(2)
    second.stage()
    second.make_ready(1000.0)
    second.put_off()
    second.make_ready(1000.0)
    second.swap()
    assert content_of(elsewhere).job == 2


def test_a_place_that_cannot_be_replaced_keeps_what_it_has(rig, monkeypatch):
    rig.landed(1)
    second = rig.swap(2)
    second.stage()
    rig.path.unlink()
    rig.path.mkdir()
    with pytest.raises(StorageError, match="a folder, a pipe or a device"):
        second.make_ready(1000.0)
    second.discard()
    assert rig.aside == []


def _own(rig: Rig) -> Path:
    path = rig.folder / "recorded.tmp"
    path.write_bytes(b"my own")
    return path
