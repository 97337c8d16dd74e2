from __future__ import annotations

import pytest

from midifrag.engine.loading import pairs
from midifrag.engine.loading.hub_errors import AbsentError

OPEN = ["README.md", "model.ckpt", "model.safetensors", "model_config.json", "model_index.json"]
DIFFUSERS = ["transformer/config.json", "transformer/model.safetensors", "vae/model.safetensors"]


@pytest.mark.parametrize(
    ("files", "source", "expected"),
    [
        (OPEN + DIFFUSERS, {}, ("model_config.json", "model.safetensors")),
        (OPEN, {"file": "model.ckpt"}, ("model_config.json", "model.ckpt")),
        (["model_config.json", "model.ckpt"], {}, ("model_config.json", "model.ckpt")),
        (["a.json", "b.ckpt"], {}, ("a.json", "b.ckpt")),
        (["a_config.json", "notes.json", "b.ckpt"], {}, ("a_config.json", "b.ckpt")),
        (["a.json", "b.ckpt", *DIFFUSERS], {}, ("a.json", "b.ckpt")),
        (["a.json", "b.safetensors", "b.ckpt", "b.pt"], {}, ("a.json", "b.safetensors")),
        (["x/a.json", "x/b.ckpt", "optimizer.pt", "training_args.bin"], {}, ("x/a.json", "x/b.ckpt")),
        (
            ["a/model_config.json", "a/last.ckpt", "b/model_config.json", "b/last.ckpt"],
            {"file": "b/last.ckpt"},
            ("b/model_config.json", "b/last.ckpt"),
        ),
        (["model_config.json", "b/last.ckpt"], {"file": "b/last.ckpt"}, ("model_config.json", "b/last.ckpt")),
        (["a.json", "b.json", "c.ckpt"], {"config": "b.json"}, ("b.json", "c.ckpt")),
        (OPEN, {"file": "other.ckpt"}, None),
        (OPEN, {"config": "other.json"}, None),
        (["config.json", "model.safetensors", "model.safetensors.index.json"], {}, None),
        (["model_config.json", "README.md"], {}, None),
    ],
)
def test_which_files_are_the_model(files, source, expected):
    assert pairs.choose(files, source, "someone/model") == expected


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["model_config.json", "a.ckpt", "b.ckpt"], r"its checkpoint: a\.ckpt, b\.ckpt\. Name one with file:"),
        (["a.json", "b.json", "c.ckpt"], r"its model configuration: a\.json, b\.json\. Name one with config:"),
        (["model_config.json", *(f"{n}.ckpt" for n in range(12))], r"0\.ckpt, 1\.ckpt, 10\.ckpt.* …\. Name one"),
    ],
)
def test_where_there_are_several_they_are_named(files, words):
    with pytest.raises(AbsentError, match=words):
        pairs.choose(files, {}, "someone/model")


def test_what_a_repository_has_not_is_named_with_what_to_do():
    error = pairs.absent("someone/model", ["a.ckpt", "b.ckpt"], "main")
    assert "but no a.ckpt and no b.ckpt in its revision main" in str(error)
    assert "with config: and file:" in str(error)
