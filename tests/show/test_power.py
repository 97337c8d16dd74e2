"""Whether a laptop runs on its battery."""

from types import SimpleNamespace

import psutil
import pytest

from midifrag.bridge.items import PowerChanged
from midifrag.show.power import PowerWatch, on_battery


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, False),
        (SimpleNamespace(power_plugged=True), False),
        (SimpleNamespace(power_plugged=False), True),
        (SimpleNamespace(power_plugged=None), False),
    ],
)
def test_what_a_machine_does_not_tell_is_mains(monkeypatch, told, expected):
    monkeypatch.setattr(psutil, "sensors_battery", lambda: told, raising=False)
    assert on_battery() is expected


def test_a_battery_that_cannot_be_read_or_asked_for_is_mains(monkeypatch):
    def broken():
        raise ValueError("could not convert string to float")

    monkeypatch.setattr(psutil, "sensors_battery", broken, raising=False)
    assert not on_battery()
    monkeypatch.delattr(psutil, "sensors_battery")
    assert not on_battery()


def test_changes_are_put_once_and_only_while_somebody_wants_to_know(monkeypatch):
    state = SimpleNamespace(battery=True, wanted=False)
    monkeypatch.setattr("midifrag.show.power.on_battery", lambda: state.battery)
    put = []
    watch = PowerWatch(put.append, lambda: state.wanted)
    watch.look()
    assert put == []
    state.wanted = True
    for state.battery in (True, True, False, False):
        watch.look()
    assert put == [PowerChanged(True), PowerChanged(False)]
