"""What no engine may say, each as what it does to a take that is right, and a word of how it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from midifrag.engine.messages import EngineInfo, Rendered

RATE = 8000
INFO = EngineInfo("odd", "odd", "", "cpu", "fp32", RATE, 2, 9.0, ())
AUDIO = np.full((2, 400), 0.5, np.float32)


def take(job=1, **fields):
    """A take that is right but for ``fields``."""
    used = {"prompt": "rain", "seconds": 0.05, "seed": 1}
    return replace(Rendered(job, AUDIO, RATE, used, 0.1), **fields)


class Unreadable(dict):
    """Fails at whatever is asked of it."""

    def __repr__(self):
        raise RuntimeError("not to be shown")

    def items(self):
        raise RuntimeError("not to be read")


#: Fields of a take, and what is told of them.
ODD_FIELDS = [
    ({"used": None}, "used is None"),
    ({"used": [("seed", 1)]}, "used is"),
    ({"used": {"seed": float("nan")}}, "used['seed'] is nan"),
    ({"used": {"seed": -1}}, "used['seed'] is -1"),
    ({"used": {"seed": 2**32}}, "used['seed'] is 4294967296"),
    ({"used": {"seed": 1.0}}, "used['seed'] is 1.0"),
    ({"used": {"seed": "7"}}, "used['seed'] is '7'"),
    ({"used": {"steps": "ten"}}, "used['steps'] is 'ten'"),
    ({"used": {"prompt": 3}}, "used['prompt'] is 3"),
    ({"used": {"cfg_scale": float("inf")}}, "used['cfg_scale'] is inf"),
    ({"used": {"anything": 10**30}}, "used['anything'] is 1000"),
    ({"used": {"anything": [1]}}, "used['anything'] is [1]"),
    ({"used": {3: 1}}, "used has 3 for a name"),
    ({"notes": None}, "notes is None"),
    ({"notes": "a note"}, "notes is 'a note'"),
    ({"notes": (None,)}, "notes is None"),
    ({"engine_seconds": None}, "engine_seconds is None"),
    ({"engine_seconds": float("nan")}, "engine_seconds is nan"),
    ({"engine_seconds": -1.0}, "engine_seconds is -1.0"),
    ({"engine_seconds": "1"}, "engine_seconds is '1'"),
    ({"sample_rate": 8000.0}, "sample_rate is 8000.0 and no whole number"),
    ({"sample_rate": 0}, "sample_rate is 0"),
    ({"sample_rate": None}, "sample_rate is None"),
    ({"sample_rate": True}, "sample_rate is True"),
    ({"sample_rate": 44100}, "sample_rate is 44100 and not 8000"),
    ({"audio": None}, "audio is None"),
    ({"audio": AUDIO.tolist()}, "audio is a list"),
    ({"audio": AUDIO[0]}, "audio has shape (400,)"),
    ({"audio": AUDIO[None]}, "audio has shape (1, 2, 400)"),
    ({"audio": AUDIO[:0]}, "audio has shape (0, 400)"),
    ({"audio": AUDIO[:, :0]}, "audio has shape (2, 0)"),
    ({"audio": AUDIO.T.copy()}, "audio has 400 channels and not 2"),
    ({"audio": AUDIO.astype(np.float64)}, "audio is float64"),
    ({"audio": AUDIO.astype(np.int16)}, "audio is int16"),
    ({"used": Unreadable()}, "cannot be read"),
    ({"engine_seconds": Unreadable()}, "engine_seconds is <Unreadable"),
]
