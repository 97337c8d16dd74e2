"""What a server prepares for: in messages that fit, and with LoRAs when these are packed."""

import numpy as np

from midifrag.audio import SourceSound
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode
from midifrag.engine.messages import Render
from midifrag.engine.remote.parcels import Packed
from midifrag.engine.remote.warmings import Warmings


def render(prompt="bell", **said):
    return Render(0, prompt, seconds=1.0, seed=1, **said)


def test_what_fits_a_frame_is_said_and_the_rest_is_not():
    warmings = Warmings()
    assert warmings.take((*(render("x" * 15_000) for _ in range(20)), render("x" * 30_000))) == []
    messages = list(warmings.messages("m"))
    assert sum(len(one.wishes) for one in messages) == 20
    assert all(encode(one) for one in messages)


def test_renders_with_loras_are_offered_when_they_are_packed_and_sounds_are_not():
    warmings, sound = Warmings(), SourceSound.of(np.zeros((1, 5), np.float32), 8000)
    with_lora = render(loras="dusty=0.8 from /x")
    assert warmings.take((render(), with_lora, render(sound=sound))) == [with_lora]
    wish = line.Wish(prompt="bell", seed=1)
    warmings.packed(Packed(wish))
    assert [type(one) for one in warmings.messages("m")] == [line.Warm, line.Offer]
    # Another set has others.
    warmings.take((render(),))
    assert [type(one) for one in warmings.messages("m")] == [line.Warm]
