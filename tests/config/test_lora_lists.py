"""LoRAs as a set says them, with paths from its folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from midifrag.config.lora_lists import as_loras, as_loras_from, reading_from
from midifrag.config.loras import read_loras


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
    assert as_loras_from(tmp_path, said) == whole
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
    ],
)
def test_what_cannot_be_meant_is_told(said: object, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        as_loras(said)
