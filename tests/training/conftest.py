"""Foreign packages warn about themselves when they are first imported: let them do so once, before warnings count.

Every worker collects these tests, and most play none of them: what only they use is imported when they do.
"""

import importlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from midifrag.engine.loading.light_imports import light_imports

with warnings.catch_warnings(), light_imports():
    warnings.simplefilter("ignore")
    for name in ("inference.generation", "models.factory", "models.autoencoders"):
        importlib.import_module(f"stable_audio_tools.{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith("tests/training/"):
            item.add_marker(pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"))


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Tiny models only wait for each other's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher with random weights, louder than those of a start so that each of its inputs counts."""
    from safetensors.torch import save_file
    from stable_audio_tools.models.factory import create_model_from_config

    from midifrag.engine.loading.silence_output import silence_output
    from training.config import model_config
    from training.presets import PRESETS
    from training.tokens import save_tokenizer

    place = tmp_path_factory.mktemp("teacher")
    preset = PRESETS["tiny"]
    config = model_config(preset.autoencoder, preset.diffusion)
    config["midifrag"] = {"defaults": {"steps": 8, "cfg_scale": 3.0, "seconds": 0.5}, "short_latents": True}
    save_tokenizer(place / "tokenizer")
    (place / "model_config.json").write_text(json.dumps(config))
    prompt = config["model"]["conditioning"]["configs"][0]["config"]
    prompt["tokenizer_name"] = str(place / "tokenizer")
    torch.manual_seed(3)
    with silence_output():
        module = create_model_from_config(config)
    with torch.no_grad():
        for name, value in module.model.named_parameters():
            if value.ndim == 2 and not value.any():
                value.normal_(0, 0.2)
            assert value.any() or value.ndim == 1 or "conv" in name, name
        module.conditioner.conditioners["prompt"].token_embedder.weight.normal_(0, 0.5)
    save_file(
        {name: value.contiguous() for name, value in module.state_dict().items()}, str(place / "model.safetensors")
    )
    return place
