from __future__ import annotations

import pytest

from midifrag.config.model_faults import fault
from tests.engine.sa3_models import sa3_config
from tests.engine.tiny_models import for_inpainting, tiny_config


@pytest.mark.parametrize("objective", ["v", "rectified_flow", "rf_denoiser"])
def test_right_ones(objective):
    assert fault(tiny_config(objective)) is None
    assert fault(for_inpainting(tiny_config(objective)) | {"sample_rate": 8000.0}) is None


def test_those_of_stable_audio_3_are_right():
    assert fault(sa3_config("small", gemma="nowhere")) is None
    assert fault(sa3_config("medium", gemma="nowhere")) is None


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sample_rate", True, "no usable sample_rate: True"),
        ("sample_rate", 10**9, "no usable sample_rate"),
        ("sample_size", 100.5, "no usable sample_size: 100.5"),
        ("sample_size", -5, "no usable sample_size: -5"),
        ("model.io_channels", 0, "no usable model.io_channels: 0"),
        ("model.conditioning.cond_dim", None, "no usable model.conditioning.cond_dim"),
        ("model.diffusion.config", [], "nothing under model.diffusion.config"),
        ("model.diffusion.config.depth", "2", "no usable model.diffusion.config.depth: '2'"),
        ("model.diffusion.global_cond_ids", "prompt", "no usable model.diffusion.global_cond_ids"),
        ("model.diffusion.prepend_cond_ids", ["promt"], "did you mean prompt?"),
        ("model.diffusion.local_add_cond_ids", ["promt"], "did you mean prompt?"),
        ("model.pretransform.type", "nope", "of type 'nope'"),
        ("model.pretransform.scale", "x", "no usable model.pretransform.scale"),
        ("model.pretransform.config.decoder", None, "lacks model.pretransform.config.decoder.type."),
        ("model.pretransform.config.downsampling_ratio", "64", "model.pretransform.config.downsampling_ratio: '64'"),
        ("model.pretransform.config.bottleneck", {"type": "x"}, "bottleneck of type 'x'"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(path, value, said):
    content = block = tiny_config()
    *keys, last = path.split(".")
    for key in keys:
        block = block[key]
    block[last] = value
    assert said in (fault(content) or "")


@pytest.mark.parametrize(("name", "said"), [("prompt", "2 conditioners with the id prompt"), (3, "which is no text")])
def test_an_id_that_cannot_be(name, said):
    content = tiny_config()
    content["model"]["conditioning"]["configs"][1]["id"] = name
    assert said in (fault(content) or "")
