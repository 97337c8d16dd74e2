"""A performer's evening with ``midifrag run``: real ports, real processes, and the wrong ways."""

import random
import threading
import time
from contextlib import closing, contextmanager

import mido
import pytest
import soundfile

from midifrag.fragment.archive import Archive
from tests.jack import EACH, again_and_again
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


def lands(peer, note):
    """Whether a press is answered by a pad that shows landed; what that says of the press before does not count."""

    def attempt():
        peer.received.clear()
        peer.send(press(note))
        return peer.wait_for(lambda messages: LANDED in velocities(messages, note), EACH)

    return again_and_again(attempt)


def hears(show, peer, *messages, note=36):
    """Whether the show hears one press of ``note`` more; what is sent with it may not arrive, or come twice."""
    before = show.log().heard(note)

    def attempt():
        peer.send(*messages)
        return show.wait_for_log(lambda log: log.heard(note) > before, EACH)

    return again_and_again(attempt)


@contextmanager
def performing(folder, peer="pads", **options):
    """A show that is ready to be played."""
    with Performance(folder, **options) as show:
        for line in ("ready", f"input {peer}", f"output {peer}"):
            show.wait_for_line(line)
        yield show


def test_an_evening(tmp_path, pads, peer):
    write_show(tmp_path, "pads")
    with performing(tmp_path) as show:
        # A press: the file is whole when the pad says so.
        assert lands(pads, 36)
        audio, rate = soundfile.read(show.fragments / "output01.wav")
        assert (rate, audio.shape[1]) == (44100, 2)
        assert set(velocities(pads.received, 36)) <= {QUEUED, RENDERING, LANDED}

        # A chord at one instant, twice the same pad, and one pad that ignores presses while it is busy.
        chord = [press(36), press(37), press(36), press(38), press(38)]
        assert all(hears(show, pads, *chord, note=note) for note in (36, 37, 38))
        assert show.wait_for_log(lambda log: log.has_landed(36) and log.has_landed(37))
        assert show.wait_for_log(lambda log: log.jobs(38) and set(log.jobs(38)) == {"landed"})
        assert len(show.log().jobs(38)) <= show.log().heard(38)

        # A flood of a knob and of garbage: every press among it counts.
        flood = [mido.Message("control_change", control=77, value=i % 128) for i in range(3000)]
        for start in range(0, 3000, 600):
            assert hears(show, pads, *flood[start : start + 600], [0xF7, 0xF7], press(36))
        assert show.wait_for_log(lambda log: log.has_landed(36))

        # Another bank by program change; an unknown program changes nothing.
        def select():
            pads.send(mido.Message("program_change", program=1))
            return show.wait_for_log(lambda log: any(line.get("slug") == "second" for line in log.lines), EACH)

        assert again_and_again(select)
        pads.send(mido.Message("program_change", program=90))

        def lands_a_bell():
            # One of the flood's presses may land in between.
            assert lands(pads, 36)
            with closing(Archive(show.fragments / "archive")) as archive:
                return archive.find(limit=1)[0].prompt == "bell"

        assert again_and_again(lands_a_bell)

        # The plug is pulled and put back: the show says so, lights the pads again and plays on.
        plugged = [pads]

        def replug():
            plugged[-1].kill()
            show.wait_for_line("went away", 2 * len(plugged))
            plugged.append(peer("pads"))
            show.wait_for_line("input pads", len(plugged))
            return plugged[-1].wait_for(lambda m: velocities(m, 36)[-1:] == [LANDED], EACH)

        assert again_and_again(replug)
        assert lands(plugged[-1], 36)
        assert show.wait_for_log(lambda log: log.has_landed(36))

        # Ctrl-C: exit 0, nothing half-written.
        assert show.interrupt() == 0
    files = sorted(p.name for p in show.fragments.iterdir() if p.is_file())
    assert files == [f"output{n:02d}.wav" for n in range(1, 9)]
    takes = Archive(show.fragments / "archive").find()
    assert [take.number for take in takes] == list(range(len(takes), 0, -1))


@pytest.mark.thorough
def test_the_lights_go_off_with_the_show(tmp_path, pads):
    write_show(tmp_path, "pads")

    def attempt():
        with performing(tmp_path) as show:
            assert lands(pads, 36)
            assert show.interrupt() == 0
        return pads.wait_for(lambda messages: velocities(messages, 36)[-1:] == [IDLE], EACH)

    assert again_and_again(attempt)


@pytest.mark.thorough
def test_kill_9_at_random_moments_loses_no_archived_take_and_leaves_no_stray_file(tmp_path, pads):
    write_show(tmp_path, "pads")
    moments = random.Random(20)
    known = {}
    for _ in range(3):
        with performing(tmp_path) as show:
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
    with performing(tmp_path) as show:
        engine = next(
            child
            for child in psutil.Process(show.process.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        )
        assert hears(show, pads, *(press(37) for _ in range(6)), note=37)
        assert show.wait_for_log(lambda log: any(state != "queued" for state in log.jobs(37)))
        engine.kill()
        show.wait_for_line("restarting")
        assert show.wait_for_log(lambda log: log.has_landed(37))
        assert lands(pads, 36)
        assert show.wait_for_log(lambda log: log.has_landed(36))
        assert show.interrupt() == 0
    states = show.log().jobs(36) + show.log().jobs(37)
    assert Archive(show.fragments / "archive").count() == states.count("landed")


def test_a_missing_port_is_waited_for(tmp_path, peer, jack_server):
    write_show(tmp_path, "late")
    with Performance(tmp_path) as show:
        show.wait_for_line("waiting for its input")
        late = peer("late")
        show.wait_for_line("input late")
        show.wait_for_line("ready")
        assert lands(late, 36)


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

        def says(part, *messages):
            return again_and_again(lambda: (pads.send(*messages), monitor.says(part, seconds=EACH))[1])

        monitor.wait_for_line("Ctrl-C ends")
        assert says("short kick", press(36))
        assert says("steps", mido.Message("control_change", control=21, value=127))
        assert says("nothing mapped", press(99))
        assert says("bell", mido.Message("program_change", program=1), press(36))
        assert monitor.interrupt() == 0


def test_ports_lists_real_ports(tmp_path, pads):
    with Performance(tmp_path, command=("ports", "--backend", BACKEND)) as ports:
        ports.wait_for_line("pads out")
        ports.wait_for_line("pads in")
