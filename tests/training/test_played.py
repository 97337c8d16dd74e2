from types import SimpleNamespace

import pytest
import torch

from training import played
from training.played import AROUND, Played, compared
from training.presets import RATIO


def model(steps=4, names=("prompt", "seconds_total"), guidance=3.0):
    """A stand-in for a model folder."""
    module = SimpleNamespace(conditioner=SimpleNamespace(conditioners=dict.fromkeys(names)))
    return SimpleNamespace(
        module=module, steps=steps, guidance=guidance, beside={}, device=torch.device("cpu"), told=lambda *told: told
    )


def test_the_last_step_of_a_model_that_knows_the_way_ends_where_it_began(monkeypatch):
    monkeypatch.setattr(played, "Teacher", lambda *_: model(names=("prompt", "cfg_scale", "steps")))
    latents = torch.randn(2, 5, 40)
    monkeypatch.setattr(played, "ask", lambda _module, x, t, _told: (x - latents) / t[:, None, None])
    one = Played("folder", torch.device("cpu"))
    assert one.before_last == pytest.approx(0.5)
    assert one.teacher.beside == {"cfg_scale": 3.0, "steps": 4.0}
    assert torch.allclose(one.finished(latents, ["a", "b"], [1.0, 2.0]), latents, atol=1e-5)


def test_a_model_that_is_not_distilled_is_guided(monkeypatch):
    teacher = model(guidance=2.0)
    monkeypatch.setattr(played, "Teacher", lambda *_: teacher)
    latents = torch.zeros(1, 5, 40)
    empty, given = torch.full_like(latents, 1.0), torch.full_like(latents, 3.0)
    teacher.both = lambda *_: (given, empty)
    torch.manual_seed(0)
    noise = torch.randn_like(latents)
    torch.manual_seed(0)
    left = Played("folder", torch.device("cpu")).finished(latents, ["a"], [1.0])
    # Guidance of 2 makes 5 of 1 and 3.
    assert torch.allclose(left, 0.5 * noise - 0.5 * 5.0, atol=1e-5)


class Numbered:
    """Clips of which each sample, and each latent, says where it is."""

    prompts, seconds = ["a", "b"], torch.tensor([2.0, 2.0])

    def __init__(self, frames):
        self.audio = torch.arange(1, frames + 1).repeat_interleave(RATIO).expand(2, 2, -1) * 1.0

    def whole(self, indices):
        return self.audio[indices]

    def encode(self, sounds):
        return sounds[:, :1, ::RATIO]


def test_crops_of_latents_and_sounds_are_of_the_same_places(monkeypatch):
    monkeypatch.setattr(played, "Teacher", lambda *_: model())
    one, clips, frames = Played("folder", torch.device("cpu")), Numbered(50), 16
    monkeypatch.setattr(one, "finished", lambda latents, *_: latents)
    torch.manual_seed(0)
    crops = one.crops(clips, clips, 8, frames, torch.tensor([0.0, 1.0]))
    assert crops.clips.tolist() == [1] * 8
    assert crops.latents.shape == (8, 1, frames + 2 * AROUND)
    # What a perfect decoder would make of them.
    decoded = crops.latents.expand(-1, 2, -1).repeat_interleave(RATIO, dim=-1)
    assert torch.equal(compared(decoded, crops.begins, frames), crops.real)
    assert crops.begins[::2].tolist() == [0] * 4
    assert (crops.latents[::2, 0, 0] == 1).all()
    assert {AROUND} <= set(crops.begins[1::2].tolist()) <= {0, AROUND, 2 * AROUND}


def test_clips_too_short_for_a_crop_are_refused(monkeypatch):
    monkeypatch.setattr(played, "Teacher", lambda *_: model())
    one, clips = Played("folder", torch.device("cpu")), Numbered(21)
    monkeypatch.setattr(one, "finished", lambda latents, *_: latents)
    with pytest.raises(ValueError, match="too short"):
        one.crops(clips, clips, 2, 16, torch.tensor([1.0, 0.0]))


def test_crops_are_of_where_something_is_heard(monkeypatch):
    monkeypatch.setattr(played, "Teacher", lambda *_: model())
    one, clips = Played("folder", torch.device("cpu")), Numbered(200)
    monkeypatch.setattr(one, "finished", lambda latents, *_: latents)
    clips.audio = torch.where((clips.audio > 120) & (clips.audio < 124), clips.audio, 0.0)
    crops = one.crops(clips, clips, 20, 16, torch.tensor([1.0, 0.0]))
    assert (crops.real[1::2].amax(dim=(1, 2)) > 120).all()
