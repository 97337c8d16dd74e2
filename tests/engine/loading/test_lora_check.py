"""What is said of a LoRA's file without its model."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from midifrag.engine.loading.lora_check import lora_problem


def test_a_file_s_header_tells_whether_it_can_be_one(tmp_path: Path) -> None:
    right, odd, none = (tmp_path / f"{name}.safetensors" for name in ("right", "odd", "none"))
    name = "model.a.parametrizations.weight.0.lora_A"
    save_file({name: torch.ones(2, 2)}, right, metadata={"lora_config": json.dumps({"rank": 2})})
    save_file({name: torch.ones(2, 2)}, odd, metadata={"lora_config": json.dumps({"adapter_type": "loha"})})
    save_file({"model.a.weight": torch.ones(2, 2)}, none)
    pickled = tmp_path / "loraw.ckpt"
    torch.save({"model/a/lora_down.weight": torch.ones(2, 2)}, pickled)
    assert lora_problem(right) is None
    assert lora_problem(pickled) is None
    assert "of the type 'loha'" in str(lora_problem(odd))
    assert "none of the formats" in str(lora_problem(none))
    gone = str(lora_problem(tmp_path / "gone.safetensors"))
    assert gone == f"There is no LoRA {tmp_path / 'gone.safetensors'}. Check its path."
    assert "is a folder" in str(lora_problem(tmp_path))
