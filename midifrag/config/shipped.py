"""Where the set lies that comes with midifrag."""

from __future__ import annotations

from pathlib import Path


def shipped_path() -> Path:
    """``presets.yaml`` of the set that comes with midifrag: inside an installed package, or at a checkout's root."""
    package = Path(__file__).parent.parent
    inside = package / "shipped" / "presets.yaml"
    return inside if inside.exists() else package.parent / "presets.yaml"
