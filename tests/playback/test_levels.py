import pytest

from midifrag.playback.levels import Level, linear
from midifrag.playback.messages import Mix


def test_what_is_not_said_stays():
    level = Level(-6.0, 0.5).changed(Mix(1, muted=True))
    assert level == Level(-6.0, 0.5, True)
    assert level.changed(Mix(1, gain=0.0, pan=-1.0, muted=False)) == Level(0.0, -1.0, False)


@pytest.mark.parametrize(
    ("level", "factors"),
    [
        (Level(), (1.0, 1.0)),
        (Level(pan=-1), (1.0, 0.0)),
        (Level(pan=0.25), (0.75, 1.0)),
        (Level(-20.0), (0.1, 0.1)),
        (Level(-60.0), (0.0, 0.0)),
        (Level(6.0, muted=True), (0.0, 0.0)),
    ],
)
def test_a_level_is_two_factors(level, factors):
    assert level.factors == pytest.approx(factors)


def test_decibels():
    assert linear(6.0206) == pytest.approx(2.0, rel=1e-5)
