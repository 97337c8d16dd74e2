import copy
from unittest import mock

import pytest
import torch

from midifrag.config.morphing import Morph
from midifrag.engine.loading.model import Model
from midifrag.engine.network import conditioning
from midifrag.engine.network.conditioning import Conditioner, Conditioning
from midifrag.errors import ModelError
from tests.engine.sa3_models import sa3
from tests.engine.stock import as_model, loaded
from tests.engine.tiny_models import (
    LATENT_CHANNELS,
    for_inpainting,
    module_of,
    shared_tokenizer,
    tiny_config,
    tiny_model,
    told_more,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return loaded("v")


@torch.inference_mode()
def test_inputs_are_stock_s(model: Model) -> None:
    ours = Conditioner(model).encode("rain", "hum", 1.5)

    def stock(prompt: str, *, negative: bool = False) -> dict[str, torch.Tensor]:
        batch = [{"prompt": prompt, "seconds_start": 0, "seconds_total": 1.5}]
        return model.module.get_conditioning_inputs(model.module.conditioner(batch, "cpu"), negative=negative)

    assert torch.equal(ours.cross, stock("rain")["cross_attn_cond"])
    assert torch.equal(ours.global_cond, stock("rain")["global_cond"])
    refused = stock("hum", negative=True)
    mask = refused["negative_cross_attn_mask"].bool()[0]
    assert torch.equal(ours.negative[0, mask], refused["negative_cross_attn_cond"][0, mask])
    assert not ours.negative[0, ~mask].any()
    assert (ours.prepend, ours.concat) == (None, None)


def test_without_a_negative_prompt_there_is_none(model: Model) -> None:
    assert Conditioner(model).encode("rain", "", 1.0).negative is None


def test_each_prompt_is_read_once(model: Model) -> None:
    conditioner = Conditioner(model)
    first = conditioner.encode("rain", "", 1.0)
    longer = conditioner.encode("rain", "bell", 2.0)
    assert conditioner.text_runs == 2
    assert torch.equal(first.cross[:, :24], longer.cross[:, :24])
    assert not torch.equal(first.global_cond, longer.global_cond)


def test_what_was_not_used_for_longest_is_forgotten_first(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two prompts and two numbers.
    monkeypatch.setattr(conditioning, "CACHED_EMBEDDINGS", 4)
    conditioner = Conditioner(model)
    for prompt in ("a", "b", "a", "c"):
        conditioner.encode(prompt, "", 1.0)
    assert conditioner.text_runs == 3
    conditioner.encode("a", "", 1.0)
    assert conditioner.text_runs == 3
    conditioner.encode("b", "", 1.0)
    assert conditioner.text_runs == 4


def test_a_model_that_wants_more_than_a_preset_has_is_refused() -> None:
    module, config = tiny_model("v")
    audio = {"id": "kick", "type": "clap_audio", "config": {}}
    config = told_more(copy.deepcopy(config), audio)
    with pytest.raises(ModelError, match=r"tiny is conditioned on kick \(clap_audio\), which a preset cannot give"):
        Conditioner(as_model(module, config))


def test_words_that_change_nothing_are_named_in_order_but_not_those_without_a_meaning(model: Model) -> None:
    conditioner = Conditioner(model)
    assert conditioner.ignored("rain on tin") == ()
    unknown = {"glorps", "vexed"}
    table = model.module.conditioner.conditioners["prompt"]

    class Words:
        """A tokenizer of words."""

        def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
            return {"input_ids": [sum(map(ord, word)) for word in text.split() if word not in unknown]}

    with mock.patch.object(table, "tokenizer", Words()):
        assert conditioner.ignored("a bell that glorps over vexed rain") == ("glorps", "vexed")


def test_the_words_that_there_is_no_room_for_are_cut(model: Model) -> None:
    """The model reads bytes, 24 of them."""
    conditioner = Conditioner(model)
    assert conditioner.cut("a bell that rings softly") == ""
    assert conditioner.cut("a bell that rings softly and glorps over") == "and glorps over"
    assert conditioner.cut("a bell that rings so softly") == "softly"


def test_a_model_that_reads_any_text_ignores_nothing(model: Model) -> None:
    conditioner = Conditioner(model)
    reader = model.module.conditioner.conditioners["prompt"]
    embedder = reader.token_embedder
    del reader.token_embedder
    try:
        assert conditioner.ignored("zorple " * 30) == ()
    finally:
        reader.token_embedder = embedder


def test_a_model_for_inpainting_keeps_nothing() -> None:
    config = for_inpainting(tiny_config(tokenizer=shared_tokenizer()))
    told = Conditioner(as_model(module_of(config), config)).encode("rain", "", 1.0)
    assert told.concat is not None
    assert told.concat.shape == (1, LATENT_CHANNELS + 1, 1)
    assert not told.concat.any()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Conditioning(), False),
        (Conditioning(global_cond=torch.zeros(1, 1)), False),
        (Conditioning(cross=torch.zeros(1, 1, 1)), True),
        (Conditioning(prepend=torch.zeros(1, 1, 1)), True),
    ],
)
def test_guidance_needs_a_prompt(given: Conditioning, expected: bool) -> None:
    assert given.can_guide is expected


def test_between_two_prompts_its_ends_are_theirs(model: Model) -> None:
    conditioner = Conditioner(model)
    rain, bell = (conditioner.encode(prompt, "hum", 1.0) for prompt in ("rain on tin", "bell"))
    for share, expected in ((0.0, rain), (1.0, bell)):
        at_end = conditioner.encode("rain on tin", "hum", 1.0, morph=Morph("bell", share))
        assert torch.equal(at_end.cross, expected.cross)
        assert torch.equal(at_end.global_cond, expected.global_cond)
        assert torch.equal(at_end.negative, rain.negative)
    middle = conditioner.encode("rain on tin", "hum", 1.0, morph=Morph("bell", 0.5))
    assert not torch.isclose(middle.cross, rain.cross).all()
    assert not torch.isclose(middle.cross, bell.cross).all()
    # Neither the length nor what else it is told is moved.
    assert torch.equal(middle.global_cond, rain.global_cond)
    assert conditioner.text_runs == 3


def test_a_token_stands_for_nothing_where_it_does_in_both_prompts() -> None:
    conditioner = Conditioner(sa3())
    rain, bell = (conditioner.encode(prompt, "", 1.0) for prompt in ("rain on a tin roof", "bell"))
    middle = conditioner.encode("rain on a tin roof", "", 1.0, morph=Morph("bell", 0.5))
    assert rain.padded != bell.padded
    assert middle.padded == rain.padded
    alike = torch.tensor([first and second for first, second in zip(rain.padded, bell.padded, strict=True)])
    assert alike.any()
    assert torch.equal(middle.cross[0, alike], rain.cross[0, alike])


def test_prompts_of_different_numbers_of_tokens_meet(model: Model) -> None:
    conditioner = Conditioner(model)
    reader = model.module.conditioner.conditioners["prompt"]
    width = conditioner.encode("rain", "", 1.0).cross.shape[-1]

    def read(texts: list[str], _device: object) -> tuple[torch.Tensor, torch.Tensor]:
        count = len(texts[0].split())
        return torch.full((1, count, width), float(count)), torch.ones(1, count)

    with mock.patch.object(type(reader), "forward", lambda _self, texts, device: read(texts, device)):
        middle = Conditioner(model).encode("one two three", "", 1.0, morph=Morph("one", 0.5))
        longer = Conditioner(model).encode("one", "", 1.0, morph=Morph("one two three", 0.5))
    assert torch.allclose(middle.cross[0, :3].mean(dim=-1), torch.tensor([2.0, 1.5, 1.5]))
    assert middle.cross.shape == longer.cross.shape
