from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from midifrag.config.press_request import press_request
from midifrag.config.sound_hints import sound_file, sound_hints
from midifrag.config.unplayable import FactsOf, model_facts, troubles, unplayable
from tests.support.shows import loaded, one_pad


def hints_of(show: dict[str, Any] | None = None, **pad: Any) -> list[str]:
    there = loaded(one_pad(**pad), **(show or {}))
    return list(sound_hints(there, there.banks[0], "presets/opening.yaml"))


@pytest.mark.parametrize(
    ("pad", "words"),
    [
        ({"strength": 0.4}, "pads.36.strength: does nothing without from:"),
        ({"from": "slot 20"}, "pads.36.from: there is no slot 20; this set has 8"),
        ({"from": "gone.wav"}, "gone.wav is not there; put it there"),
        ({"from": f"{'long' * 99}.wav"}, "long.wav is not there; put it there"),
        ({"from": "input"}, "no audio input is recorded; write `input: {device: default}`"),
        ({"from": "slot 1", "continue": 2, "seconds": 3}, "pads.36.seconds: does nothing beside continue"),
    ],
)
def test_what_will_hardly_do_as_meant_is_told(pad: dict[str, Any], words: str) -> None:
    [line] = hints_of(**pad)
    assert words in line


def test_what_will_do_is_not(tmp_path: Path) -> None:
    assert hints_of(**{"from": "slot 8", "strength": 0.4}) == []
    assert hints_of({"input": {"device": "default"}}, **{"from": "input"}) == []
    there = replace(loaded(one_pad(**{"from": "rain.wav"})), path=tmp_path / "presets.yaml")
    (tmp_path / "rain.wav").touch()
    assert list(sound_hints(there, there.banks[0], "x")) == []
    assert sound_file(there, str(tmp_path / "else.wav")) == tmp_path / "else.wav"


def test_check_says_which_models_cannot_and_where_that_is_written() -> None:
    there = loaded(one_pad(**{"from": "slot 1"}), model="sketch")
    [problem] = unplayable(there.settings, [(there.banks[0], there_sources())], there_sources(), FactsOf(there.source))
    assert problem.message == "sketch cannot begin from a sound (from); choose another model for it"
    assert problem.key == "pads.36.from"


def there_sources() -> Any:
    from midifrag.config.problems import Sources

    return Sources("presets/opening.yaml", {"pads": {"36": {"prompt": "rain", "from": "slot 1"}}})


def test_pocket_changes_a_sound_and_makes_no_part_of_one() -> None:
    facts = model_facts("pocket", {})
    for said, wrong in (({"from": "slot 1"}, []), ({"continue": 2}, ["continue"]), ({"fill": [1, 2]}, ["fill"])):
        there = loaded(one_pad(**said), model="pocket")
        asked = press_request(there.settings, there.banks[0], there.banks[0].pads[next(iter(there.banks[0].pads))])
        assert [one.parameter for one in troubles(asked.preset, facts, asked.length)] == wrong
