import pytest

from midifrag.doors.instruments.slot_files import SlotFiles
from midifrag.errors import StorageError
from midifrag.events import Notice
from midifrag.states import NoticeLevel
from tests.doors.instruments.sounds import SlotsRig, tone, wav


@pytest.fixture
def rig(tmp_path):
    return SlotsRig(tmp_path)


def test_each_sound_is_handed_on_once_whoever_tells_of_it(rig):
    files, got = SlotFiles(rig.folder), []
    landed = rig.landing(2, tone(440), "bell", loop=True)
    assert files.follow(landed, got.append) == ""
    (sound,) = got
    assert (sound.slot, sound.name, sound.prompt, sound.loop) == (2, "output02.wav", "bell", True)
    assert sound.content == wav(tone(440))
    assert files.follow(landed, got.append) is None
    # The others, of which nothing was told yet, are empty.
    assert files.follow(rig.told(), got.append) == ""
    assert [(one.slot, one.content) for one in got[1:]] == [(1, None), (3, None)]
    assert files.follow(rig.told(), got.append) is None


def test_what_is_put_there_otherwise_is_new_too_and_nobody_says_whether_it_loops(rig):
    files, got = SlotFiles(rig.folder), []
    files.follow(rig.landing(1, tone(440), loop=True), got.append)
    rig.put(1, tone(220), "put back")
    files.follow(rig.told(), got.append)
    assert (got[1].slot, got[1].prompt, got[1].loop) == (1, "put back", None)
    rig.path(1).unlink()
    files.follow(rig.told(), got.append)
    assert (got[-1].slot, got[-1].content) == (1, None)


def test_what_could_not_be_used_is_new_again_and_keeps_none_of_the_others(rig):
    files, got = SlotFiles(rig.folder), []
    rig.put(1, tone(440))
    rig.put(2, tone(220))

    def use(sound):
        if sound.slot == 1 and not got:
            got.append("refused")
            raise StorageError("the disk is full")
        got.append(sound.slot)

    assert files.follow(rig.told(), use) == "the disk is full"
    assert files.follow(rig.told(), use) == ""
    assert got == ["refused", 2, 3, 1]


def test_what_cannot_be_read_is_told_with_the_next_step(rig):
    rig.path(1).mkdir()
    files, got = SlotFiles(rig.folder), []
    said = files.follow(rig.told(), got.append)
    assert f"cannot read {rig.path(1)}" in said
    assert [one.slot for one in got] == [2, 3]


def test_other_news_is_none_of_it(rig):
    assert SlotFiles(rig.folder).follow(Notice(NoticeLevel.INFO, "hello"), lambda _: 1 / 0) is None
