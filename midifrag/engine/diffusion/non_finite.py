"""What goes to NaN or infinity is rendered once more in a wider number format, where there is room for that."""

from __future__ import annotations

import logging

from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.request import Request, RequestStatus
from midifrag.engine.loading.precision import next_precision
from midifrag.errors import NonFiniteError

_log = logging.getLogger(__name__)


def render_wider(request: Request, where: str, runner: ModelRunner) -> NonFiniteError | None:
    """After a request went to NaN or infinity ``where``: have it begin again in a wider number format.

    Returns why it has to be given up, if it cannot.
    """
    device = runner.model.device
    precision = request.precision or runner.model.precision
    _log.warning("job %d went to NaN or infinity %s in %s", request.job, where, precision)
    following = next_precision(precision, device)
    if following is None or not runner.parts.has_room_for(following):
        lack = "" if following is None else f", and {device} has no room for the model in {following}"
        return NonFiniteError(
            f"The sound went to NaN or infinity {where}, in {precision}{lack}. Try a lower cfg_scale."
        )
    request.precision, request.status = following, RequestStatus.WAITING
    request.decode_again()
    request.notes.append(f"NaN or infinity {where} in {precision}; rendered again in {following}")
    return None
