"""What docs/controls.md shows is right, and it shows every key that it is about."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from midifrag.config.actions import ACTIONS
from midifrag.config.banks import Bank
from midifrag.config.controls import Control, Range
from midifrag.config.gestures import GestureSettings
from midifrag.config.performers import PerformerSettings
from midifrag.config.press_keys import Hold, PadInput, PressKeys
from midifrag.config.settings import Settings

PAGE = (Path(__file__).parent.parent / "docs" / "controls.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_is_read(block):
    said = YAML(typ="safe").load(block)
    model = Bank if "pads" in said else Settings
    assert model.model_validate(said).model_dump(exclude_unset=True).keys() == said.keys()


@pytest.mark.parametrize("model", [Control, Hold, PadInput, PressKeys, GestureSettings, PerformerSettings])
def test_every_key_has_an_example_or_a_word(model):
    keys = set(model.model_fields) - set(Range.model_fields) - {"slot", "takeover"}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", PAGE)] == []


def test_every_action_about_a_pad_is_named():
    about = [name for name, kind in ACTIONS.items() if kind.needs in ("slot", "pad")]
    assert [name for name in about if f"`{name}`" not in PAGE] == []
