"""Which pad of a bank a press means, where it is known and where it is new."""

import pytest

from midifrag.config import loading
from midifrag.midi.recognising import Touched
from midifrag.pad_key import PadKey
from midifrag.show.learning_places import key_at


@pytest.fixture
def make(tmp_path):
    def made(pads, port="surface: launchpad", banks=1, others=()):
        (tmp_path / "presets").mkdir(exist_ok=True)
        names = ["one", *(f"more{number}" for number, _ in enumerate(others))]
        show = f"model: sketch\nset_list: [{', '.join(names)}]\nports:\n  pads: {{in: Pads, {port}, banks: {banks}}}\n"
        (tmp_path / "presets.yaml").write_text(show)
        for name, written in zip(names, (pads, *others), strict=True):
            (tmp_path / "presets" / f"{name}.yaml").write_text(f"name: {name}\npads:\n{written}\n")
        return loading.load(tmp_path / "presets.yaml", environment={})

    return made


def pressed(note, channel=1, port="pads"):
    return Touched("note", port, channel, note, is_button=True)


BLOCK = "  36: {prompt: rain}\n  51: {prompt: snow}"


@pytest.mark.parametrize(("note", "key"), [(11, 36), (12, 37), (21, 40), (44, 51), (43, 50)])
def test_a_place_of_a_block_has_its_note(make, note, key):
    assert key_at(make(BLOCK), "one", pressed(note)) == PadKey(key)


def test_a_place_outside_of_a_block_has_none_that_leaves_the_others_where_they_lie(make):
    assert key_at(make(BLOCK), "one", pressed(55)) is None


def test_a_block_may_lie_elsewhere_on_the_controller(make):
    loaded = make(BLOCK, "surface: launchpad, place: [5, 5]")
    assert key_at(loaded, "one", pressed(55)) == PadKey(36)
    assert key_at(loaded, "one", pressed(11)) is None


def test_a_bank_in_launchpad_notes_has_those(make):
    assert key_at(make("  11: {prompt: rain}\n  88: {prompt: snow}"), "one", pressed(75)) == PadKey(75)


def test_pads_with_places_of_their_own_are_known_and_a_new_one_lies_around_them(make):
    loaded = make("  60: {prompt: rain, at: [2, 2]}\n  61: {prompt: snow, at: [1, 1]}")
    assert key_at(loaded, "one", pressed(22)) == PadKey(60)
    new = key_at(loaded, "one", pressed(12))
    assert new is not None
    assert new not in (PadKey(60), PadKey(61))
    assert key_at(loaded, "one", pressed(33)) is None


def test_of_banks_side_by_side_each_has_its_part(make):
    loaded = make(BLOCK, banks=2, others=["  36: {prompt: fog}"])
    assert key_at(loaded, "one", pressed(15)) is None
    assert key_at(loaded, "more0", pressed(15)) == PadKey(36)
    assert key_at(loaded, "more0", pressed(16)) == PadKey(37)


@pytest.mark.parametrize("port", ["surface: launchpad, place: notes", "out: Pads"])
def test_where_banks_lie_by_notes_the_note_is_the_pad(make, port):
    loaded = make("  36: {prompt: rain}\n  37/2: {prompt: snow}\n  37: {prompt: fog}", port)
    assert key_at(loaded, "one", pressed(36)) == PadKey(36)
    assert key_at(loaded, "one", pressed(37)) == PadKey(37)
    assert key_at(loaded, "one", pressed(37, channel=2)) == PadKey(37, 2)
    assert key_at(loaded, "one", pressed(90)) == PadKey(90)


def test_a_port_that_the_set_does_not_know_plays_notes(make):
    assert key_at(make(BLOCK), "one", pressed(11, port="Elsewhere")) == PadKey(11)
