"""What Hydrogen is told and when; and the real program over JACK, whose sound is recorded."""

import shutil
import threading
import time
from contextlib import ExitStack, closing

import mido
import numpy as np
import pytest
import soundfile

from midifrag.clock import monotonic
from midifrag.config.ports import NotifySettings
from midifrag.doors.instruments import hydrogen as door_module
from midifrag.doors.instruments.hydrogen import HydrogenDoor, make_hydrogen
from midifrag.doors.instruments.hydrogen_kit import sample_file
from midifrag.events import JobChanged
from midifrag.intents import LockSlot
from midifrag.playback.messages import Sounding
from midifrag.states import JobState
from tests.doors.instruments.hydrogen_program import free_port, hydrogen
from tests.doors.instruments.sounds import RATE, SlotsRig, tone, wav
from tests.jack_recorder import Recorder, found
from tests.support import PATIENCE
from tests.support.runtimes import played_show
from tests.support.shows import loaded


class Line:
    """What a door says to Hydrogen; while it is ``deaf`` nobody listens."""

    def __init__(self):
        self.said, self.deaf, self.closed = [], False, False
        self._news = threading.Condition()

    def knock(self):
        self._say("knock")

    def load(self, folder):
        self._say(folder.name)

    def close(self):
        self.closed = True

    def _say(self, word):
        with self._news:
            self.said.append(f"{word}, unheard" if self.deaf else word)
            self._news.notify_all()
            if self.deaf:
                raise ConnectionRefusedError(111, "Connection refused")

    def wait_for(self, count, word="hydrogen"):
        with self._news:
            assert self._news.wait_for(lambda: self.said.count(word) >= count, PATIENCE), self.said


@pytest.fixture
def rig(tmp_path):
    return SlotsRig(tmp_path)


@pytest.fixture
def quick(monkeypatch):
    """A door that gives nobody much time."""
    monkeypatch.setattr(door_module, "RETRY", 0.02)
    monkeypatch.setattr(door_module, "GRACE", 0.02)
    monkeypatch.setattr(door_module, "KNOCK_EVERY", 1e9)


@pytest.fixture
def opened(rig, quick):
    with ExitStack() as stack:

        def make(line, put=lambda _: None, **keys):
            door = HydrogenDoor(rig.folder, rig.count, put, line, **keys)
            door.start()
            return stack.enter_context(closing(door))

        yield make


def test_the_kit_is_read_once_at_the_beginning_and_after_each_landing(rig, opened):
    line = Line()
    door = opened(line)
    door.handle(rig.told())
    line.wait_for(1)
    door.handle(rig.landing(2, tone(440)))
    line.wait_for(2)
    assert (rig.folder / "hydrogen" / sample_file(2)).read_bytes() == wav(tone(440))
    door.handle(rig.told())
    door.handle(rig.landing(2, tone(880)))
    line.wait_for(3)
    door.close()
    assert line.said == ["knock", "hydrogen", "hydrogen", "hydrogen"]
    assert line.closed


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError("odd folder"), "Hydrogen: odd folder"), (KeyError("x"), "Hydrogen: unexpected: KeyError('x')")],
)
def test_whatever_cannot_be_told_is_said_and_the_next_landing_is_tried(rig, opened, error, text):
    told, line = [], Line()
    door = opened(line, lambda notice: told.append(notice.text))
    loads, line.load = line.load, lambda folder: fails.pop()(folder)

    def refuses(_folder):
        raise error

    fails = [loads, refuses]
    door.handle(rig.told())
    line.wait_for(1)
    door.close()
    assert told == [text, "Hydrogen follows again"]


def test_it_waits_until_what_is_said_to_sound_is_silent(rig, opened, monkeypatch):
    told, line = [], Line()
    monkeypatch.setattr("midifrag.doors.instruments.reload.TOLD_AFTER", 0.05)
    heard = threading.Event()
    door = opened(line, lambda notice: (told.append(notice.text), heard.set()))
    door.handle(rig.told())
    line.wait_for(1)
    rig.sounds = frozenset({1})
    door.handle(rig.told())
    door.handle(rig.landing(2, tone(440)))
    assert heard.wait(PATIENCE)
    assert told == ["Hydrogen gets what has landed when slot 1 ceases to sound"]
    assert line.said.count("hydrogen") == 1
    rig.sounds = frozenset()
    door.handle(rig.told())
    line.wait_for(2)


def test_what_this_machine_plays_itself_is_not_in_the_way(rig, opened):
    line = Line()
    door = opened(line)
    rig.sounds = frozenset({2})
    door.handle(Sounding(2, 1, True, 0.0))
    door.handle(rig.told())
    line.wait_for(1)
    door.handle(Sounding(2, 1, False, 0.0))
    assert door._own == frozenset()


@pytest.mark.parametrize(("first_note", "waits"), [(36, True), (1, False)])
def test_a_pad_whose_note_midifrag_sends_itself_rings_as_long_as_its_sound(rig, opened, first_note, waits):
    door = opened(Line(), notify=NotifySettings(port="hydrogen", first_note=first_note))
    before = monotonic()
    door.handle(rig.told())
    door.handle(rig.landing(1, tone(440, seconds=30)))
    assert (door._reload._rings_until >= before + 30) is waits


def test_while_nobody_listens_it_is_told_once_and_tried_again(rig, opened):
    told, line = [], Line()
    line.deaf = True
    door = opened(line, lambda notice: told.append(notice.text))
    door.handle(rig.told())
    line.wait_for(3, "knock, unheard")
    line.deaf = False
    line.wait_for(1)
    line.deaf = True
    door.handle(rig.landing(1, tone(440)))
    line.wait_for(1, "hydrogen, unheard")
    line.deaf = False
    line.wait_for(2)
    assert line.said.count("knock") == 2, "who was gone may have begun just now"
    door.close()
    refused = "Hydrogen: [Errno 111] Connection refused; start it, with OSC switched on in its preferences"
    assert told == [refused, "Hydrogen follows again"] * 2


def test_one_that_was_begun_anew_gets_its_kit_again(rig, opened, monkeypatch):
    monkeypatch.setattr(door_module, "KNOCK_EVERY", 0.02)
    line = Line()
    door = opened(line)
    door.handle(rig.told())
    line.wait_for(1)
    line.wait_for(3, "knock")
    assert line.said.count("hydrogen") == 1
    line.deaf = True
    line.wait_for(1, "knock, unheard")
    line.deaf = False
    line.wait_for(2)


def test_a_kit_that_cannot_be_written_is_told_and_follows(rig, opened):
    told, line = [], Line()
    (rig.folder / "hydrogen").write_text("a file in the folder's place")
    door = opened(line, lambda notice: told.append(notice.text))
    door.handle(rig.told())
    assert "Hydrogen's kit: cannot write" in told[0]
    (rig.folder / "hydrogen").unlink()
    door.handle(rig.told())
    assert told[1:] == ["Hydrogen's kit: all is written again"]
    line.wait_for(1)


def test_a_kit_that_somebody_deletes_is_written_anew_and_read_again(rig, opened):
    told, line = [], Line()
    door = opened(line, lambda notice: told.append(notice.text))
    door.handle(rig.landing(1, tone(440)))
    line.wait_for(1)
    shutil.rmtree(rig.folder / "hydrogen")
    door._keeping.look()
    line.wait_for(2)
    assert (rig.folder / "hydrogen" / sample_file(1)).read_bytes() == wav(tone(440))
    assert [text.partition(":")[0] for text in told] == ["Hydrogen's kit"]


def test_only_a_set_that_asks_for_it_has_the_door(tmp_path):
    fragments = {"folder": str(tmp_path)}
    assert make_hydrogen(loaded(fragments=fragments), lambda _: None) is None
    door = make_hydrogen(loaded(fragments=fragments, instruments={"hydrogen": {"port": 9001}}), lambda _: None)
    assert door.name == "Hydrogen"
    door.close()


@pytest.mark.thorough
def test_a_pad_pressed_here_sounds_from_hydrogen_at_its_note(jack_server, peer, tmp_path):
    """The real program: what it plays at note 37 is the fragment that a press landed in slot 2."""
    osc = free_port()
    fragments = tmp_path / "fragments"
    fragments.mkdir()
    with hydrogen(tmp_path, osc) as midi:
        player = peer("player")
        connect("player out", midi)
        with played_show(fragments, instruments={"hydrogen": {"port": osc}}) as show:
            show.runtime.put(LockSlot(1, True))
            show.note(37)
            landed = show.seen.wait_for_kind(JobChanged, state=JobState.LANDED)
            sound, rate = soundfile.read(fragments / "output02.wav", dtype="float32", always_2d=True)
            assert (landed.slot, rate) == (2, RATE)
            assert played_until_found(player, np.broadcast_to(sound, (len(sound), 2)))


def connect(out, midi):
    # Not where there is no JACK, and this module is imported all the same.
    import jack

    client = jack.Client("wire", no_start_server=True)
    try:
        (found_out,) = client.get_ports(out, is_midi=True, is_output=True)
        client.connect(found_out, midi)
    finally:
        client.close()


def played_until_found(player, sound):
    """Whether what Hydrogen plays at note 37 becomes this sound; it is given its kit while this goes on."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        recorder = Recorder("Hydrogen")
        time.sleep(0.3)
        player.send(mido.Message("note_on", note=37, velocity=127))
        time.sleep(len(sound) / RATE + 0.5)
        stretches = recorder.stop()
        if (at := found(stretches, 0.5 * sound)) is not None:
            return is_in(stretches, at, sound)
    return False


def is_in(stretches, at, sound):
    """Whether just this sound is heard at a frame, at half its level, as Hydrogen's master has it."""
    (heard,) = (
        samples[at - frame : at - frame + len(sound)]
        for frame, samples in stretches
        if frame <= at < frame + len(samples)
    )
    return float(np.abs(heard - 0.5 * sound).max()) < 0.01
