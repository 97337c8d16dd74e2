"""How LoRAs are said: lists in a set, lines in requests and records, and lists that lie over each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from midifrag.config.loras import (
    Lora,
    as_loras,
    is_name,
    merged,
    read_loras,
    reading_from,
    strengths_of,
    with_strengths,
    write_loras,
)

SHA = "a" * 64
EVERY = (
    Lora("dusty", 0.8, "/my sets/dusty v2.safetensors"),
    Lora("of the hub", -1.0, "hub:me/loras/deep/one.safetensors@v1", SHA),
    Lora("vinyl", 2.0),
)


def test_a_line_says_all_of_them_and_is_read_back() -> None:
    line = write_loras(EVERY)
    assert line == (
        "dusty=0.8 from /my sets/dusty v2.safetensors; "
        f"of the hub=-1 from hub:me/loras/deep/one.safetensors@v1 sha256:{SHA}; vinyl=2"
    )
    assert read_loras(line) == EVERY
    assert EVERY[1].hub == ("me/loras", "deep/one.safetensors", "v1")
    assert EVERY[0].hub is None
    assert (write_loras(()), read_loras(None), read_loras(" ; ")) == (None, (), ())


def test_a_list_of_keys_becomes_the_line_with_paths_from_the_set_s_folder(tmp_path: Path) -> None:
    said = [
        {"file": "loras/dusty.safetensors", "strength": 0.8},
        {"hub": "me/loras", "file": "one.safetensors", "revision": "v1", "name": "one", "strength": 2},
        "plain.safetensors",
        {"name": "vinyl"},
    ]
    assert as_loras(said) == (
        "dusty=0.8 from loras/dusty.safetensors; one=2 from hub:me/loras/one.safetensors@v1; "
        "plain=1 from plain.safetensors; vinyl=1"
    )
    with reading_from(tmp_path):
        whole = as_loras(said)
        assert as_loras(whole) == whole
    assert read_loras(whole)[0].place == str((tmp_path / "loras" / "dusty.safetensors").resolve())
    assert read_loras(whole)[1].place == "hub:me/loras/one.safetensors@v1"
    assert as_loras(None) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"file": "x"}, "must be a list"),
        ([{"fil": "x"}], "did you mean file"),
        ([3], "is no LoRA"),
        ([{"strength": 1}], "has a file, or the name"),
        ([{"file": "x.safetensors", "strength": 2.5}], "strength 2.5 is not between -1 and 2"),
        ([{"file": "x.safetensors", "strength": "much"}], "strength 'much' is no number"),
        ([{"file": "x.safetensors", "strength": True}], "is no number"),
        ([{"file": "x.safetensors", "strength": float("nan")}], "not between"),
        ([{"file": "a/x.safetensors"}, {"file": "b/x.safetensors"}], "x stands there twice"),
        ([{"file": "a;b.safetensors"}], "without a semicolon"),
        ([{"file": "https://huggingface.co/me/loras"}], "write hub: me/loras"),
        ([{"hub": "me/loras"}], "name the LoRA's file in it"),
        ([{"hub": "me", "file": "x"}], "is not the name of a hub repository"),
        ([{"hub": "me/loras", "file": "../x"}], "is no file of a repository"),
        ([{"hub": "me/loras", "file": "a@b"}], "cannot be named in a take's record"),
        ([{"file": "hub:me/loras/x"}], "write {hub: owner/name"),
        ([{"file": "x", "revision": "v1"}], "revision goes with hub"),
        ([{"file": "x", "name": "a=b"}], "is no name of a LoRA"),
        ([{"file": f"{number}.safetensors"} for number in range(17)], "has 17 LoRAs; 16 are the most"),
        ("dusty", "write it as dusty=0.8"),
        ("dusty=9", "not between"),
        ("dusty=1 from hub:me", "is not the name of a hub repository"),
    ],
)
def test_what_cannot_be_meant_is_told(said: object, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        as_loras(said)


def test_nearer_lists_lie_over_farther_ones_by_name() -> None:
    far = "dusty=0.8 from /a.safetensors; vinyl=1 from /v.safetensors"
    assert merged(far, "dusty=0.3; new=2 from /n.safetensors") == (
        "dusty=0.3 from /a.safetensors; vinyl=1 from /v.safetensors; new=2 from /n.safetensors"
    )
    assert merged(far, "dusty=0.3 from /b.safetensors") == (
        "dusty=0.3 from /b.safetensors; vinyl=1 from /v.safetensors"
    )
    assert merged(None, far) == far == merged(far, None)


def test_values_are_strengths_of_those_that_play() -> None:
    line = "dusty=0.8 from /a.safetensors; vinyl=1 from /v.safetensors"
    assert strengths_of(line) == {"lora.dusty": 0.8, "lora.vinyl": 1.0}
    moved = with_strengths(line, {"lora.dusty": -0.5, "lora.other": 2.0, "steps": 3})
    assert strengths_of(moved) == {"lora.dusty": -0.5, "lora.vinyl": 1.0}
    assert with_strengths(None, {"lora.dusty": 1.0}) is None


def test_names() -> None:
    assert all(map(is_name, ("dusty", "dusty v2.1", "ü")))
    assert not any(map(is_name, ("", " a", "a;b", "a=b", "a\n", "x" * 81)))
