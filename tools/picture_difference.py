"""How much of a picture looks different from another one: shares of small fields whose colour the eye tells apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Pixels along the edge of a field: what differs in less is a letter's edge or a waveform's shade.
FIELD = 8
#: The distance of two colours in OKLab from which they look different side by side.
SEEN = 0.03
#: From sRGB's linear light to cones, and from these to OKLab (Ottosson 2020).
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def difference(one: Path, other: Path) -> float:
    """The share, 0–1, of two pictures that looks different; 1 where they are not of one size, or one is missing."""
    if not one.exists() or not other.exists():
        return 1.0
    with Image.open(one) as first, Image.open(other) as second:
        if first.size != second.size:
            return 1.0
        fields = [_fields(picture.convert("RGB")) for picture in (first, second)]
    distance = np.sqrt(((fields[0] - fields[1]) ** 2).sum(axis=-1))
    return float((distance > SEEN).mean())


def _fields(picture: Image.Image) -> npt.NDArray[np.float64]:
    """The mean colour of each field, in OKLab."""
    levels = np.asarray(picture, np.float64) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    rows, columns = (-(-length // FIELD) for length in light.shape[:2])
    room = ((0, rows * FIELD - light.shape[0]), (0, columns * FIELD - light.shape[1]), (0, 0))
    means = np.pad(light, room, mode="edge").reshape(rows, FIELD, columns, FIELD, 3).mean(axis=(1, 3))
    found: npt.NDArray[np.float64] = np.cbrt(means @ _CONES.T) @ _LAB.T
    return found
