import pytest

from midifrag.doors.live.answers import Used, answer_of
from midifrag.doors.live.wire import OddLineError, Refused, line_of


def test_what_a_command_is_answered_is_read_as_it_was_said():
    for answer in (Used(files=None, set="", unread=0, in_slots=("0001 x.wav",)), Refused(text="no")):
        assert answer_of(line_of(answer)) == answer


@pytest.mark.parametrize("line", [b"", b'{"type": "used"}', b'{"type": "welcome"}'])
def test_what_is_none_is_an_odd_line(line):
    with pytest.raises(OddLineError):
        answer_of(line)
