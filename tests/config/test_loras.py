"""How LoRAs are said: lists in a set, lines in requests and records, and lists that lie over each other."""

from __future__ import annotations

import re

import pytest

from midifrag.config.loras import (
    Lora,
    is_name,
    merged,
    read_loras,
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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("dusty", "write it as dusty=0.8"),
        ("dusty=9", "not between"),
        ("dusty=nan", "is no LoRA"),
        ("dusty=1 from hub:me", "is no file of the hub"),
        ("a=1; a=2", "a stands there twice"),
    ],
)
def test_what_cannot_be_meant_is_told(said: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        read_loras(said)


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
