import mido
import pytest

from midifrag.midi.echo_filter import EchoFilter

SENT = mido.Message("note_on", note=36, velocity=13)


def test_what_we_sent_is_an_echo_once_on_each_port():
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    assert echo.is_echo("pads", SENT, 1.049) is True
    assert echo.is_echo("pads", SENT, 1.049) is False
    assert echo.is_echo("daw", SENT, 1.049) is True


@pytest.mark.parametrize("other", [{"note": 37}, {"velocity": 14}, {"channel": 1}])
def test_anything_else_is_a_press(other):
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    assert not echo.is_echo("pads", SENT.copy(**other), 1.01)


@pytest.mark.parametrize(
    "sent",
    [
        SENT,
        mido.Message("control_change", control=21, value=64),
        mido.Message("program_change", program=3),
    ],
)
def test_what_presses_moves_or_selects_may_be_an_echo(sent):
    echo = EchoFilter()
    echo.sent(sent, 1.0)
    assert echo.is_echo("pads", sent, 1.01)


@pytest.mark.parametrize("harmless", [SENT.copy(velocity=0), mido.Message("note_off", note=36), mido.Message("clock")])
def test_releases_and_what_does_no_harm_pass(harmless):
    echo = EchoFilter()
    echo.sent(harmless, 1.0)
    echo.sent(SENT, 1.0)
    assert not echo.is_echo("pads", harmless, 1.01)


def test_an_echo_comes_soon_or_is_a_press():
    echo = EchoFilter(seconds=0.5)
    echo.sent(SENT, 1.0)
    assert echo.is_echo("pads", SENT, 1.5)
    assert not echo.is_echo("daw", SENT, 1.501)


def test_two_sent_are_two_echoes():
    echo = EchoFilter()
    echo.sent(SENT, 1.0)
    echo.sent(SENT, 1.02)
    assert [echo.is_echo("pads", SENT, 1.03) for _ in range(3)] == [True, True, False]
    assert echo.counts == {"pads": 2}


def test_only_what_may_still_come_back_is_remembered():
    echo = EchoFilter()
    for moment in range(100):
        echo.sent(SENT.copy(note=moment), float(moment))
    assert len(echo._sent) == 1
