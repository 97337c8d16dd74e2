"""What a show hears of a job that a server ended without a take."""

import pytest

from midifrag.engine.line import messages as line
from midifrag.engine.messages import Died, Failed
from midifrag.engine.remote.ends import how_it_ended

JOB = "a" * 32


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (line.Failed(job=JOB, reason="NaN", not_finite=True), Failed(7, "studio: NaN", not_finite=True)),
        (line.Cancelled(job=JOB), Failed(7, "studio dropped it; press again")),
        (line.Refused(job=JOB, why="model", reason="no such model"), Failed(7, "studio: no such model")),
        (
            line.Refused(job=JOB, why="moving", reason="it ends"),
            Died("studio: it ends", (7,), restarting=True, finishing=True),
        ),
    ],
)
def test_each_way_has_its_event(told, heard):
    assert how_it_ended(told, 7, "studio") == heard
