from __future__ import annotations

import dataclasses
import json

import pytest

from midifrag.fragment.audio_files import encode_audio, write_wav
from midifrag.fragment.slot_content import SlotContent, content_of, seconds_of
from midifrag.fragment.wav import with_texts
from tests.fragment.sounds import RATE, noise

CONTENT = SlotContent(
    landing=7,
    slot=3,
    turn=True,
    job=12,
    take=41,
    preset="36",
    prompt="дождь 🌧",
    seconds=0.1,
    landed_at=1700000000.5,
)


def test_a_slot_file_says_what_lies_in_it(tmp_path):
    path = tmp_path / "output03.wav"
    path.write_bytes(with_texts(encode_audio(noise(), RATE, 16), CONTENT.texts()))

    assert content_of(path) == CONTENT
    assert (CONTENT.texts()["title"], CONTENT.texts()["software"]) == ("дождь 🌧", "midifrag")


@pytest.mark.parametrize("missing", ["job", "take"])
def test_a_take_without_job_or_number_is_content_too(missing):
    values = dataclasses.asdict(CONTENT) | {missing: None}

    assert SlotContent.read(values) == dataclasses.replace(CONTENT, **{missing: None})


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "text",
        {},
        dataclasses.asdict(CONTENT) | {"mood": "dark"},
        *(dataclasses.asdict(CONTENT) | {name: "many"} for name in ("landing", "slot", "seconds", "landed_at")),
    ],
)
def test_what_is_no_content_is_none(values):
    assert SlotContent.read(values) is None


@pytest.mark.parametrize("comment", ["", "{", "[]", "7", "{}", json.dumps({"midifrag": {"landing": 1}})])
def test_files_of_others_say_nothing(tmp_path, comment):
    write_wav(tmp_path / "a.wav", noise(), RATE, metadata={"comment": comment})
    (tmp_path / "b.wav").write_text("no audio")

    assert [content_of(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")] == [None] * 3


def test_a_take_number_learnt_later_is_taken_over_from_the_same_landing():
    unknown = dataclasses.replace(CONTENT, take=None)

    assert unknown.with_take_of(CONTENT) == CONTENT
    assert unknown.with_take_of(dataclasses.replace(CONTENT, landing=8)) is unknown
    assert unknown.with_take_of(None) is unknown


def test_length_of_any_audio_file(tmp_path):
    write_wav(tmp_path / "a.wav", noise(0.25), RATE)
    (tmp_path / "b.wav").write_text("no audio")

    assert [seconds_of(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")] == [0.25, 0.0, 0.0]
