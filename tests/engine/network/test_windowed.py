"""What all decoders in windows do, with one of a few lines."""

import copy

import torch

from midifrag.engine.network.windowed import WindowedDecoder, copied, cut, fp32_module, module_bytes
from midifrag.engine.network.windows import Window


class Doubling(WindowedDecoder):
    """Each sample is its latent, twice as loud; it is said to depend on one latent more on each side."""

    description, memory = "", 0

    def __init__(self, *, has_sizes: bool = False, whole: int = -1) -> None:
        super().__init__(usual=8, ratio=4, before=1, after=1, has_sizes=has_sizes)
        self.whole, self.asked = whole, []

    def _reach(self, start: int, stop: int) -> tuple[int, int]:
        return start // 4 - 1, -(-stop // 4) + 1

    def _audio(self, latents: torch.Tensor) -> torch.Tensor:
        self.asked.append(latents.shape[-1])
        return 2 * latents.repeat_interleave(4, dim=-1)

    def _is_whole(self, frames: int) -> bool:
        return frames == self.whole


def everything(decoder: WindowedDecoder, frames: int, samples: int) -> torch.Tensor:
    latents = torch.arange(float(frames)).view(1, 1, -1)
    pieces: list[torch.Tensor] = []
    while (done := sum(each.shape[-1] for each in pieces)) < samples:
        pieces.append(decoder.decode(latents, decoder.window_at(done, samples, frames)))
    return torch.cat(pieces, dim=-1)[0, 0]


def test_windows_make_up_the_whole_with_and_without_sizes() -> None:
    expected = 2 * torch.arange(40.0).repeat_interleave(4)[:157]
    for decoder in (Doubling(), Doubling(has_sizes=True)):
        assert torch.equal(everything(decoder, 40, 157), expected)
        assert len(decoder.asked) > 1
    assert max(Doubling().asked, default=0) == 0


def test_what_is_only_decoded_whole_is_decoded_at_once() -> None:
    decoder = Doubling(whole=40)
    everything(decoder, 40, 157)
    assert decoder.asked == [40]
    assert Doubling(has_sizes=True, whole=40).unmet(40, 1, alone=True) == [(Window(0, 40, 0, 160), 1)]


def test_what_a_decoder_falls_short_of_is_silence() -> None:
    assert cut(torch.ones(1, 1, 6), Window(0, 2, 2, 8)).tolist() == [[[1.0] * 4 + [0.0] * 4]]


def test_copies() -> None:
    module = torch.nn.Linear(2, 2)
    assert fp32_module(module) is module
    assert fp32_module(None) is None
    half = fp32_module(copy.deepcopy(module).half())
    assert half.weight.dtype == torch.float32
    assert copied(module) is not module
    assert module_bytes(module) == 24
