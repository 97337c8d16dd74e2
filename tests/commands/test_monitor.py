from contextlib import contextmanager
from types import SimpleNamespace

import mido
import pytest

from midifrag.commands import monitor
from midifrag.config.loading import load
from midifrag.config.shipped import shipped_path
from midifrag.show.playing import ClipPorts


@pytest.fixture
def play(monkeypatch):
    """Monitors the shipped set while these messages arrive."""

    def played(*messages, clock=False):
        loaded = load(shipped_path(), environment={})
        ports = ClipPorts(next(iter(loaded.settings.ports)))

        def arrive():
            for message in messages:
                ports.send(message)

        @contextmanager
        def stopping():
            yield SimpleNamespace(wait=arrive)

        monkeypatch.setattr(monitor, "Ports", ports)
        monkeypatch.setattr(monitor, "stopping", stopping)
        monitor.monitor(loaded, clock)

    return played


def test_it_says_what_a_message_would_do_in_the_bank_that_is_active(play, capsys):
    press = mido.Message("note_on", note=36, velocity=100)
    play(press, mido.Message("program_change", program=1), press)
    told = capsys.readouterr().out
    parts = ("Bank Opening", "rain on tin", "long dark drone")
    assert [told.count(part) for part in parts] == [1, 1, 1], told
    assert sorted(parts, key=told.index) == list(parts)


@pytest.mark.parametrize("clock", [False, True])
def test_clock_ticks_are_shown_where_that_is_wanted(play, capsys, clock):
    play(mido.Message("clock"), clock=clock)
    assert ("clock" in capsys.readouterr().out) is clock
