"""The SFZ files that a set gets, read and rendered by sfizz itself where it can be installed."""

from contextlib import ExitStack, closing

import numpy as np
import pytest

from midifrag.doors.instruments.sfz import KEPT, SfzDoor, make_sfz
from midifrag.doors.instruments.sfz_text import SAMPLES
from midifrag.events import JobChanged
from midifrag.intents import LockSlot
from midifrag.states import JobState
from tests.doors.instruments.sounds import RATE, SlotsRig, tone
from tests.support.runtimes import played_show
from tests.support.shows import loaded


@pytest.fixture
def rig(tmp_path):
    return SlotsRig(tmp_path)


@pytest.fixture
def opened(rig):
    """Opens doors of the rig's slots; they are closed at the end."""
    with ExitStack() as stack:

        def make(put=None, first_note=36):
            door = SfzDoor(rig.folder, rig.count, first_note, put or (lambda item: pytest.fail(f"told {item}")))
            door.start()
            return stack.enter_context(closing(door))

        yield make


def samples(rig):
    return sorted(path.name for path in (rig.folder / "sfz" / SAMPLES).iterdir())


def text(rig, name="slots.sfz"):
    return (rig.folder / "sfz" / name).read_text()


def rendered(rig, file, note, held=1.0, seconds=2.0):
    """What sfizz makes of a note, of shape (2, samples)."""
    pysfizz = pytest.importorskip("pysfizz", reason="there are no wheels of pysfizz for this machine")
    synth = pysfizz.Synth(RATE, 64)
    assert synth.load_sfz_file(rig.folder / "sfz" / file)
    return synth.render_note(note, 127, held, seconds)


def likeness(heard, sound):
    """How alike two sounds of shape (2, samples) are, 0–1, whatever their level; the first may begin a little later."""
    length = sound.shape[1]
    scores = [
        float((heard[:, at : at + length] * sound).sum())
        / float(np.linalg.norm(heard[:, at : at + length]) * np.linalg.norm(sound) + 1e-9)
        for at in range(8)
    ]
    return max(scores)


def test_what_a_player_renders_is_the_fragment(rig, opened):
    door = opened()
    low, high = tone(220), tone(880)
    door.handle(rig.told())
    door.handle(rig.landing(1, low, "low <$1> key=99"))
    door.handle(rig.landing(3, high, "high"))
    door.handle(rig.told())
    for file, note, sound in (("slots.sfz", 36, low), ("slots.sfz", 38, high), ("slot03.sfz", 38, high)):
        assert likeness(rendered(rig, file, note), sound) > 0.99
    assert likeness(rendered(rig, "slots.sfz", 36), high) < 0.5
    assert np.abs(rendered(rig, "slot02.sfz", 37)).max() == 0


def test_a_sound_that_lands_later_is_heard_when_the_file_is_read_again(rig, opened):
    door = opened(first_note=60)
    door.handle(rig.landing(1, tone(220)))
    first = samples(rig)
    door.handle(rig.landing(1, tone(880)))
    assert likeness(rendered(rig, "slot01.sfz", 60), tone(880)) > 0.99
    assert len(samples(rig)) == 2
    assert set(first) < set(samples(rig))


def test_a_loop_goes_round_until_its_note_ends_and_a_fragment_is_heard_to_its_end(rig, opened):
    door = opened()
    at = np.arange(RATE // 4) / RATE
    steady = np.stack([0.5 * np.sin(2 * np.pi * 440 * at)] * 2).astype(np.float32)
    door.handle(rig.landing(1, steady, loop=True))
    door.handle(rig.landing(2, steady))
    heard = rendered(rig, "slots.sfz", 36, held=1.0)
    assert np.abs(heard[:, RATE * 9 // 10 : RATE - 100]).max() > 0.05
    assert np.abs(heard[:, RATE * 11 // 10 :]).max() < 0.001
    once = rendered(rig, "slots.sfz", 37, held=0.05)
    assert np.abs(once[:, RATE // 5 : RATE // 4]).max() > 0.05
    assert np.abs(once[:, RATE // 2 :]).max() < 0.001


def test_after_a_restart_files_stay_as_they_are(rig, opened):
    door = opened()
    door.handle(rig.landing(1, tone(220), loop=True))
    door.handle(rig.landing(2, tone(440)))
    door.close()
    before = {path: path.stat().st_mtime_ns for path in (rig.folder / "sfz").rglob("*.*") if path.is_file()}
    again = opened()
    again.handle(rig.told())
    after = {path: path.stat().st_mtime_ns for path in (rig.folder / "sfz").rglob("*.*") if path.is_file()}
    # The third slot was never told of before.
    del after[rig.folder / "sfz" / "slot03.sfz"]
    assert after == before
    assert "loop_continuous" in text(rig, "slot01.sfz")


def test_a_fragment_that_is_put_back_plays_from_its_own_sample_as_the_loop_that_it_is(rig, opened):
    door = opened()
    door.handle(rig.landing(1, tone(220), "first", loop=True))
    door.handle(rig.landing(1, tone(440), "second"))
    assert "second" in text(rig)
    rig.put(1, tone(220), "first")
    door.handle(rig.told())
    assert "01-0001-first.wav loop_mode=loop_continuous" in text(rig)
    assert len(samples(rig)) == 2


def test_the_last_samples_of_a_slot_are_kept_and_what_an_sfz_file_speaks_of(rig, opened):
    door = opened()
    door.handle(rig.landing(1, tone(100), "kept"))
    (kept,) = samples(rig)
    (rig.folder / "sfz" / "my own.sfz").write_text(f"<region> key=1 sample=samples/{kept}\n")
    (rig.folder / "sfz" / SAMPLES / "mine.wav").write_bytes(b"mine")
    door.handle(rig.landing(2, tone(100), "other slot"))
    for number in range(KEPT + 4):
        door.handle(rig.landing(1, tone(200 + number), f"sound {number}"))
    names = samples(rig)
    assert kept in names
    assert "mine.wav" in names
    assert [name[8:] for name in names if name.startswith("02")] == ["other-slot.wav"]
    assert [name[8:] for name in names if "sound" in name] == [f"sound-{number}.wav" for number in range(3, KEPT + 4)]


def test_an_emptied_slot_is_silent(rig, opened):
    door = opened()
    door.handle(rig.landing(1, tone(220)))
    rig.path(1).unlink()
    door.handle(rig.told())
    assert text(rig, "slot01.sfz").splitlines()[1:] == ["<region> key=36 sample=*silence"]


def test_a_folder_that_cannot_be_written_is_told_once_and_tried_again(rig, opened):
    told = []
    door = opened(told.append)
    (rig.folder / "sfz").write_text("a file in the folder's place")
    door.handle(rig.landing(1, tone(220)))
    door.handle(rig.told())
    assert len(told) == 1
    assert "SFZ files: cannot write" in told[0].text
    (rig.folder / "sfz").unlink()
    door.handle(rig.told())
    assert [notice.text for notice in told[1:]] == ["SFZ files: all is written again"]
    assert len(samples(rig)) == 1


def test_only_a_set_that_asks_for_it_has_the_door(rig):
    fragments = {"folder": str(rig.folder), "count": 3}
    assert make_sfz(loaded(fragments=fragments), lambda _: None) is None
    door = make_sfz(loaded(fragments=fragments, instruments={"sfz": True, "first_note": 60}), lambda _: None)
    with closing(door):
        door.handle(rig.told())
    assert [line.split()[1] for line in text(rig).splitlines()[1:]] == ["key=60", "key=61", "key=62"]


def test_a_press_of_a_show_is_in_its_sfz_files(rig):
    with played_show(rig.folder, instruments={"sfz": True}) as show:
        show.runtime.put(LockSlot(1, True))
        show.note(36)
        show.seen.wait_for_kind(JobChanged, state=JobState.LANDED)
    (name,) = samples(rig)
    assert name == "02-0001-rain.wav"
    assert (rig.folder / "sfz" / SAMPLES / name).read_bytes() == rig.path(2).read_bytes()
    assert f"key=37 sample=samples/{name} loop_mode=one_shot" in text(rig)
