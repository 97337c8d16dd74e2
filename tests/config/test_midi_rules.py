"""Whose clock and whose program changes count."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from midifrag.config.midi_rules import ProgramChangeSettings, TimeSettings
from midifrag.timeline import Signature


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


@pytest.mark.parametrize(
    ("written", "signature"), [("4/4", Signature()), ("6/8", Signature(6, 8)), (Signature(3, 4), Signature(3, 4))]
)
def test_a_signature_is_read_and_written_as_musicians_do(written, signature):
    settings = TimeSettings(signature=written)
    assert settings.signature == signature
    assert settings.model_dump()["signature"] == str(signature)
    assert TimeSettings().signature == Signature()


@pytest.mark.parametrize(
    "written", ["", "4", "4/", "0/4", "4/3", "33/4", "4/64", "four/4", " 4/4", 4, None, ["4/4"], "४/4"]
)
def test_what_is_no_signature(written):
    with pytest.raises(ValidationError, match="is no signature, such as 4/4 or 6/8"):
        TimeSettings(signature=written)
