"""What presets.yaml may say, beyond what its errors in test_loading show."""

from midifrag.config.ports import PortSettings, VirtualPort
from midifrag.config.settings import Settings

SA3 = ["sa3", "sa3-base", "sa3-medium", "sa3-medium-base", "sa3-sfx", "sa3-sfx-base"]


def test_everything_has_a_default():
    show = Settings()
    assert (show.model, show.fragments.count, show.page.port, show.engine.host) == ("pocket", 8, 8765, "process")
    assert show.ports == {
        "midifrag": PortSettings(input=VirtualPort(virtual="midifrag"), output=VirtualPort(virtual="midifrag"))
    }


def test_where_a_model_comes_from():
    show = Settings.model_validate({"models": {"mine": {"folder": "m"}, "small": {"folder": "own"}}})
    assert show.source("mine") == {"folder": "m"}
    assert show.source("small") == {"folder": "own"}
    assert show.source("open") == {"hub": "stabilityai/stable-audio-open-1.0"}
    assert show.source("sketch") == show.source("nothing") == {}
    assert show.known_models == ["mine", "open", "pocket", "pocket-1", *SA3, "sketch", "small"]
