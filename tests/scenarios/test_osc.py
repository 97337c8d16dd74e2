"""``midifrag run`` with real programs at the other end of OSC, over JACK: Pure Data, and SuperCollider's server."""

import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from midifrag.fragment.audio_files import read_wav
from tests.doors.osc.peer import Peer, free_port, packet, send
from tests.jack import again_and_again
from tests.jack_recorder import Recorder, found
from tests.support import PATIENCE
from tests.support.performing import Performance, write_show
from tests.support.synthdef import buffer_player

PATCH = Path(__file__).parent.parent / "doors" / "osc" / "slots.pd"
#: Seconds that something which another program may have missed has to come about, before it is asked for again.
EACH = 20.0


def needs(program, package):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: apt install {package})")


class Program:
    """Another program; its lines are collected as they come."""

    def __init__(self, *command):
        self.lines = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def says(self, part, seconds=PATIENCE):
        """The first line with ``part`` in it, if it comes within that time."""
        with self._news:
            return self._news.wait_for(lambda: next((line for line in self.lines if part in line), None), seconds)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()


@contextmanager
def running(*command):
    program = Program(*command)
    try:
        yield program
    finally:
        program.close()


@contextmanager
def performing(folder, listen, *targets):
    write_show(folder, "nobody", f"osc: {{listen: {listen}, send: [{', '.join(map(str, targets))}]}}")
    with Performance(folder) as show:
        show.wait_for_line("ready")
        yield show


def sound_in(folder, slot):
    audio, rate = read_wav(folder / "fragments" / f"output{slot:02d}.wav")
    assert rate == 44100
    return audio.T


def is_heard(name, act, folder):
    """Whether a program of this name gives the sound of the slot that ``act`` names (None: it failed) meanwhile."""
    recorder = Recorder(name)
    # The recorder needs a moment to connect, and to take what was sounding when it ends.
    threading.Event().wait(0.5)
    slot = act()
    threading.Event().wait(1.0)
    stretches = recorder.stop()
    return slot is not None and found(stretches, sound_in(folder, slot)) is not None


def test_pure_data_presses_a_pad_loads_what_lands_and_plays_it(jack_server, tmp_path):
    needs("pd", "puredata-core")
    folder = tmp_path / "a set, with ö"
    folder.mkdir()
    listen, patch = free_port(), free_port()
    options = ("-nogui", "-jack", "-nojackconnect", "-nomidi", "-r", "44100", "-open", str(PATCH))
    ports = (f"listen {patch}", f"send-to connect 127.0.0.1 {listen}", "pd dsp 1")
    sends = [word for one in ports for word in ("-send", one)]
    with running("pd", *options, *sends) as pd, performing(folder, listen, patch) as show:

        def press():
            pd.lines.clear()
            send(patch, packet("/patch/press", 36, 100))
            said = pd.says("slot:", EACH)
            return said and int(said.split()[1])

        assert again_and_again(lambda: is_heard("pure_data", press, folder)), pd.lines
        said = pd.says("slot:").replace("\\", "")
        slot = int(said.split()[1])
        assert f" {folder / 'fragments' / f'output{slot:02d}.wav'} " in said
        assert said.endswith(" short kick 0")
        # Both channels are there, to the sample.
        assert int(pd.says("samples:").split()[1]) == len(sound_in(folder, slot))
        assert pd.says("pad: 36 landed")
        pressed = [line for line in show.log().lines if line["event"] == "PressPad"]
        assert {(line["name"], line["source"]) for line in pressed} == {(36, "osc")}
        assert show.interrupt() == 0


class Server:
    """A client of SuperCollider's server, as sclang is one."""

    def __init__(self, port):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(EACH)
        self._socket.connect(("127.0.0.1", port))

    def ask(self, answer, path, *values):
        """Send a message and wait for the answer of this address: its values, None if there is none."""
        self._socket.send(packet(path, *values))
        try:
            while True:
                message = OscMessage(self._socket.recv(65535))
                if message.address == answer:
                    return tuple(message)
        except OSError:
            return None

    def close(self):
        self._socket.close()


@pytest.mark.thorough
def test_scsynth_loads_what_lands_into_a_buffer_and_sounds_it(jack_server, tmp_path):
    needs("scsynth", "supercollider-server")
    listen, port = free_port(), free_port()
    other, server = Peer(), Server(port)
    command = ("scsynth", "-u", str(port), "-B", "127.0.0.1", "-i", "0", "-o", "2", "-R", "0", "-D", "0")
    try:
        with running(*command) as scsynth, performing(tmp_path, listen, other.port):
            assert scsynth.says("server ready")
            assert again_and_again(lambda: server.ask("/done", "/d_recv", buffer_player("midifrag")))
            send(listen, packet("/midifrag/press", 36))
            _, slot, path, seconds, preset, bars = other.wait_for_message("/midifrag/slot")
            assert (path, preset, bars) == (str(tmp_path / "fragments" / f"output{slot:02d}.wav"), "short kick", 0.0)
            assert server.ask("/done", "/b_allocRead", slot, path) == ("/b_allocRead", slot)
            sound = sound_in(tmp_path, slot)
            assert server.ask("/b_info", "/b_query", slot) == (slot, len(sound), 2, 44100.0)
            assert seconds == pytest.approx(len(sound) / 44100, abs=1e-4)
            numbers = iter(range(1000, 9999))

            def play():
                server.ask("/n_go", "/s_new", "midifrag", next(numbers), 0, 0, "bufnum", slot)
                return slot

            assert server.ask("/done", "/notify", 1)
            assert again_and_again(lambda: is_heard("SuperCollider", play, tmp_path)), scsynth.lines
    finally:
        server.close()
        other.close()
