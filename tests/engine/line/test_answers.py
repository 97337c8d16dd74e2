"""What servers say: how many bytes a take has, however it travels, and what they lack."""

import pytest
from pydantic import ValidationError

from midifrag.engine.line import answers

TAKE = {
    "job": "0" * 32, "channels": 2, "samples": 10, "sample_rate": 8000, "used": {}, "engine_seconds": 0.0,
    "sha256": "0" * 64,
}  # fmt: skip


def test_a_take_has_as_many_bytes_as_travel():
    assert answers.Rendered(**TAKE).size == 80
    assert answers.Rendered(**TAKE, coding="flac", packed=33, scale=0.5).size == 33
    with pytest.raises(ValidationError, match="scale"):
        answers.Rendered(**TAKE, coding="flac", packed=33, scale=0.0)


def test_what_is_lacking_is_of_a_job_or_of_what_was_offered():
    wanted = answers.Wanted(sha256="a" * 64, ticket=7)
    for job in ("0" * 32, ""):
        assert answers.Lacking(job=job, uploads=(wanted,)).uploads[0].have == 0
    with pytest.raises(ValidationError, match="job"):
        answers.Lacking(job="x", uploads=(wanted,))
