"""Where a slot is, as a style."""

import pytest

from midifrag.events import Meters, Sounding
from midifrag.page.panels import sounding
from midifrag.page.panels.sounding import shown_level, sound_style


@pytest.mark.parametrize(
    ("loop", "now", "at"),
    [(False, 101.0, "0.500"), (False, 109.0, "1.000"), (True, 103.0, "0.500"), (True, 99.0, "0.000")],
)
def test_a_loop_goes_round_and_a_single_sound_to_its_end(monkeypatch, loop, now, at):
    monkeypatch.setattr(sounding, "monotonic", lambda: now)
    assert sound_style(Sounding(1, 7, True, 100.0, 2.0, loop), 0.25) == f"--at: {at}; --level: 0.25"


def test_levels_are_those_of_the_slot_or_the_master():
    assert shown_level(None, 1) == 0.0
    assert shown_level(Meters((0.5,), 1.0), 2) == 0.0
    assert shown_level(Meters((0.5,), 1.0), None) == 1.0
    assert shown_level(Meters((0.5,), 1.0), 1) == pytest.approx(1 - 6.02 / 48, abs=1e-3)
