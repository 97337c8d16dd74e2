"""What was learnt is written, each kind into its place, and that place is named."""

import pytest

from midifrag.config import loading
from midifrag.config.entry_editing import take_back
from midifrag.errors import ConfigurationError
from midifrag.pad_key import PadKey
from midifrag.show.learning_edits import NewEntry, NewPort, NewPrompt, place_of, write
from tests.support.shows import on_disk

SHOW = "model: sketch\nset_list: [one]   # in order\n"
BANK = "name: One\npads:\n  36: {prompt: rain}   # drops\n"


@pytest.fixture
def loaded(tmp_path):
    return on_disk(tmp_path, SHOW, one=BANK)


STEPS = {"cc": 21, "sets": "steps", "range": [1, 9]}


@pytest.mark.parametrize(
    ("new", "place", "show", "bank"),
    [
        (NewPort("keys", {"in": "Keys"}), "presets.yaml:4: ports.keys", 'ports:\n  keys: {in: "Keys"}\n', ""),
        (
            NewEntry(None, "controls", STEPS),
            "presets.yaml:4: controls.0",
            "controls:\n  - {cc: 21, sets: steps, range: [1, 9]}\n",
            "",
        ),
        (
            NewEntry("one", "controls", STEPS),
            "presets/one.yaml:5: controls.0",
            "",
            "controls:\n  - {cc: 21, sets: steps, range: [1, 9]}\n",
        ),
        (NewPrompt("one", PadKey(37), "fog"), "presets/one.yaml: pads.37", "", "  37: {prompt: fog}\n"),
    ],
)
def test_each_kind_stands_in_its_place(loaded, new, place, show, bank):
    change = write(loaded, new)
    assert place_of(loaded, change) == place
    assert loaded.path.read_text() == SHOW + show
    assert loading.bank_path(loaded.path, "one").read_text() == BANK + bank


def test_what_check_would_refuse_is_not_written(loaded):
    with pytest.raises(ConfigurationError):
        write(loaded, NewEntry(None, "controls", STEPS | {"range": [1, 9000]}))
    assert loaded.path.read_text() == SHOW


def test_a_place_that_was_taken_back_has_no_line(loaded):
    change = write(loaded, NewEntry(None, "controls", STEPS))
    assert place_of(loaded, take_back(loaded, change)) == "presets.yaml: controls.0"
