import pytest
from pydantic import ValidationError

from midifrag.config.playback import PlaybackSettings
from midifrag.config.settings import Settings


def test_it_is_off_where_the_key_is_not_there_and_on_where_it_is():
    assert not Settings().playback.is_on
    assert Settings.model_validate({"playback": {}}).playback.device == "default"
    assert Settings.model_validate({"playback": {"gain": -6}}).playback.is_on
    assert not Settings.model_validate({"playback": {"device": "off"}}).playback.is_on


def test_outputs_are_one_or_two_channels_a_slot():
    playback = PlaybackSettings.model_validate({"outputs": {1: [3, 4], "2": [5]}})
    assert playback.outputs == {1: (3, 4), 2: (5,)}


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"outputs": {1: []}}, "one channel, or two"),
        ({"outputs": {1: [1, 1]}}, "one channel, or two"),
        ({"outputs": {1: [1, 2, 3]}}, "one channel, or two"),
        ({"outputs": {1: [0, 1]}}, "greater than or equal to 1"),
        ({"outputs": {0: [1, 2]}}, "greater than or equal to 1"),
        ({"gain": 13}, "less than or equal to 12"),
        ({"device": ""}, "at least 1 character"),
        ({"volume": 1}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(keys, wrong):
    with pytest.raises(ValidationError, match=wrong):
        PlaybackSettings.model_validate(keys)
