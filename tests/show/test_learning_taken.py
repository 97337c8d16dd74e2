"""Whose a note is already."""

import pytest

from midifrag.config import loading
from midifrag.midi.recognising import Touched
from midifrag.pad_key import PadKey
from midifrag.show.learning_taken import actions_on, already, pads_on

SHOW = """\
model: sketch
set_list: [one, two]
ports:
  keys: {in: Keys}
  pads: {in: Pads, surface: launchpad}
actions:
"""


@pytest.fixture
def make(tmp_path):
    def made(action="{note: 60, does: panic}"):
        (tmp_path / "presets").mkdir()
        (tmp_path / "presets.yaml").write_text(f"{SHOW}  - {action}\n")
        (tmp_path / "presets" / "one.yaml").write_text(
            "name: One\npads:\n  36: {prompt: rain}\n  37/2: {prompt: fog}\n"
        )
        (tmp_path / "presets" / "two.yaml").write_text(
            "name: Two\npads:\n  36: {prompt: hail, morph: {to: ice, by: cc 25}}\n"
        )
        return loading.load(tmp_path / "presets.yaml", environment={})

    return made


def pressed(note, channel=1, port="keys"):
    return Touched("note", port, channel, note, is_button=True)


@pytest.mark.parametrize("of", ["", ", channel: 1", ", port: keys"])
def test_an_action_has_its_note(make, of):
    [found] = actions_on(make(f"{{note: 60, does: panic{of}}}"), pressed(60))
    assert (found.number, found.words) == (0, "action panic (presets.yaml)")


@pytest.mark.parametrize("of", [", channel: 2", ", port: pads", ", press: double", ", while_held: 3"])
def test_an_action_leaves_other_presses_alone(make, of):
    assert actions_on(make(f"{{note: 60, does: panic{of}}}"), pressed(60)) == ()


def test_pads_of_all_banks_may_have_a_note(make):
    found = pads_on(make(), pressed(36))
    assert [one.words for one in found] == ['pad "rain" of one', 'pad "hail" of two']


def test_a_pad_of_one_channel_has_its_note_there_alone(make):
    loaded = make()
    assert [one.key for one in pads_on(loaded, pressed(37, channel=2))] == [PadKey(37, 2)]
    assert pads_on(loaded, pressed(37)) == ()


def test_where_banks_lie_by_place_the_pad_is_the_one_that_lies_there(make):
    loaded = make()
    assert [one.slug for one in pads_on(loaded, pressed(11, port="pads"))] == ["one", "two"]
    assert pads_on(loaded, pressed(36, port="pads")) == ()


def test_all_that_the_set_and_its_banks_have_for_it_is_named(make):
    loaded = make("{note: 60, does: panic, channel: 1}")
    assert already(loaded, pressed(60)) == [
        "It has the action panic already (presets.yaml); what you add comes beside that."
    ]
    [words] = already(loaded, Touched("cc", "keys", 1, 25, is_button=False))
    assert words.startswith("It sets morph already (presets/two.yaml)")
    assert already(loaded, pressed(60, channel=2)) == already(loaded, pressed(61)) == []
