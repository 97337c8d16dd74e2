import pytest

from midifrag.errors import PlaybackError
from midifrag.playback.outputs import Output, find_output

LAPTOP = Output(0, "Speakers", "Core Audio", 2, 48000, is_default=True)
DESK = Output(1, "Desk (USB)", "MME", 8, 44100)
DESK_AGAIN = Output(2, "Desk (USB)", "Windows WASAPI", 8, 48000)
JACK = Output(3, "system", "JACK Audio Connection Kit", 2, 44100)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("default", LAPTOP),
        ("Speakers", LAPTOP),
        ("speak", LAPTOP),
        # The same device in two systems: the one that is nearer to it.
        ("desk", DESK_AGAIN),
        ("Desk (USB)", DESK_AGAIN),
        ("^D.*USB", DESK_AGAIN),
    ],
)
def test_an_output_is_found_by_its_name(wanted, found):
    assert find_output([LAPTOP, DESK, DESK_AGAIN], wanted) == found


def test_where_jack_runs_it_is_what_is_meant():
    assert find_output([LAPTOP, JACK], "default") == JACK
    assert find_output([LAPTOP, JACK], "Speakers") == LAPTOP


def test_what_is_not_there_is_told_with_what_is():
    with pytest.raises(PlaybackError, match=r"no audio output 'Moon \('; there is Speakers, Desk \(USB\)$"):
        find_output([LAPTOP, DESK, DESK_AGAIN], "Moon (")
    with pytest.raises(PlaybackError, match="there is no audio output; plug one in"):
        find_output([], "default")
