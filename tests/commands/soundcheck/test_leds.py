"""The pattern, over ports in memory."""

from __future__ import annotations

import pytest

from midifrag.commands.soundcheck.checks import Outcome
from midifrag.commands.soundcheck.leds import leds
from midifrag.midi.memory import MemoryBackend
from tests.support import PATIENCE
from tests.support.shows import loaded


@pytest.mark.parametrize(("seen", "outcome"), [(True, Outcome.OK), (False, Outcome.FAULT)])
def test_every_pad_is_lit_when_it_is_asked_and_the_answer_counts(seen, outcome):
    backend = MemoryBackend(["Pads"])
    show = loaded(ports={"pads": {"in": "Pads", "out": "Pads", "surface": "apc_mini_mk2"}})
    asked = []

    def confirm(question):
        def lit(sent):
            return len({one.note for _, one in sent if one.type == "note_on" and one.velocity}) == 64

        asked.append((question, backend.wait_for(lit, PATIENCE)))
        return seen

    (found,) = leds(show, confirm, backend)
    assert found.outcome is outcome
    assert [lit for _question, lit in asked] == [True]


def test_a_controller_without_lights_is_not_asked_about():
    show = loaded(ports={"pads": {"in": "Pads", "out": "Pads"}})
    assert list(leds(show, lambda _question: pytest.fail("asked"), MemoryBackend(["Pads"]))) == []
