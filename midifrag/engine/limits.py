"""What every engine refuses, whatever it could render: requests beyond the limits of the parameters' table."""

from __future__ import annotations

from midifrag.config.beginnings import cannot_begin
from midifrag.config.loras import read_loras
from midifrag.config.parameter_values import beyond_limits, values_of
from midifrag.config.parameters import RequestParameters
from midifrag.engine.messages import EngineInfo, Render
from midifrag.errors import RequestError


def check_limits(render: Render) -> None:
    """Raise `RequestError` for a request that is beyond a parameter's limits, unless it is of the archive."""
    try:
        read_loras(render.loras)
    except ValueError as error:
        raise RequestError(f"loras: {error}.") from error
    if render.recorded:
        return
    problems = beyond_limits(values_of(render, RequestParameters))
    if problems:
        raise RequestError(f"{'; '.join(f'{name}: {problem}' for name, problem in problems.items())}.")


def check_sound(render: Render, info: EngineInfo) -> None:
    """Raise `RequestError` for a request that begins from a sound, of an engine that cannot do that."""
    wants = None if render.sound is None else "sound" if render.fill is None else "part"
    if wants is not None and wants not in info.begins_from:
        raise RequestError(f"{cannot_begin(info.model, wants, info.begins_from)}.")
