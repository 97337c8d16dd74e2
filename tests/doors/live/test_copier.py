import errno
import shutil
import threading

import pytest

from midifrag.doors.live import copies
from midifrag.doors.live.copier import HANGS_AFTER, LONGEST_PAUSE, PAUSE, Copier, Wanted
from midifrag.doors.live.copies import Copies
from midifrag.doors.live.copy_record import Facts
from midifrag.errors import StorageError
from tests.doors.live.fragments import put
from tests.doors.live.peers import until
from tests.support import PATIENCE


class Taken:
    def __init__(self):
        self.copies, self.failures = [], []

    def copied(self, copy, *, again):
        self.copies.append((copy.file, copy.slot, again))

    def not_copied(self, slot, why):
        self.failures.append((slot, why))


@pytest.fixture
def rig(tmp_path):
    rig = Taken()
    rig.slots, rig.folder, rig.now = tmp_path, tmp_path / "ableton", 100.0
    rig.copier = Copier(rig.folder, rig, lambda: rig.now)
    yield rig
    rig.copier.close()


def rain(_content):
    return Facts(name="rain")


def test_what_landed_is_copied_and_told(rig):
    rig.copier.start()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=4), rain, job=4))
    until(lambda: rig.copies)
    rig.copier.want(Wanted(1, rig.slots / "output01.wav", rain, again=True))
    until(lambda: len(rig.copies) == 2)
    assert rig.copies == [("0001 rain.wav", 1, False), ("0001 rain.wav", 1, True)]
    assert rig.failures == []


def test_the_newest_of_a_slot_overtakes_what_was_not_begun_and_nobody_waits_for_it_longer(rig):
    for slot, job in ((1, 1), (2, 2), (1, 3)):
        rig.copier.want(Wanted(slot, put(rig.slots, slot, job=job, landing=job), rain, job=job))
    rig.copier.start()
    until(lambda: len(rig.copies) == 2)
    assert rig.copies == [("0001 rain.wav", 2, False), ("0002 rain.wav", 1, False)]


def test_what_was_overtaken_in_its_slot_is_nobody_s_trouble(rig):
    rig.copier.start()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=2), rain, job=1))
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=3), rain, job=3))
    until(lambda: rig.copies)
    assert (rig.copies, rig.failures) == ([("0001 rain.wav", 2, False)], [])


def test_a_copy_that_cannot_be_made_is_told_and_the_next_one_is_made(rig):
    rig.copier.start()
    rig.copier.want(Wanted(1, rig.slots / "none.wav", rain, job=1))
    until(lambda: rig.failures)
    assert rig.failures[0][1].startswith("cannot copy none.wav into ")
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=3), lambda _: 1 / 0, job=3))
    until(lambda: len(rig.failures) == 2)
    assert rig.failures[1] == (2, "unexpected: ZeroDivisionError('division by zero')")
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=3), rain, job=3))
    until(lambda: rig.copies)


@pytest.mark.linux
def test_a_folder_that_goes_is_told_and_used_again_when_it_is_back(rig):
    drive = rig.slots / "drive"
    rig.copier = Copier(drive / "ableton", rig, lambda: rig.now)
    rig.copier.start()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=1), rain, job=1))
    until(lambda: rig.copies)
    shutil.rmtree(drive)
    rig.copier.want(Wanted(1, rig.slots / "output01.wav", rain, job=1))
    until(lambda: rig.failures)
    assert "the folder or file is gone: connect its drive again" in rig.failures[0][1]
    drive.mkdir()
    rig.copier.want(Wanted(1, rig.slots / "output01.wav", rain, job=1))
    until(lambda: len(rig.copies) == 2)


def test_a_drive_that_does_not_answer_is_seen(rig, monkeypatch):
    goes_on, begun = threading.Event(), threading.Event()

    def hangs(*_arguments):
        begun.set()
        assert goes_on.wait(PATIENCE)

    monkeypatch.setattr(Copies, "of_slot", hangs)
    rig.copier.start()
    rig.copier.want(Wanted(5, rig.slots / "x.wav", rain))
    assert begun.wait(PATIENCE)
    assert rig.copier.hangs() is None
    rig.now += HANGS_AFTER + 1
    assert rig.copier.hangs() == 5
    goes_on.set()
    until(lambda: rig.copier.hangs() is None)
    assert rig.copies == []


def test_what_nobody_is_there_for_is_left_out(rig):
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=1), rain, job=1))
    rig.copier.forget()
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=2), rain, job=2))
    rig.copier.start()
    until(lambda: rig.copies)
    rig.copier.close()
    assert rig.copies == [("0001 rain.wav", 2, False)]
    assert not list((rig.folder / ".midifrag").glob("work-*"))


@pytest.fixture
def full(rig, monkeypatch):
    """A disk that refuses as long as this is set, with what was tried."""
    copy_regular = copies.copy_regular
    full = threading.Event()
    full.tries = []
    full.set()

    def copy(source, aside):
        full.tries.append(source.name)
        if full.is_set():
            raise OSError(errno.ENOSPC, "full")
        copy_regular(source, aside)

    monkeypatch.setattr(copies, "copy_regular", copy)
    rig.copier.start()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=1), rain, job=1))
    until(lambda: rig.copier._later)
    return full


def test_what_the_disk_refused_is_tried_again_with_pauses_until_it_is_made(rig, full):
    pauses = []
    for _ in range(7):
        ((due, pause, _),) = rig.copier._later.values()
        pauses.append(pause)
        assert due == rig.now + pause
        tried = len(full.tries)
        rig.now = due
        until(lambda tried=tried: len(full.tries) > tried and rig.copier._later)
    assert pauses == [PAUSE, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
    full.clear()
    rig.now += LONGEST_PAUSE
    until(lambda: rig.copies)
    assert rig.copies == [("0001 rain.wav", 1, False)]
    assert not rig.copier._later


def test_what_was_refused_is_overtaken_by_what_is_newer_in_its_slot(rig, full):
    full.clear()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=2, landing=2), rain, job=2))
    until(lambda: rig.copies)
    rig.now += LONGEST_PAUSE
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=3), rain, job=3))
    until(lambda: len(rig.copies) == 2)
    assert full.tries == ["output01.wav", "output01.wav", "output02.wav"]


def test_what_was_refused_is_not_tried_again_for_nobody(rig, full):
    rig.copier.forget()
    full.clear()
    rig.now += LONGEST_PAUSE
    rig.copier.want(Wanted(2, put(rig.slots, 2, job=3), rain, job=3))
    until(lambda: rig.copies)
    assert full.tries == ["output01.wav", "output02.wav"]


def test_a_drive_that_does_not_answer_from_the_start_is_seen(rig, monkeypatch):
    goes_on, begun = threading.Event(), threading.Event()
    begin = Copies.begin

    def hangs(self):
        begun.set()
        assert goes_on.wait(PATIENCE)
        begin(self)

    monkeypatch.setattr(Copies, "begin", hangs)
    rig.copier.start()
    assert begun.wait(PATIENCE)
    rig.now += HANGS_AFTER + 1
    assert rig.copier.hangs() is None
    rig.copier.want(Wanted(3, put(rig.slots, 3, job=1), rain, job=1))
    assert rig.copier.hangs() == 3
    goes_on.set()
    until(lambda: rig.copies)
    assert rig.copier.hangs() is None


def test_a_folder_that_could_not_be_made_at_the_start_is_made_later(rig, monkeypatch):
    begin, tries = Copies.begin, []

    def fails(self):
        tries.append(1)
        if len(tries) < 3:
            raise StorageError("cannot make it")
        begin(self)

    monkeypatch.setattr(Copies, "begin", fails)
    rig.copier.start()
    rig.copier.want(Wanted(1, put(rig.slots, 1, job=1), rain, job=1))
    until(lambda: rig.copier._later)
    assert rig.failures == [(1, "cannot make it")]
    rig.now += PAUSE
    until(lambda: rig.copies)
