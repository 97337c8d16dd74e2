"""One slot's file: replaced in one step, and the fragment before it kept."""

from __future__ import annotations

import sys

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import slot_file as module
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.files import signature_of
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.wav import with_texts
from midifrag.fragment.workspace import Workspace
from tests.fragment.sounds import RATE, noise

RECORDING = encode_audio(noise(0.2), RATE, 24)

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


def content(take):
    return SlotContent(take, 1, True, take, take, "36", f"prompt {take}", 0.1, 1000.0 + take)


def whole(take):
    return with_texts(encode_audio(noise(seed=take), RATE, 16), content(take).texts())


@pytest.fixture
def workspace(opened, tmp_path):
    return opened(Workspace, tmp_path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "output01.wav"


@pytest.fixture
def other(tmp_path):
    return tmp_path / "output02.wav"


@pytest.fixture
def file(workspace, path, other):
    return SlotFile(1, path, [path, other], workspace)


@pytest.fixture
def previous(workspace, path):
    return workspace.own / "previous" / path.name


@pytest.fixture
def left(workspace):
    """What lies in the work folder and was not put anywhere."""
    return lambda: sorted(one.name for one in workspace.own.glob("work-*/*.wav"))


def put(file, *takes):
    return [file.put(whole(take), content(take)) for take in takes][-1]


def refuse(monkeypatch, name, error, at=1):
    """Have the file operation ``name`` fail at its call number ``at``."""
    real, calls = getattr(module, name), []

    def work(*arguments):
        calls.append(arguments)
        if len(calls) == at:
            # As the real one: what was to be moved is gone.
            if name == "replace_file":
                arguments[0].unlink()
            raise error
        return real(*arguments)

    monkeypatch.setattr(module, name, work)


FULL = StorageError("the disk is full")


def test_an_empty_place_holds_nothing(file):
    assert (file.look(), file.signature(), file.content_before()) == (Found(), None, None)
    assert file.look(content(1), "moved-aside/x.wav") == Found(moved="moved-aside/x.wav")


def test_the_first_fragment_has_none_before_it(file, path, left):
    found = put(file, 1)
    assert found == Found(signature_of(path), content(1), 0.1, has_previous=False)
    assert (path.read_bytes(), file.content_before(), left()) == (whole(1), None, [])
    assert file.signature() == signature_of(path)


def test_each_fragment_keeps_the_one_before_it(file, path, previous, left):
    found = put(file, 1, 2, 3)
    assert (found.content, found.has_previous, found.moved) == (content(3), True, "")
    assert (path.read_bytes(), previous.read_bytes(), left()) == (whole(3), whole(2), [])
    assert file.content_before() == content(2)


def test_looking_tells_what_a_file_says_of_itself_unless_that_is_known(file, path):
    path.write_bytes(whole(1))
    assert file.look() == Found(signature_of(path), content(1), 0.1)
    assert file.look(content(2)).content == content(2)
    path.write_bytes(RECORDING)
    assert file.look() == Found(signature_of(path), None, pytest.approx(0.2))


def test_putting_back_swaps_and_a_second_time_undoes_it(file, path, previous, left):
    put(file, 1, 2)
    assert (file.put_back().content, path.read_bytes(), previous.read_bytes()) == (content(1), whole(1), whole(2))
    assert (file.put_back().content, path.read_bytes(), previous.read_bytes()) == (content(2), whole(2), whole(1))
    assert left() == []


def test_without_a_fragment_before_there_is_nothing_to_put_back(file, path, left):
    put(file, 1)
    with pytest.raises(StorageError, match="slot 1 has no previous fragment to put back"):
        file.put_back()
    assert (path.read_bytes(), left()) == (whole(1), [])


def test_putting_back_into_a_place_that_was_emptied_uses_the_previous_one_up(file, path, previous):
    put(file, 1, 2)
    path.unlink()
    found = file.put_back()
    assert (found.content, found.has_previous) == (content(1), False)
    assert (path.read_bytes(), previous.exists()) == (whole(1), False)


def test_a_recording_is_moved_aside_and_a_copy_of_it_put_back(file, path, tmp_path, previous):
    path.write_bytes(RECORDING)
    assert put(file, 1).moved == "moved-aside/output01.wav"
    found = file.put_back()
    assert (found.content, found.moved, path.read_bytes()) == (None, "", RECORDING)
    # Who records into the slot again must not record into what is kept.
    with path.open("r+b") as recorder:
        recorder.write(b"something else")
    assert (tmp_path / "moved-aside" / path.name).read_bytes() == RECORDING
    assert previous.read_bytes() == whole(1)


def test_what_cannot_be_read_cannot_be_put_back(file, path, monkeypatch, left):
    put(file, 1, 2)
    refuse(monkeypatch, "keep_copy", OSError(5, "no"))
    with pytest.raises(StorageError, match=r"cannot read .*: the disk does not answer"):
        file.put_back()
    assert (path.read_bytes(), file.content_before(), left()) == (whole(2), content(1), [])


@pytest.mark.parametrize(
    ("name", "error", "at"),
    [
        ("write_whole", FULL, 1),
        ("place_of", FULL, 1),
        ("keep_own", FULL, 1),
        ("keep_copy", OSError(28, "full"), 1),
        ("replace_file", FULL, 1),
    ],
)
def test_a_fragment_that_cannot_be_put_there_leaves_all_as_it_was(file, path, monkeypatch, left, name, error, at):
    put(file, 1, 2)
    refuse(monkeypatch, name, error, at)
    with pytest.raises(StorageError, match="the disk is full"):
        put(file, 3)
    assert (path.read_bytes(), file.content_before(), left()) == (whole(2), content(1), [])
    assert put(file, 4).content == content(4)
    assert file.content_before() == content(2)


def test_where_the_one_before_cannot_be_kept_there_is_none_rather_than_a_wrong_one(file, path, monkeypatch, previous):
    put(file, 1, 2)
    refuse(monkeypatch, "replace_file", FULL, at=2)
    found = put(file, 3)
    assert (found.content, found.has_previous, path.read_bytes()) == (content(3), False, whole(3))
    assert not previous.exists()


@links
def test_a_link_stays_one_and_what_it_leads_to_is_replaced(file, path, tmp_path, left):
    target = tmp_path / "sampler" / "kick.wav"
    target.parent.mkdir()
    path.symlink_to(target)
    put(file, 1, 2)
    assert (path.is_symlink(), target.read_bytes(), file.content_before()) == (True, whole(2), content(1))
    assert ([one.name for one in target.parent.iterdir()], left()) == (["kick.wav"], [])


@links
def test_a_link_to_another_slot_s_file_is_refused(file, path, other, left):
    other.write_bytes(whole(9))
    path.symlink_to(other)
    with pytest.raises(StorageError, match=r"is a link to the file of output02\.wav: each slot has its own file"):
        put(file, 1)
    assert (other.read_bytes(), left()) == (whole(9), [])
