"""What wins where a file, a variable and a flag say different things."""

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from midifrag.config.merging import merged
from midifrag.config.problems import Sources


def settings(document=None, flags=None, **environment):
    variables = {f"MIDIFRAG_{name}": value for name, value in environment.items()}
    return merged(Sources("presets.yaml", {"set_list": ["opening"]} | (document or {}), flags or {}, variables))


def test_environment_overrides_the_file_and_flags_override_both():
    found = settings(
        {"fragments": {"count": 3, "folder": "a"}},
        {"fragments": {"folder": "c"}},
        FRAGMENTS__COUNT="5",
        FRAGMENTS__FOLDER="b",
        MODEL="sketch",
        HOME="/elsewhere",
    )
    assert (found.fragments.count, found.fragments.folder, found.model) == (5, "c", "sketch")


def test_a_variable_s_length_is_over_the_file_s_whatever_that_is():
    document = {"defaults": {"seconds": 4, "steps": 9}}
    defaults = settings(document, DEFAULTS__BARS="2").defaults
    assert (defaults.bars, defaults.seconds, defaults.steps) == (2, None, 9)
    defaults = settings(document, DEFAULTS__STEPS="2").defaults
    assert (defaults.bars, defaults.seconds, defaults.steps) == (None, 4, 2)


def test_what_is_merged_once_says_nothing_of_what_is_merged_next():
    assert settings(FRAGMENTS__COUNT="5").fragments.count == 5
    assert settings().fragments.count == 8


@pytest.mark.parametrize(("variable", "error"), [({"PORTS": "{"}, SettingsError), ({"TEMPO": "0"}, ValidationError)])
def test_a_variable_that_says_nothing_right_is_an_error(variable, error):
    with pytest.raises(error):
        settings(**variable)
