"""What several tests of MIDI share."""

from __future__ import annotations

import sys

import pytest

from midifrag.midi import jack_host
from tests.midi.jack_programs import PRELUDE
from tests.support import PATIENCE


@pytest.fixture
def plays(monkeypatch):
    """Makes the next processes run these programs in turn, the last one again and again."""

    def play(*programs):
        left = list(programs)

        def command(*_args):
            if len(left) == 1:
                # A healthy one's beginning may take as long as a busy machine needs.
                monkeypatch.setattr(jack_host, "ATTEMPT_SECONDS", PATIENCE)
                if len(programs) > 1:
                    monkeypatch.setattr(jack_host, "FIRST_SECONDS", PATIENCE)
            return (sys.executable, "-c", PRELUDE + (left.pop(0) if len(left) > 1 else left[0]))

        monkeypatch.setattr(jack_host, "command", command)

    return play
