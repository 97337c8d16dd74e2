"""``midifrag learn`` in a terminal, as a performer uses it, on a private JACK server with independent controllers."""

import os
import signal
import subprocess
import sys
import threading
import time

import mido
import pytest

from midifrag.config import loading
from tests.faults.terminal import Terminal, TerminalKind
from tests.jack import again_and_again
from tests.support import PATIENCE
from tools.jack_server import BACKEND

pytestmark = pytest.mark.linux
SHOW = """\
# My set, and mine alone.
model: sketch
set_list: [one]     # in order

ports:
  pads: {in: pads out, out: pads in}   # the box on the left
"""
BANK = "name: One     # the first\npads:\n  36: {prompt: rain}   # drops\n"


class Learner:
    """The program in a terminal of its own, and what stands there."""

    def __init__(self, folder):
        self.terminal = Terminal(TerminalKind.TERMINAL)
        command = [sys.executable, "-m", "midifrag", "learn", str(folder), "--backend", BACKEND]
        end = self.terminal.program_end
        self.process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=os.environ | {"COLUMNS": "200"})
        self._keyboard = self.terminal._ours
        self._seen = 0
        self.terminal.started()
        assert self.reads("Press a pad or turn a knob"), self.terminal.text

    def reads(self, *texts, within=PATIENCE):
        """Whether the terminal says all of ``texts``, after what it said before."""
        deadline = time.monotonic() + within
        while not all(text in self.terminal.text[self._seen :] for text in texts):
            if time.monotonic() > deadline or self.process.poll() is not None:
                return False
            time.sleep(0.02)
        self._seen = max(self.terminal.text.index(text, self._seen) + len(text) for text in texts)
        return True

    def types(self, *lines):
        for line in lines:
            os.write(self._keyboard, f"{line}\n".encode())

    def asks(self, touch, *says):
        """Touch something until it is asked about: on a machine that is late, JACK leaves messages out."""

        def attempt():
            touch()
            return self.reads(*says, within=EACH)

        assert again_and_again(attempt), self.terminal.text

    def ends(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def ticks(sequencer, stopped):
    """A clock at 120 beats a minute."""
    while not stopped.wait(0.02):
        sequencer.send(mido.Message("clock"))


#: Seconds for one try, which the learner takes the longest pause of.
EACH = 4.0


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text(SHOW)
    (tmp_path / "presets" / "one.yaml").write_text(BANK)
    return tmp_path


@pytest.fixture
def learner(folder):
    made = []

    def start():
        made.append(Learner(folder))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        one.terminal.close()


def knob(cc, *values):
    return [mido.Message("control_change", control=cc, value=value) for value in values]


def parameter(*values):
    return [*knob(99, 2), *knob(98, 44), *(one for value in values for one in knob(6, value))]


PAIR = [one for coarse, fine in ((3, 5), (3, 70), (4, 9)) for one in (*knob(2, coarse), *knob(34, fine))]
PRESS = [mido.Message("note_on", note=37, velocity=90), mido.Message("note_off", note=37)]
#: What a controller sends, what that is called, what is typed and what then stands in the set.
# fmt: off
TOUCHES = [
    (knob(74, 3, 4, 5, 6), "cc 74, channel 1", ["steps", "4 100"],
     "{cc: 74, channel: 1, port: pads, sets: steps, range: [4, 100]}"),
    (knob(16, 1, 1, 127, 127), "an endless encoder (twos)", ["cfg", ""], "{cc: 16, relative: twos, "),
    (knob(18, 65, 65, 63, 63), "an endless encoder (offset)", ["cfg", ""], "{cc: 18, relative: offset, "),
    (PAIR, "cc 2 of 14 bits", ["seconds", "1 8"], "{cc: 2, bits: 14, channel: 1, "),
    (parameter(5, 9, 30), "nrpn 300", ["seconds", "1 8"], "{nrpn: 300, channel: 1, "),
    (knob(64, 127, 0), "cc 64, channel 1, a button", ["panic"], "{cc: 64, channel: 1, port: pads, does: panic}"),
    ([*PRESS, *PRESS], "note 37 (C#1), pressed twice", ["next_bank"],
     "{note: 37, channel: 1, port: pads, press: double, does: next_bank}"),
    ([*knob(20, 127), *PRESS, *knob(20, 0)], "note 37", ["tap"], "{note: 37, channel: 1, port: pads, does: tap}"),
]
# fmt: on


def test_what_is_touched_is_written_while_a_clock_runs_and_all_else_stays(learner, folder, peer):
    pads, sequencer = peer("pads"), peer("sequencer")
    live = learner()
    stopped = threading.Event()
    clock = threading.Thread(target=ticks, args=(sequencer, stopped))
    clock.start()
    try:
        for sent, called, answers, written in TOUCHES:
            live.asks(lambda sent=sent: pads.send(*sent), called, "What does it do")
            live.types(*answers)
            assert live.reads("Written: presets.yaml:"), live.terminal.text
            assert written in (folder / "presets.yaml").read_text()
        assert live.ends() == 0
    finally:
        stopped.set()
        clock.join()
    text = (folder / "presets.yaml").read_text()
    kept = [line for line in text.splitlines(keepends=True) if "port: pads" not in line]
    assert "".join(kept) == SHOW + "controls:\nactions:\n"
    assert loading.load(folder / "presets.yaml", environment={}).unplayable == ()


@pytest.mark.thorough
def test_a_pulled_controller_is_heard_again_and_ctrl_c_in_the_middle_writes_nothing(learner, folder, peer):
    before = [(path, path.read_bytes()) for path in sorted(folder.rglob("*.yaml"))]
    pads = peer("pads")
    live = learner()
    live.asks(lambda: pads.send(*knob(74, 3, 4, 5, 6)), "cc 74", "What does it do")
    pads.kill()
    assert live.reads("was pulled"), live.terminal.text
    live.types("")
    pads = peer("pads")
    assert live.reads("port pads of the set"), live.terminal.text
    live.asks(lambda: pads.send(*PRESS), "note 37", "What does it do")
    live.types("lock")
    assert live.reads("Which slot"), live.terminal.text
    assert live.ends() == 0
    assert [(path, path.read_bytes()) for path, _ in before] == before
    assert sorted(folder.rglob("*.yaml")) == [path for path, _ in before]
