"""Whole shows from start to end."""

import logging
import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from midifrag.bridge.items import Reload
from midifrag.engine.registry import create_engine
from midifrag.errors import DriveHangsError, NoMidiError, PortError, Problem, StorageError
from midifrag.events import EngineChanged, JobChanged, Notice, PadChanged, PlaybackChanged
from midifrag.fragment import archive, punctual, rescue
from midifrag.fragment.archive import Archive
from midifrag.fragment.writer import FragmentWriter
from midifrag.fragment.writer_events import Landed
from midifrag.intents import Press, Prompt, SendTake
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.messages import NoteOn
from midifrag.midi.output import OutputThread
from midifrag.midi.ports import Ports
from midifrag.playback.messages import Load, PlaybackState, Start
from midifrag.show import runtime
from midifrag.show.ending import Ending
from midifrag.show.playing import ClipPorts, wait_until_landed
from midifrag.show.runtime import Runtime
from midifrag.states import JobState, NoticeLevel, PadState
from tests.support import PATIENCE
from tests.support.forms import some
from tests.support.runtimes import NeverRenders, Seen, in_its_own_time, landed, log_of, played_show
from tests.support.shows import bank, loaded


def test_a_press_ends_as_a_whole_file_in_a_slot_and_a_take_in_the_archive(tmp_path):
    with played_show(tmp_path) as show:
        show.note(36)
        (job,) = show.seen.wait_for(landed(1))
        # A port that is behind leaves out what the LED showed meanwhile.
        assert show.backend.wait_for(lambda sent: [m.velocity for _, m in sent if m.note == 36][-1:] == [21], PATIENCE)
        told = [change.state for change in show.seen.changes if isinstance(change, PadChanged)]
    assert list(dict.fromkeys(told)) == ["queued", "rendering", "landed"]
    audio, rate = soundfile.read(tmp_path / "output01.wav")
    assert rate == 44100
    assert np.abs(audio).max() == pytest.approx(1.0, abs=1e-3)
    (take,) = Archive(tmp_path / "archive").find()
    assert (take.number, take.slot, take.prompt, take.bank) == (1, 1, "rain", "opening")
    assert take.pressed_at < take.started_at <= take.rendered_at <= take.landed_at
    assert job.archived == "output001.wav"


def test_what_brings_a_take_into_its_slot_runs_before_other_threads(tmp_path, monkeypatch):
    first, then = set(), set()
    monkeypatch.setattr(runtime, "run_before_others", lambda: first.add(threading.current_thread().name))
    monkeypatch.setattr(runtime, "work_before_others", lambda: then.add(threading.current_thread().name))
    with played_show(tmp_path) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
    # What keeps a boundary goes before what works on whole takes.
    assert f"midifrag-files {tmp_path / 'output01.wav'}" in first
    assert {"midifrag-writer", f"midifrag-files {tmp_path / 'archive'}"} == then


class RecordingPlayer:
    def __init__(self, settings, listener):
        self.settings, self.listener = settings, listener
        self.submitted, self.life = [], []

    def start(self):
        self.life.append("started")
        self.listener(PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True))

    def submit(self, command):
        self.submitted.append(command)

    def close(self):
        self.life.append("closed")


def test_what_lands_is_given_to_the_player_first_its_samples_then_its_start(tmp_path):
    made = []

    def make(settings, listener):
        made.append(RecordingPlayer(settings, listener))
        return made[-1]

    with played_show(tmp_path, make_player=make) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
        assert show.seen.wait_for_kind(PlaybackChanged).device == "Desk"
    (player,) = made
    load, start = player.submitted
    assert (type(load), type(start)) == (Load, Start)
    assert (load.job, start.job, start.slot, start.at) == (load.job, load.job, 1, None)
    audio, _ = soundfile.read(tmp_path / "output01.wav", dtype="float32", always_2d=True)
    np.testing.assert_array_equal(load.audio.T, audio)
    assert player.life == ["started", "closed"]


def test_a_performer_s_own_file_is_told_at_the_start_and_kept(tmp_path):
    (tmp_path / "output01.wav").write_bytes(b"a recording of mine")
    with played_show(tmp_path) as show:
        notice = show.seen.wait_for_kind(Notice)
        show.note(36)
        (job,) = show.seen.wait_for(landed(1))
    assert notice.text.startswith(
        f"not made by midifrag: output01.wav in {tmp_path}; before a fragment takes its place"
    )
    assert "the output01.wav before was yours: moved-aside/output01.wav" in job.text
    assert (tmp_path / "moved-aside" / "output01.wav").read_bytes() == b"a recording of mine"


def test_pads_that_can_never_be_rendered_are_told_at_the_start_and_the_others_play(tmp_path):
    doubt = Problem("presets/opening.yaml", 3, "pads.37.sampler", "mine has no sampler 'eulr'")
    show = loaded(fragments={"folder": str(tmp_path)}, engine={"host": "thread", "spares": {"enabled": False}})
    with played_show(tmp_path, replace(show, unplayable=(doubt,))) as show:
        told = show.seen.wait_for_kind(Notice, level=NoticeLevel.WARNING)
        show.note(36)
        show.seen.wait_for(landed(1))
    assert told.text == f"{doubt}; the other pads play"


def test_twenty_presses_and_a_restart_in_the_middle(tmp_path):
    slots = []
    for presses in (11, 9):
        with played_show(tmp_path) as show:
            for _ in range(presses):
                show.note(37)
            jobs = show.seen.wait_for(lambda changes, n=presses: landed(n)(changes) and landed(1)(changes))
            slots += [job.slot for job in jobs]
    assert slots == [*range(1, 9), *range(1, 9), *range(1, 5)]
    assert sorted(take.number for take in Archive(tmp_path / "archive").find()) == list(range(1, 21))
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == [
        f"output{number:02d}.wav" for number in range(1, 9)
    ]


def test_takes_that_are_on_their_way_when_the_show_ends_are_kept(tmp_path):
    with played_show(tmp_path) as show:
        show.note(36)
        show.seen.wait_for_kind(JobChanged, state=JobState.QUEUED)
    takes = Archive(tmp_path / "archive").find()
    states = [c.state for c in show.seen.changes if isinstance(c, JobChanged)]
    assert bool(takes) == (JobState.LANDED in states or (tmp_path / "output01.wav").exists())


def test_the_leds_go_off_when_the_show_ends(tmp_path):
    with played_show(tmp_path) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
        backend = show.backend
    last = {m.note: m.velocity for _, m in backend.sent if m.type == "note_on"}
    assert last[36] == 0


def test_a_landing_is_notified_on_the_chosen_port_and_channel(tmp_path):
    with played_show(tmp_path, notify={"port": "midifrag", "channel": 16, "first_note": 1}) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
        assert show.backend.wait_for(lambda sent: any(m.type == "note_off" for _, m in sent), PATIENCE)
        notes = [(m.type, m.note) for _, m in show.backend.sent if m.channel == 15]
    assert notes == [("note_on", 1), ("note_off", 1)]


def test_the_session_log_holds_every_step_of_a_press(tmp_path):
    with played_show(tmp_path) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
    lines = log_of(tmp_path)
    states = [line.get("state") for line in lines if line["event"] == "JobChanged"]
    assert [states[0], states[-1]] == ["queued", "landed"]
    assert [lines[0]["event"], lines[-1]["event"]] == ["show", "end"]


def test_a_model_that_cannot_be_loaded_is_replaced_by_sketch_and_said(tmp_path):
    show = loaded(
        fragments={"folder": str(tmp_path)},
        model="mine",
        models={"mine": {"config": "nope.json", "checkpoint": "nope.ckpt"}},
        engine={"host": "thread", "spares": {"enabled": False}},
    )
    with played_show(tmp_path, show) as running:
        lost = running.seen.wait_for_kind(EngineChanged, model="mine", state="lost")
        assert "nope.json" in lost.text
        running.runtime.put(Prompt("short kick", {"seconds": 1}, running.runtime.clock.now()))
        (job,) = running.seen.wait_for(landed(1))
    assert Archive(tmp_path / "archive").get(job.take).model == "sketch"


def test_pads_of_the_active_bank_only(tmp_path):
    show = loaded(
        bank("one", {36: {"prompt": "short kick"}}, program=1),
        bank("two", {40: {"prompt": "rim"}}, program=2),
        fragments={"folder": str(tmp_path)},
        engine={"host": "thread", "spares": {"enabled": False}},
    )
    with played_show(tmp_path, show) as running:
        running.note(40)
        running.note(36)
        (job,) = running.seen.wait_for(landed(1))
        assert job.prompt == "short kick"


def diffusion_show(tmp_path, host, objective):
    from tests.engine.tiny_models import tiny_model_folder

    model = tiny_model_folder(tmp_path / "model", objective)
    return loaded(
        bank("one", {36: {"prompt": "short kick", "steps": 4, "seed": 11}, 37: {"prompt": "long pad", "steps": 4}}),
        fragments={"folder": str(tmp_path / "fragments"), "silent_below_db": -180},
        model="mine",
        models={"mine": {"folder": str(model)}},
        precision="fp32",
        engine={"host": host, "spares": {"enabled": False}},
    )


@pytest.mark.parametrize(("host", "objective"), some([("process", "v")], [("thread", "rf_denoiser")]))
def test_a_diffusion_model_plays_a_chord_and_a_take_can_be_rendered_again(tmp_path, host, objective):
    from midifrag.commands.render_again import again

    show = diffusion_show(tmp_path, host, objective)
    with played_show(tmp_path, show) as running:
        for note in (36, 37, 37):
            running.note(note)
        jobs = running.seen.wait_for(lambda changes: landed(3)(changes) and landed(1)(changes))
    assert sorted(job.slot for job in jobs) == [1, 2, 3]
    steps = [c.step for c in running.seen.changes if isinstance(c, JobChanged) and c.job == jobs[0].job]
    assert sorted(set(steps)) == [0, 1, 2, 3, 4]
    archive = Archive(tmp_path / "fragments" / "archive")
    take = next(take for take in archive.find() if take.prompt == "short kick")
    assert take.seed == 11
    assert len(take.checksum) == 64
    copy = again(archive, take, show)
    first, second = archive.read(take.number)[0], archive.read(copy.number)[0]
    # To rounding: the first was rendered in a batch with its neighbours.
    assert np.abs(first - second).max() <= 1e-4 * np.abs(first).max()
    archive.close()


def test_a_press_that_waits_at_the_start_does_not_load_its_model_twice(tmp_path):
    made = []

    def make(choice, _host):
        made.append((choice.model, "bridge" in [thread.name for thread in threading.enumerate()]))
        return create_engine(choice, "thread")

    show = loaded(fragments={"folder": str(tmp_path)}, model="sketch", engine={"spares": {"enabled": False}})
    runtime = Runtime(show, ClipPorts("midifrag"), make)
    runtime.put(Press(36, 1, "midifrag", 0.8, 0.0))
    with in_its_own_time(), closing(runtime):
        runtime.start()
        assert wait_until_landed(runtime, PATIENCE)
    # Nobody takes the press in before the engine is there.
    assert made == [("sketch", False)]


def test_a_show_that_could_not_start_closes_its_files(tmp_path):
    def no_ports(show, on_event, on_change):
        ports = ClipPorts("midifrag")(show, on_event, on_change)

        def refuse():
            raise PortError("several ports match")

        ports.open = refuse
        return ports

    runtime = Runtime(loaded(fragments={"folder": str(tmp_path)}), no_ports)
    with pytest.raises(PortError):
        runtime.start()
    assert runtime.close() == Ending()
    with played_show(tmp_path) as show:
        show.note(36)
        show.seen.wait_for(landed(1))


def test_what_hears_beats_is_warmed_at_the_start(tmp_path, monkeypatch):
    warmed = threading.Event()
    monkeypatch.setattr("midifrag.fragment.analysis.warm", warmed.set)
    pads = {36: {"prompt": "beat", "fragment": {"loop": True, "loop_align": True}}}
    engine = {"host": "thread", "spares": {"enabled": False}}
    with played_show(tmp_path, loaded(bank("one", pads), fragments={"folder": str(tmp_path)}, engine=engine)):
        assert warmed.wait(PATIENCE)


def test_what_stretches_is_started_at_the_start_where_some_pad_wants_it(tmp_path, monkeypatch):
    warmed = threading.Event()
    monkeypatch.setattr("midifrag.fragment.stretching.warm", warmed.set)
    show = loaded(
        bank("one", {36: {"prompt": "beat", "bars": 1}}),
        fragments={"folder": str(tmp_path), "stretch": True},
        engine={"host": "thread", "spares": {"enabled": False}},
    )
    with played_show(tmp_path, show):
        assert warmed.wait(PATIENCE)


def test_bars_become_a_slot_of_so_many_samples_and_an_archived_take_is_cut_to_the_tempo_of_now(tmp_path):
    pads = {
        36: {"prompt": "{bars} bars of soft pad", "bars": 2, "fragment": {"loop": True}},
        37: {"prompt": "short kick", "beats": 3},
    }
    settings = {"fragments": {"folder": str(tmp_path)}, "engine": {"host": "thread", "spares": {"enabled": False}}}
    show = loaded(bank("one", pads), tempo=174, **settings)
    with played_show(tmp_path, show) as played:
        played.note(36)
        played.seen.wait_for(landed(1))
        played.note(37)
        played.seen.wait_for(landed(2))
        played.runtime.put(Reload(replace(show, settings=show.settings.model_copy(update={"tempo": 92.5}))))
        played.runtime.put(SendTake(1, 3))
        again = played.seen.wait_for(landed(3))[0]
    frames = [soundfile.info(tmp_path / f"output0{slot}.wav").frames for slot in (1, 2, 3)]
    assert frames == [round(8 * 60 / 174 * 44100), round(3 * 60 / 174 * 44100), round(8 * 60 / 92.5 * 44100)]
    assert "made for 174 BPM and cut at 92.5: beats in it keep 174" in again.text
    with closing(Archive(tmp_path / "archive")) as archive:
        first, second = archive.get(1), archive.get(2)
    assert (first.prompt, first.bars, first.bpm, first.signature) == ("2 bars of soft pad", 2, 174, "4/4")
    assert (second.bars, second.beats, second.bpm) == (None, 3, 174)
    assert first.seconds >= 8 * 60 / 174 + 0.45


def test_the_log_ends_with_what_was_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.show.telling.MONITOR_CAPACITY", 1)
    busy, go_on = threading.Event(), threading.Event()
    with played_show(tmp_path) as show:
        show.runtime.monitor(lambda _heard: (busy.set(), go_on.wait(PATIENCE)), "slow")
        show.note(99)
        assert busy.wait(PATIENCE)
        for note in (98, 97, 36):
            show.note(note)
        show.seen.wait_for(landed(1))
        go_on.set()
    end = log_of(tmp_path)[-1]
    assert end["event"] == "end"
    assert (end["unwritten"], end["left_out"], end["lines_lost"]) == (0, {}, 0)
    assert end["missed"] == {"slow monitor": 2}
    assert {name for counts in end["midi"].values() for name in counts} == {
        "malformed",
        "ignored",
        "echoes",
        "left_out",
    }
    assert all(count == 0 for counts in end["midi"].values() for count in counts.values())


def test_takes_without_room_are_kept_elsewhere_before_anything_else_can_go_wrong(tmp_path, monkeypatch, caplog):
    real = archive.write_whole

    def full(path, content):
        if tmp_path / "set" in path.parents:
            raise StorageError("the disk is full")
        return real(path, content)

    monkeypatch.setattr(archive, "write_whole", full)
    monkeypatch.setattr(rescue, "PLACES", [lambda: [tmp_path / "elsewhere"]])
    (tmp_path / "set").mkdir()
    with in_its_own_time():
        with played_show(tmp_path / "set") as show:
            show.note(36)
            show.seen.wait_for(landed(1))
            for part in (show.runtime.ports, show.runtime.configuration, show.runtime._lights):
                monkeypatch.setattr(part, "close", lambda: 1 / 0)
            with caplog.at_level(logging.CRITICAL):
                ending = show.runtime.close()
        folder = tmp_path / "elsewhere" / rescue.FOLDER
        assert [held.waits_for for held in ending.unwritten] == ["archive"]
        assert ending.rescued.kept == ((folder, 1),)
        assert [take.prompt for take in Archive(folder).find()] == ["rain"]
        assert log_of(tmp_path / "set")[-1]["rescued"] == {str(folder): 1}


def test_a_drive_that_does_not_answer_at_the_start_is_said(tmp_path, monkeypatch):
    free = threading.Event()
    monkeypatch.setattr(runtime, "DRIVE_PATIENCE", 0.1)
    monkeypatch.setattr(runtime, "Archive", lambda *_: free.wait(PATIENCE))
    with pytest.raises(DriveHangsError, match=f"^{tmp_path / 'archive'} does not answer"):
        Runtime(loaded(fragments={"folder": str(tmp_path)}), ClipPorts("midifrag"))
    free.set()


def test_what_is_under_way_when_the_show_ends_is_told_as_cancelled(tmp_path):
    show = loaded(fragments={"folder": str(tmp_path)}, engine={"spares": {"enabled": False}})
    ports, seen = ClipPorts("midifrag"), Seen()
    runtime = Runtime(show, ports, lambda _choice, _host: NeverRenders())
    with in_its_own_time():
        runtime.start()
        runtime.watch(seen, "test")
        for note in (36, 37):
            runtime.put(NoteOn("midifrag", 1, note, 100, 0.0))
        seen.wait_for_kind(JobChanged, job=1, state=JobState.RENDERING)
        seen.wait_for_kind(JobChanged, job=2, state=JobState.QUEUED)
        runtime.close()
    ends = [change for change in seen.changes if isinstance(change, JobChanged)][-2:]
    assert [(end.job, end.state, end.text) for end in ends] == [
        (job, JobState.CANCELLED, "cancelled: the show ended") for job in (1, 2)
    ]
    pads = {change.note: change.state for change in seen.changes if isinstance(change, PadChanged)}
    assert pads == {36: PadState.IDLE, 37: PadState.IDLE}
    last = {message.note: message.velocity for _, message in ports.backend.sent if message.type == "note_on"}
    assert last == {36: 0, 37: 0}
    states = {line["job"]: line["state"] for line in log_of(tmp_path) if line["event"] == "JobChanged"}
    assert states == {1: "cancelled", 2: "cancelled"}


class NoPorts:
    """Ports on a machine without MIDI."""

    def __init__(self, *_):
        self.send = self.send_now = lambda *_args, **_options: False
        self.counts = {}

    def device(self, _port):
        return None

    def pair(self, _pairs):
        pass

    def open(self):
        raise NoMidiError("No MIDI here.")

    def close(self):
        pass


@pytest.mark.parametrize(
    ("keys", "ways"),
    [
        ({"page": {"enabled": False}}, None),
        ({}, "the page"),
        ({"page": {"enabled": False}, "osc": {"listen": 7400}}, "OSC"),
        ({"osc": {"listen": 7400}}, "the page and OSC"),
    ],
)
def test_a_show_without_midi_runs_where_something_else_can_play_it(tmp_path, keys, ways):
    show = Runtime(loaded(fragments={"folder": str(tmp_path)}, engine={"host": "thread"}, **keys), NoPorts)
    try:
        if ways is None:
            with pytest.raises(NoMidiError):
                show._open_ports()
        else:
            show._open_ports()
            assert [one.text for one in show._first_words] == [f"No MIDI here. Here, {ways} can play it too."]
    finally:
        show.close()


def test_a_controller_that_the_set_does_not_name_is_said_once_and_nothing_waits(tmp_path):
    keys = {"fragments": {"folder": str(tmp_path)}, "engine": {"host": "thread"}}
    ports = {"daw": {"in": {"virtual": "midifrag"}}}

    def make(settings, on_event, on_change):
        return Ports(settings, on_event, on_change, MemoryBackend(["MPK mini"]))

    show = Runtime(loaded(ports=ports, **keys), make)
    try:
        show._open_ports()
        (notice,) = show._first_words
        assert notice.level is NoticeLevel.INFO
        assert notice.text.startswith("'MPK mini': no port of this set. `midifrag learn` makes it one")
    finally:
        show.close()


def test_the_note_of_a_landing_at_a_boundary_is_out_before_the_landing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(punctual, "OTHERS_FIRST", PATIENCE)
    reached, free, send = threading.Event(), threading.Event(), OutputThread._send

    def slowly(output, name, lane, message):
        if message.type == "note_on" and message.channel == 15:
            reached.set()
            assert free.wait(PATIENCE)
        send(output, name, lane, message)

    monkeypatch.setattr(OutputThread, "_send", slowly)
    told, tell = [], FragmentWriter._tell
    monkeypatch.setattr(FragmentWriter, "_tell", lambda writer, event: (told.append(event), tell(writer, event)))
    with played_show(tmp_path, tempo=240, notify={"port": "midifrag"}, defaults={"land": "beat"}) as show:
        show.note(36)
        is_sent = reached.wait(PATIENCE)
        # The slot's hand waits: what it is given now is not done.
        after = show.runtime.slots._slots[1].hand.later(lambda: None)
        time.sleep(10 * punctual.LOOK)
        is_done = after.done()
        landed_before = [event for event in told if isinstance(event, Landed)]
        free.set()
        show.seen.wait_for(landed(1))
    assert is_sent
    assert not is_done
    assert landed_before == []
    assert [event.slot for event in told if isinstance(event, Landed)] == [1]
