import mido
import pytest

from midifrag.midi.echo_filter import EchoFilter

SENT = mido.Message("note_on", note=36, velocity=13)


def test_what_we_sent_is_an_echo_once_on_each_port():
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    assert echo.is_echo("pads", SENT, 1.049)
    assert not echo.is_echo("pads", SENT, 1.049)
    assert echo.is_echo("daw", SENT, 1.049)
    assert echo.counts == {"pads": 1, "daw": 1}


@pytest.mark.parametrize("other", [{"note": 37}, {"velocity": 14}, {"channel": 1}])
def test_anything_else_is_a_press(other):
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    assert not echo.is_echo("pads", SENT.copy(**other), 1.01)


def test_late_repeats_and_releases_count():
    echo = EchoFilter()
    off = SENT.copy(velocity=0)
    echo.sent(off, 1.0)
    echo.sent(SENT, 1.0)
    assert not echo.is_echo("pads", off, 1.01)
    assert not echo.is_echo("pads", SENT, 1.051)


def test_two_sent_are_two_echoes():
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    echo.sent(SENT, 1.02)
    assert [echo.is_echo("pads", SENT, 1.03) for _ in range(3)] == [True, True, False]
