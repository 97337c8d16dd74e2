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
        ({"folder": "a", "file": "b"}, "goes with hub"),
        ({"config": "a", "checkpoint": "b", "revision": "v1"}, "goes with hub"),
        ({"hub": "a/b", "checkpoint": "c"}, "beside hub, name it with file"),
        ({"hub": "a/b", "config": "../c.json"}, "no file of a repository"),
        ({"hub": "a/b", "file": "/c.ckpt"}, "no file of a repository"),
        ({"hub": "a/b", "file": "c\\d.ckpt"}, "no file of a repository"),
        ({"hub": "a/b", "revision": " "}, "is blank"),
        ({"hub": "a/b", "file": "C:/d.ckpt"}, "no file of a repository"),
        ({"hub": "a/b", "revision": "../../c"}, "is no revision"),
        ({"hub": "a/b", "revision": "/c"}, "is no revision"),
        ({"hub": "https://huggingface.co/a/b/tree/main"}, "it looks like owner/name; write a/b"),
        ({"hub": "huggingface.co/a/b"}, "write a/b"),
        ({"hub": "b"}, "it looks like owner/name, as the hub writes it"),
        ({"hub": "../b"}, "not the name of a hub repository"),
        ({"hub": "a/b", "defaults": {"steps": 0}}, "greater than or equal to 1"),
        ({"hub": "a/b", "defaults": {"seed": 3}}, "defaults.seed"),
    ],
)
def test_a_model_has_one_source(source, words):
    with pytest.raises(ValidationError, match=re.escape(words)):
        ModelSource.model_validate(source)


def test_a_model_of_the_hub_names_its_files_its_revision_and_how_it_is_played():
    entry = {"hub": "a/b", "config": "c.json", "file": "deep/d.ckpt", "revision": "v1"}
    entry |= {"defaults": {"steps": 30, "cfg_scale": 4.0, "seconds": 8.0, "sampler": "euler", "sigma_max": 80.0}}
    settings = Settings.model_validate({"models": {"mine": entry}})
    assert settings.source("mine") == entry


def test_keys_of_the_same_name_are_an_engines_own():
    entry = {"engine": "bells", "file": 3, "revision": ["a"], "defaults": {"voice": 1}}
    assert Settings.model_validate({"models": {"mine": entry}}).source("mine") == entry


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


@pytest.mark.parametrize(
    ("interval", "words"), [([0.7, 0.2], "0.7 to 0.2"), ([-0.1, 1], "-0.1 to 1"), ([0, 2], "0 to 2")]
)
def test_guidance_is_within_the_steps(interval, words):
    with pytest.raises(ValidationError, match=f"{words} is no part of the steps"):
        EngineSettings.model_validate({"guidance_interval": interval})
    assert EngineSettings.model_validate({"guidance_interval": [0, 0.7]}).guidance_interval == (0, 0.7)
