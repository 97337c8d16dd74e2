"""Who is known to whom, by what lies in memory."""

from __future__ import annotations

import pytest

from midifrag.midi.jack_waking import clients_of, memory_maps, wakes
from tests.midi.jack_memory import maps


@pytest.mark.parametrize(
    ("text", "client", "expected"),
    [
        (maps("midifrag-pads-out", "Pads"), "Pads", True),
        (maps("midifrag-pads-out", "a_b"), "a/b", True),
        (maps("midifrag-pads-out", "lsp (deleted)"), "Pads", False),
        (maps("midifrag-pads-out", "Pads (deleted)"), "Pads", False),
        (maps("midifrag-pads-out", "Pads"), "ads", False),
        (maps("Pads", server="rehearsal"), "Pads", None),
        (maps(), "Pads", None),
        ("", "Pads", None),
    ],
)
def test_whom_we_can_wake_is_seen_in_memory(text, client, expected):
    assert wakes(text, "stage", client) is expected


def test_of_a_name_with_colons_each_part_from_its_start_may_be_the_client():
    assert clients_of("a: pads:out") == ["a", "a: pads"]


def test_the_memory_of_a_process_that_is_not_there_is_empty():
    assert memory_maps(-1) == ""
