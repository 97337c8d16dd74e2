"""The one name for samples, which everybody may use: importing it does not import numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Samples as float32 within about ±1, of shape (channels, samples); (samples) where a function says that it is mono.
Audio: TypeAlias = "npt.NDArray[np.float32]"
