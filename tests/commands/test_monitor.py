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

    def played(*messages, clock=False, **flags):
        loaded = load(shipped_path(), flags, environment={})
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


def banks(told):
    return [line.split(".")[0] for line in told.splitlines() if line.startswith("Bank ")]


def control(cc, value=127, channel=1):
    return mido.Message("control_change", control=cc, value=value, channel=channel - 1)


def program(number):
    return mido.Message("program_change", program=number - 1)


def test_it_goes_along_with_actions_that_change_banks(play, capsys):
    press = mido.Message("note_on", note=36, velocity=100)
    play(control(20), press, control(20), control(20, 0), control(21), actions=[
        {"cc": 20, "does": "next_bank"},
        {"cc": 21, "does": "bank", "bank": "opening"},
    ])  # fmt: skip
    told = capsys.readouterr().out
    assert banks(told) == ["Bank Opening", "Bank Drift", "Bank Opening"]
    assert "long dark drone" in told


def test_a_program_change_that_an_action_takes_selects_no_bank(play, capsys):
    play(program(2), program(3), actions=[{"program": 2, "does": "panic"}])
    assert banks(capsys.readouterr().out) == ["Bank Opening", "Bank Machines"]


def test_what_comes_on_another_channel_is_shown_and_does_nothing(play, capsys):
    port = {"in": {"virtual": "x"}, "out": {"virtual": "x"}, "channel": 10}
    press = mido.Message("note_on", note=36, velocity=100)
    play(press, press.copy(channel=9), program(2), mido.Message("clock"), clock=True, ports={"daw": port})
    told = capsys.readouterr().out
    assert "note 36 (C1) velocity 100, channel 1 → nothing: channel 10 is the only one that counts on this port" in told
    assert "channel 10 → presses pad 36" in told
    assert "clock tick → nothing mapped" in told
    assert banks(told) == ["Bank Opening"]


def test_a_program_that_no_bank_has_is_said(play, capsys):
    play(program(99))
    told = capsys.readouterr().out
    assert "No bank for it; Opening stays." in told
    assert banks(told) == ["Bank Opening"]
