"""What the engine plays on a card: the same sounds as the plain path, from recordings, and never waiting for it."""

from __future__ import annotations

import pytest

from tests.cuda.playing import PRESSES, TOLERANCE, furthest
from tests.cuda.records import STABLE_AUDIO_3, Record

#: Where the host may wait for the card while it plays, and why.
EXPLAINED = {
    "stable_audio_tools/models/conditioners.py": "stock brings tokens and numbers over, once for each new prompt",
}
#: The same where T5Gemma reads prompts.
OF_GEMMA = {"transformers/masking_utils.py": "it looks whether a prompt has padding"}

#: The same for takes that are not finite in half precision: the weights for a wider one are copied for each, and freed.
OF_ANOTHER_PRECISION = {
    "midifrag/engine/network/decoder.py": "the checkpoint's decoder comes over to be copied",
    "midifrag/engine/network/norms.py": "how short a vector may be is a number on the card",
}


@pytest.mark.parametrize("when", ["alone", "together", "while_short", "afterwards"])
def test_the_sound_is_that_of_the_plain_path(record: Record, when: str) -> None:
    assert furthest(getattr(record, when), record.plain) <= TOLERANCE[record.case.precision]


def test_every_press_is_rendered(record: Record) -> None:
    assert sorted(record.plain) == [render.job for render in PRESSES]


def test_recordings_are_made_in_warm_up_and_played(record: Record) -> None:
    captured, _, _ = record.captures
    assert captured > 0
    assert min(record.replays) > 0


def test_recordings_that_a_shortage_dropped_are_made_again(record: Record) -> None:
    captured, left, made_again = record.captures
    assert left < captured
    assert made_again == captured


def test_nothing_is_done_that_a_card_would_not_bear(record: Record) -> None:
    assert record.violations == ()


def test_the_host_waits_for_nothing_while_known_prompts_are_played(record: Record) -> None:
    assert {line.partition(":")[0] for _, line in record.syncs} <= (OF_ANOTHER_PRECISION if record.anew else {}).keys()


def test_with_a_new_prompt_it_waits_where_that_is_explained(record: Record) -> None:
    explained = {**EXPLAINED, **(OF_GEMMA if record.case.architecture in STABLE_AUDIO_3 else {})}
    others = (OF_ANOTHER_PRECISION if record.anew else {}).keys()
    assert {line.partition(":")[0] for _, line in record.new_prompt_syncs} - others == explained.keys()


def test_no_pages_are_locked_while_presses_wait(record: Record) -> None:
    assert record.locked == 0
