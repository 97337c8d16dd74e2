import pytest
from pydantic import ValidationError

from midifrag.config.gestures import GestureSettings
from midifrag.config.settings import Settings


def test_a_double_press_is_shorter_than_a_long_one_unless_somebody_says_so():
    usual = Settings.model_validate({}).gestures
    assert 0 < usual.double_press < usual.long_press


@pytest.mark.parametrize("wrong", [{"double_press": 0}, {"long_press": 60}, {"triple_press": 1}])
def test_presses_have_lengths_that_hands_have(wrong):
    with pytest.raises(ValidationError):
        GestureSettings.model_validate(wrong)
