"""One job's end: its audio as it travels, in either coding, and nothing of where files lie."""

import hashlib

import numpy as np

from midifrag.engine import messages as engine
from midifrag.engine.line.coding import from_flac
from midifrag.engine.line.translating import unpacked
from midifrag.serving.job import Job, private
from tests.serving.asking import asked, job_id

AUDIO = np.random.default_rng(1).normal(size=(2, 300)).astype(np.float32)


def ended(audio=AUDIO):
    job = Job("ann", job_id(1), 1, "sketch", asked(1).wish, 0.0)
    job.end(engine.Rendered(1, audio, 8000, {"seed": 1}, 0.5), 1.0)
    return job


def test_it_travels_as_it_is_or_as_flac():
    job = ended()
    np.testing.assert_array_equal(unpacked(job.bytes_in("float32"), 2), AUDIO)
    assert job.held == AUDIO.nbytes
    job.pack()
    data, told = job.bytes_in("flac"), job.flac_take
    assert (told.coding, told.size, told.sha256) == ("flac", len(data), hashlib.sha256(data).hexdigest())
    np.testing.assert_allclose(from_flac(data, told), AUDIO, atol=np.abs(AUDIO).max() * 2**-23)
    assert job.held == AUDIO.nbytes + len(data)
    # Once is enough.
    job.pack()
    assert job.flac is data


def test_what_flac_cannot_hold_travels_as_it_is():
    job = ended(np.zeros((9, 10), np.float32))
    job.pack()
    assert (job.flac_take, job.bytes_in("flac"), job.held) == (job.take, job.audio, 360)


def test_what_it_began_from_is_not_kept():
    job = ended()
    assert (job.render, job.lacking, job.outcome.audio.size) == (None, (), 0)


def test_where_files_lie_is_not_told():
    places = {"/tmp/x/sent-1.safetensors": "dusty"}
    take = engine.Rendered(1, AUDIO, 8000, {"loras": f"dusty=1 from /tmp/x/sent-1.safetensors sha256:{'a' * 64}"}, 0.5,
                           ("/tmp/x/sent-1.safetensors is old",))  # fmt: skip
    told = private(take, places)
    assert (told.used, told.notes) == ({"loras": f"dusty=1 sha256:{'a' * 64}"}, ("dusty is old",))
    failed = private(engine.Failed(1, "/tmp/x/sent-1.safetensors does not fit"), places)
    assert failed.reason == "dusty does not fit"
    assert private(engine.Cancelled(1), places) == engine.Cancelled(1)
