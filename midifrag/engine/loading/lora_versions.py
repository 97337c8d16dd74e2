"""What tells one version of a LoRA's file from another without reading it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from midifrag.fragment.files import Signature, signature_of

#: What PEFT writes beside a LoRA's file, and what says there how strongly that counts.
BESIDE = "adapter_config.json"

#: Of the file, and of what may lie beside it; None where there is none.
LoraVersion: TypeAlias = tuple[Signature | None, Signature | None]


def version_of(file: Path) -> LoraVersion:
    """What changes with a LoRA; waits for its drive."""
    return signature_of(file), signature_of(file.with_name(BESIDE))
