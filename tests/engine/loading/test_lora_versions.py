from __future__ import annotations

import os
from pathlib import Path

from midifrag.engine.loading.lora_versions import BESIDE, version_of


def test_a_version_is_another_one_after_each_change_of_the_file_or_of_what_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "dusty.safetensors"
    seen = [version_of(file)]
    assert seen == [(None, None)]
    file.write_bytes(b"one")
    seen.append(version_of(file))
    assert version_of(file) == seen[-1]
    os.utime(file, ns=(5, 5))
    seen.append(version_of(file))
    file.write_bytes(b"three")
    os.utime(file, ns=(5, 5))
    seen.append(version_of(file))
    (tmp_path / BESIDE).write_text("{}")
    seen.append(version_of(file))
    other = tmp_path / "other"
    other.write_bytes(b"seven")
    os.utime(other, ns=(5, 5))
    other.replace(file)
    seen.append(version_of(file))
    assert len(set(seen)) == len(seen)
