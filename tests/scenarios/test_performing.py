"""A performer's evening with ``midifrag run``: real ports, real processes, and the wrong ways."""

import random
import threading
import time

import mido
import pytest
import soundfile

from midifrag.fragment.archive import Archive
from tests.support.performing import Performance, write_show
from tools.jack_server import BACKEND

LANDED, RENDERING, QUEUED, IDLE = 21, 45, 13, 0


def press(note, velocity=100):
    return mido.Message("note_on", note=note, velocity=velocity)


def velocities(messages, note):
    return [m.velocity for m in messages if m.type == "note_on" and m.note == note]


@pytest.fixture
def pads(peer):
    return peer("pads")


def queued(show, expected):
    """How many presses the session log knows; it is written a little later than pads are lit."""
    deadline = time.monotonic() + 20
    while True:
        count = len([e for e in show.events() if e.get("state") == "queued" and e["event"] == "JobChanged"])
        if count >= expected or time.monotonic() > deadline:
            return count
        time.sleep(0.05)


def test_an_evening(tmp_path, pads, peer):
    write_show(tmp_path, "pads")
    with Performance(tmp_path) as show:
        show.wait_for_line("ready")
        show.wait_for_line("input pads")
        show.wait_for_line("output pads")

        # A press: queued, rendering, landed; and the file is whole when the pad says so.
        pads.received.clear()
        pads.send(press(36))
        assert pads.wait_for(lambda messages: LANDED in velocities(messages, 36))
        audio, rate = soundfile.read(show.fragments / "output01.wav")
        assert (rate, audio.shape[1]) == (44100, 2)
        assert velocities(pads.received, 36) == [QUEUED, RENDERING, LANDED]

        # A chord at one instant, twice the same pad, and one pad that ignores its second press.
        pads.received.clear()
        pads.send(press(36), press(37), press(36), press(38), press(38))
        assert pads.wait_for(lambda m: [velocities(m, note).count(LANDED) for note in (36, 37, 38)] == [2, 1, 1]), (
            pads.received
        )

        # A flood of a knob and of garbage: every press among it counts.
        flood = [mido.Message("control_change", control=77, value=i % 128) for i in range(3000)]
        assert queued(show, 5) == 5
        pads.received.clear()
        for start in range(0, 3000, 600):
            pads.send(*flood[start : start + 600], [0xF7, 0xF7], press(36))
        assert pads.wait_for(lambda m: velocities(m, 36).count(LANDED) == 5, 60)
        assert queued(show, 10) == 10

        # Another bank by program change; an unknown program changes nothing.
        pads.send(mido.Message("program_change", program=1))
        pads.received.clear()
        pads.send(press(36), mido.Message("program_change", program=90))
        assert pads.wait_for(lambda m: LANDED in velocities(m, 36))
        assert Archive(show.fragments / "archive").find(limit=1)[0].prompt == "bell"

        # The plug is pulled and put back: the show says so, lights the pads again and plays on.
        pads.kill()
        show.wait_for_line("went away", 2)
        again = peer("pads")
        show.wait_for_line("input pads", 2)
        assert again.wait_for(lambda m: velocities(m, 36)[-1:] == [LANDED])
        again.received.clear()
        again.send(press(36))
        assert again.wait_for(lambda m: LANDED in velocities(m, 36))

        # Ctrl-C: exit 0, lights off, nothing half-written.
        assert show.interrupt() == 0
        assert again.wait_for(lambda m: velocities(m, 36)[-1:] == [IDLE])
    files = sorted(p.name for p in show.fragments.iterdir() if p.is_file())
    assert files == [f"output{n:02d}.wav" for n in range(1, 9)]
    takes = Archive(show.fragments / "archive").find()
    assert [take.number for take in takes] == list(range(len(takes), 0, -1))


def test_kill_9_at_random_moments_loses_no_archived_take_and_leaves_no_stray_file(tmp_path, pads):
    write_show(tmp_path, "pads")
    moments = random.Random(20)
    known = {}
    for _ in range(3):
        with Performance(tmp_path) as show:
            show.wait_for_line("ready")
            show.wait_for_line("input pads")
            stop = threading.Event()

            def hammer(stop=stop):
                while not stop.is_set():
                    pads.send(press(36), press(37))
                    time.sleep(0.02)

            thread = threading.Thread(target=hammer)
            thread.start()
            show.wait_for_line("landed", 2)
            time.sleep(moments.uniform(0.0, 0.3))
            show.kill()
            stop.set()
            thread.join()
        for path in show.fragments.iterdir():
            if path.is_file():
                assert path.name.startswith("output")
                soundfile.read(path)
        archive = Archive(show.fragments / "archive")
        takes = {take.number: (show.fragments / "archive" / take.file).read_bytes() for take in archive.find()}
        archive.close()
        assert known.items() <= takes.items()
        for take in archive.find():
            soundfile.read(show.fragments / "archive" / take.file)
        assert len(takes) > len(known)
        known = takes


def test_the_engine_is_killed_in_the_middle_and_the_next_press_works(tmp_path, pads):
    import psutil

    write_show(tmp_path, "pads")
    with Performance(tmp_path) as show:
        show.wait_for_line("ready")
        show.wait_for_line("input pads")
        engine = next(
            child
            for child in psutil.Process(show.process.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        )
        pads.send(*(press(37) for _ in range(6)))
        assert pads.wait_for(lambda m: RENDERING in velocities(m, 37))
        engine.kill()
        show.wait_for_line("restarting")
        assert pads.wait_for(lambda m: velocities(m, 37).count(LANDED) == 6, 60)
        pads.send(press(36))
        assert pads.wait_for(lambda m: LANDED in velocities(m, 36), 60)
        assert show.interrupt() == 0
    assert Archive(show.fragments / "archive").count() == 7


def test_a_missing_port_is_waited_for(tmp_path, peer, jack_server):
    write_show(tmp_path, "late")
    with Performance(tmp_path) as show:
        show.wait_for_line("waiting for its input")
        late = peer("late")
        show.wait_for_line("input late")
        show.wait_for_line("ready")
        late.send(press(36))
        assert late.wait_for(lambda m: LANDED in velocities(m, 36))


def test_two_ports_that_match_are_an_error_that_lists_them(tmp_path, peer):
    peer("twin a"), peer("twin b")
    write_show(tmp_path, "twin .*")
    with Performance(tmp_path) as show:
        assert show._over() == 1
    text = " ".join(show.lines)
    assert "matches several ports" in text
    assert "twin a" in text


def test_monitor_says_what_arrives_and_what_it_would_do(tmp_path, pads):
    write_show(tmp_path, "pads", "controls: [{cc: 21, sets: steps, range: [1, 100]}]")
    with Performance(tmp_path, command=("monitor",)) as monitor:
        monitor.wait_for_line("Ctrl-C ends")
        pads.send(press(36), mido.Message("control_change", control=21, value=127), press(99))
        monitor.wait_for_line("short kick")
        monitor.wait_for_line("steps")
        monitor.wait_for_line("nothing mapped")
        pads.send(mido.Message("program_change", program=1), press(36))
        monitor.wait_for_line("bell")
        assert monitor.interrupt() == 0


def test_ports_lists_real_ports(tmp_path, pads):
    with Performance(tmp_path, command=("ports", "--backend", BACKEND)) as ports:
        ports.wait_for_line("pads out")
        ports.wait_for_line("pads in")
