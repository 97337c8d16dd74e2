"""Where models come from, and who stands in."""

import re

import pytest
from pydantic import ValidationError

from midifrag.config.engines import EngineSettings, ModelSource
from midifrag.config.settings import Settings


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "exactly one of hub"),
        ({"hub": "a/b", "folder": "c"}, "exactly one of hub"),
        ({"config": "a.json"}, "go together"),
        ({"folder": "a", "checkpoint": "b"}, "go together"),
        ({"folder": "a", "typo": "b"}, "unknown key typo; allowed: hub, config"),
    ],
)
def test_a_model_has_one_source(source, words):
    with pytest.raises(ValidationError, match=re.escape(words)):
        ModelSource.model_validate(source)


def test_an_engine_may_have_keys_of_its_own():
    assert ModelSource.model_validate({"engine": "bells", "tuning": 440}).model_extra == {"tuning": 440}


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ({}, "sketch"),
        ({"stand_in": "pocket"}, "pocket"),
        ({"stand_in": "none"}, None),
        ({"fallback": "none"}, None),
        ({"fallback": "sketch"}, "sketch"),
        ({"fallback": "none", "stand_in": "pocket"}, "pocket"),
    ],
)
def test_who_stands_in_may_be_written_under_its_older_name(written, other):
    engine = Settings.model_validate({"engine": written}).engine
    assert engine.other_model == other
    assert set(engine.model_dump()) == set(EngineSettings.model_fields)


def test_an_entry_says_what_a_model_is_told_and_where_its_autoencoder_is():
    entry = {"config": "a.json", "checkpoint": "a.ckpt", "pretransform": "vae.ckpt", "conditioning": {"bpm": 90}}
    source = ModelSource.model_validate(entry)
    assert (source.pretransform, source.conditioning) == ("vae.ckpt", "bpm=90")
    with pytest.raises(ValidationError, match="must be keys and values"):
        ModelSource.model_validate({**entry, "conditioning": [1]})


def test_an_engine_s_own_keys_may_be_called_alike():
    source = ModelSource.model_validate({"engine": "far", "conditioning": [1], "pretransform": 3})
    assert (source.conditioning, source.pretransform) == ([1], 3)
