"""Whose clock and whose program changes count."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from midifrag.config.midi_rules import ProgramChangeSettings, TimeSettings


@pytest.mark.parametrize(("source", "port"), [("midi", None), ("midi:drums", "drums"), ("midi:a:b", "a:b")])
def test_a_clock_is_anybody_s_or_one_port_s(source, port):
    assert TimeSettings(source=source).port == port


@pytest.mark.parametrize("source", ["", "link", "midi:", ":drums", "drums"])
def test_what_is_no_clock_is_refused_with_the_way_out(source):
    with pytest.raises(ValidationError, match="is neither midi nor midi:PORT with a name under ports"):
        TimeSettings(source=source)


def test_if_nothing_is_said_everybody_counts():
    assert TimeSettings().port is None
    rules = ProgramChangeSettings()
    assert (rules.enabled, rules.channel, rules.port) == (True, None, None)


@pytest.mark.parametrize("channel", [0, 17, "one"])
def test_a_channel_is_one_of_sixteen(channel):
    assert ProgramChangeSettings(channel=16).channel == 16
    with pytest.raises(ValidationError, match="channel"):
        ProgramChangeSettings(channel=channel)
