"""Files for samplers that somebody deletes, changes or locks while a show runs."""

import shutil
import threading
from contextlib import ExitStack, closing

import pytest

from midifrag.doors.instruments import keeping as keeping_module
from midifrag.doors.instruments.hydrogen_kit import Kit
from midifrag.doors.instruments.keeping import Keeping
from midifrag.doors.instruments.sfz import SfzFiles
from midifrag.doors.instruments.sfz_text import SAMPLES
from midifrag.doors.instruments.written import Folder
from midifrag.errors import StorageError
from midifrag.events import Notice
from midifrag.states import NoticeLevel
from tests.doors.instruments.sounds import SlotsRig, tone
from tests.support import PATIENCE


@pytest.fixture
def rig(tmp_path):
    return SlotsRig(tmp_path)


class Kept:
    """Files of one kind, what is told of them, and how they stood when all was well."""

    def __init__(self, rig, kind):
        self.told = []
        self.place = rig.folder / kind
        made = SfzFiles(Folder(self.place), rig.count, 36) if kind == "sfz" else Kit(self.place, rig.count)
        self.files = made
        self.keeping = Keeping(rig.folder, made, lambda notice: self.told.append(notice.text), kind)

    def contents(self):
        """What each file holds; of samples, whose names are new each time, only that, and of .sfz those they play."""
        found = [path for path in self.place.rglob("*.*") if path.is_file() and ".midifrag" not in path.parts]
        read = {path: path.read_bytes() for path in found if path.suffix != ".sfz"}
        for path in found:
            if path.suffix == ".sfz":
                names = [line.split("sample=")[1].split()[0] for line in path.read_text().splitlines()[1:]]
                played = (self.place / name for name in names if not name.startswith("*"))
                read[path] = path.name.encode() + b"".join(one.read_bytes() for one in played)
        return list(read.values())

    def lacks(self, before):
        """What of these contents is not there now."""
        now = self.contents()
        return [one[:40] for one in before if one not in now]


@pytest.fixture(params=["sfz", "hydrogen"])
def kept(rig, request):
    kept = Kept(rig, request.param)
    with closing(kept.keeping):
        kept.keeping.follow(rig.told())
        kept.keeping.follow(rig.landing(1, tone(440)))
        kept.keeping.follow(rig.landing(2, tone(220)))
        assert kept.told == []
        yield kept


def everything(kept):
    shutil.rmtree(kept.place)


def one_file(kept):
    next(path for path in sorted(kept.place.iterdir()) if path.is_file()).unlink()


def a_sample(kept):
    max((path for path in kept.place.rglob("*.wav")), key=lambda path: path.stat().st_size).unlink()


def all_samples(kept):
    for path in kept.place.rglob("*.wav"):
        path.unlink()


def a_sample_cut_off(kept):
    path = max((path for path in kept.place.rglob("*.wav")), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:100])


def our_own_folder(kept):
    shutil.rmtree(kept.place / ".midifrag")
    one_file(kept)


BEFALLS = [everything, one_file, a_sample, all_samples, a_sample_cut_off, our_own_folder]


@pytest.mark.parametrize("befalls", BEFALLS)
def test_what_somebody_deletes_or_changes_is_written_anew_by_itself_and_told_once(kept, befalls):
    before = kept.contents()
    befalls(kept)
    kept.keeping.look()
    assert kept.lacks(before) == []
    (text,) = kept.told
    assert "deleted or changed by another program" in text
    assert str(kept.place) in text
    kept.keeping.look()
    assert len(kept.told) == 1


@pytest.mark.parametrize("befalls", BEFALLS)
def test_at_the_latest_it_is_whole_again_when_something_lands(kept, rig, befalls):
    kept.keeping.follow(rig.landing(3, tone(110)))
    before = kept.contents()
    befalls(kept)
    kept.keeping.follow(rig.landing(3, tone(110)))
    assert kept.lacks(before) == []


def test_while_another_program_deletes_them_all_the_time_it_is_told_once(kept):
    for _ in range(4):
        everything(kept)
        kept.keeping.look()
    assert len(kept.told) == 1
    kept.keeping.look()
    everything(kept)
    kept.keeping.look()
    assert len(kept.told) == 2


def test_a_folder_that_cannot_be_written_is_told_once_and_followed_when_it_can(kept, rig, monkeypatch):
    before = kept.contents()
    all_samples(kept)

    def refused(path, _content):
        raise StorageError(f"cannot write {path}: it may not be written: change its permissions")

    with monkeypatch.context() as patched:
        patched.setattr("midifrag.doors.instruments.written.write_whole", refused)
        for _ in range(3):
            kept.keeping.look()
        kept.keeping.follow(rig.told())
        assert len(kept.told) == 1
        assert "it may not be written: change its permissions; it is tried again every 5 s" in kept.told[0]
    kept.keeping.look()
    assert kept.lacks(before) == []
    assert kept.told[1:] == [f"{kept.place.name}: all is written again"]


def test_permissions_that_somebody_takes_away_are_given_back(kept):
    path = next(kept.place.glob("*.sfz"), kept.place / "drumkit.xml")
    text = path.read_text()
    path.chmod(0)
    kept.keeping.look()
    path.chmod(0o600)
    assert path.read_text() == text


def test_old_samples_that_nobody_plays_may_go(rig):
    kept = Kept(rig, "sfz")
    with closing(kept.keeping):
        for hertz in (220, 440):
            kept.keeping.follow(rig.landing(1, tone(hertz)))
        old = min((kept.place / SAMPLES).iterdir())
        old.unlink()
        kept.keeping.look()
    assert (kept.told, old.exists()) == ([], False)


def test_looks_come_by_themselves_once_it_has_begun(kept, monkeypatch):
    monkeypatch.setattr(keeping_module, "LOOK_EVERY", 0.01)
    told = threading.Event()
    monkeypatch.setattr(kept.keeping, "_put", lambda _notice: told.set())
    everything(kept)
    kept.keeping.start()
    assert told.wait(PATIENCE)


def test_news_that_is_none_of_it_costs_nothing(kept, monkeypatch):
    monkeypatch.setattr(kept.files.folder, "lost", lambda _names: 1 / 0)
    kept.keeping.follow(Notice(NoticeLevel.INFO, "hello"))


def test_a_second_show_keeps_its_hands_off_and_says_so_until_the_first_has_ended(rig):
    with ExitStack() as stack:
        first, second = Kept(rig, "sfz"), Kept(rig, "sfz")
        stack.callback(second.keeping.close)
        with closing(first.keeping):
            first.keeping.follow(rig.landing(1, tone(220)))
            before = first.contents()
            second.keeping.follow(rig.told())
            second.keeping.look()
            (text,) = second.told
            assert "another midifrag that runs writes into" in text
            assert "end it, or give this set a folder of its own, fragments: {folder: …}" in text
            first.keeping.look()
            assert (first.told, first.contents()) == ([], before)
        second.keeping.look()
        assert second.told[1:] == ["sfz: all is written again"]


def test_a_mistake_of_ours_does_not_end_the_looks(kept, monkeypatch, caplog):
    monkeypatch.setattr(keeping_module, "LOOK_EVERY", 0.01)
    looks = threading.Semaphore(0)

    def fails():
        looks.release()
        raise RuntimeError("boom")

    monkeypatch.setattr(kept.keeping, "look", fails)
    kept.keeping.start()
    for _ in range(2):
        assert looks.acquire(timeout=PATIENCE)
    kept.keeping.close()
    assert "could not be looked after" in caplog.text
