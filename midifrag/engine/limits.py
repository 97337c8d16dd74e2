"""What every engine refuses, whatever it could render: requests beyond the limits of the parameters' table."""

from __future__ import annotations

from midifrag.config.loras import read_loras
from midifrag.config.parameters import RequestParameters, beyond_limits, values_of
from midifrag.engine.messages import Render
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
