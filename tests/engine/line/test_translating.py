"""Requests, infos and samples that went over the line are what they were."""

from dataclasses import fields, replace

import numpy as np

from midifrag.audio import SourceSound
from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of
from midifrag.engine.line.frames import encode, from_server
from midifrag.engine.line.messages import FILES, LoraFile, Sound
from midifrag.engine.line.translating import heard_info, packed, render_of, told_info, told_take, unpacked, wish_of
from midifrag.engine.messages import EngineInfo, Render, Rendered

#: One of each kind of value for every parameter that travels.
PARAMETERS_TOLD = {
    name: {int: 7, float: 0.5, str: "x"}[PARAMETERS[name].kind]
    for name in names_of(RequestParameters)
    if name not in FILES
}
RENDER = Render(3, "a bell", spare=True, recorded=True, bpm=121.5, **PARAMETERS_TOLD)
INFO = EngineInfo(
    "stable-audio", "pocket", "c0ffee", "cuda:0 (H100)", "fp16", 44100, 2, 11.0, ("euler",), deterministic=False,
    memory={"weights": 12e6}, warmed="3 lengths", min_seconds=0.5, remark="r", noise="n", hears_tempo=True,
    begins_from=("sound", "part"),
)  # fmt: skip


def test_a_request_comes_back_with_every_field():
    travels = [one.name for one in fields(Render) if one.name not in (*FILES, "sound", "fill")]
    assert all(getattr(RENDER, name) not in (None, False) for name in travels)
    assert render_of(wish_of(RENDER), 9) == replace(RENDER, job=9)


def test_what_is_uploaded_of_a_request_is_named_and_comes_back():
    sound = SourceSound.of(np.zeros((1, 10), np.float32), 44100)
    told = Sound(sha256="a" * 64, channels=1, samples=10, sample_rate=44100)
    lora = LoraFile(name="dusty", strength=0.8, sha256="b" * 64, size=9)
    render = replace(RENDER, sound=sound, fill=(0.5, 1.0), loras="dusty=0.8 from /sets/dusty.safetensors")
    wish = wish_of(render, told, (lora,))
    # No place of either machine is in it.
    assert "/sets" not in wish.model_dump_json()
    there = "dusty=0.8 from /there/1"
    assert render_of(wish, 9, sound, there) == replace(render, job=9, loras=there)


def test_an_info_comes_back_with_every_field_and_the_servers_name():
    frame = from_server(encode(told_info("pocket", INFO)))
    heard = heard_info(frame.message, "studio/pocket", "studio")
    assert heard == replace(INFO, model="studio/pocket", device="cuda:0 (H100) of studio")


def test_a_model_without_a_longest_take_is_told():
    assert heard_info(told_info("m", replace(INFO, max_seconds=float("inf"))), "m", "s").max_seconds == float("inf")


def test_samples_come_back_bit_by_bit():
    audio = np.random.default_rng(1).normal(size=(2, 100)).astype(np.float32)
    got = unpacked(packed(audio), 2)
    assert got.dtype == np.float32
    assert got.flags.writeable
    np.testing.assert_array_equal(got, audio)
    # Also of what is not one piece in memory.
    np.testing.assert_array_equal(unpacked(packed(audio[:, ::2]), 2), audio[:, ::2])


def test_what_is_told_of_a_take_fits_the_line():
    take = Rendered(
        1, np.zeros((1, 5), np.float32), 8000, {"prompt": "x" * 30_000, "seed": 1}, 0.5, ("n" * 3000,) * 200
    )
    told = told_take("0" * 32, take, "0" * 64)
    assert (told.size, len(told.used["prompt"]), len(told.notes), len(told.notes[0])) == (20, 20_000, 99, 2000)
