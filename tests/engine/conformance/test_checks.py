from dataclasses import replace

import numpy as np
import pytest

from midifrag.engine.conformance.checks import (
    Witness,
    must_refuse,
    parameters_to_render_again,
    require,
    require_form,
    require_kind,
    require_same,
)
from midifrag.engine.messages import Cancelled, EngineInfo, Failed, Progress, Ready, Rendered, Started
from midifrag.errors import RequestError

INFO = EngineInfo("e", "m", "", "cpu", "fp32", 1000, 2, 9.0, ())
TAKE = Rendered(1, np.full((2, 500), 0.5, np.float32), 1000, {"prompt": "x", "seconds": 0.5, "seed": 1}, 0.1)


def test_a_condition_that_holds_is_quiet_and_another_says_why():
    require(True, "never said")
    with pytest.raises(AssertionError, match="said"):
        require(False, "said")


def test_only_a_refusal_is_a_refusal():
    with must_refuse("this"):
        raise RequestError("no")
    with pytest.raises(AssertionError, match="this was not refused"), must_refuse("this"):
        pass
    with pytest.raises(KeyError), must_refuse("this"):
        raise KeyError


def test_an_event_of_the_wanted_kind_is_handed_back():
    assert require_kind(Rendered, TAKE) is TAKE
    with pytest.raises(AssertionError, match=r"Started\(job=1\) came instead of Rendered"):
        require_kind(Rendered, Started(1))


def test_a_take_of_the_promised_form_passes():
    require_form(TAKE, INFO, 0.5)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sample_rate": 999}, "999 Hz"),
        ({"audio": TAKE.audio.astype(np.float64)}, "float64"),
        ({"audio": TAKE.audio[:1]}, "shape"),
        ({"audio": TAKE.audio[:, 1:]}, "shape"),
        ({"audio": TAKE.audio * np.float32("nan")}, "finite"),
        ({"audio": TAKE.audio * 0}, "silent"),
    ],
)
def test_a_take_of_another_form_is_told(change, why):
    with pytest.raises(AssertionError, match=why):
        require_form(replace(TAKE, **change), INFO, 0.5)


def test_two_takes_may_differ_by_the_tolerance():
    require_same(TAKE.audio, TAKE.audio * np.float32(1.0005), 1e-3, "again")
    with pytest.raises(AssertionError, match="again, the take differs"):
        require_same(TAKE.audio, TAKE.audio * np.float32(1.01), 1e-3, "again")
    with pytest.raises(AssertionError, match="another shape"):
        require_same(TAKE.audio, TAKE.audio[:, 1:], 1e-3, "again")


def test_what_renders_a_take_again_is_what_a_request_can_say():
    take = replace(TAKE, used={**TAKE.used, "steps": None, "whatever": 3})
    assert parameters_to_render_again(take) == TAKE.used
    with pytest.raises(AssertionError, match="used lacks something"):
        parameters_to_render_again(replace(TAKE, used={"prompt": "x"}))


def witness():
    """One of an engine that has jobs 1 and 2."""
    hearing = Witness()
    hearing.knows(INFO)
    hearing.asked(1)
    hearing.asked(2)
    return hearing


def test_a_witness_is_quiet_about_what_is_right():
    hearing = witness()
    for event in (Started(1), Progress(1, 1, 2), TAKE, Started(2), Cancelled(2)):
        hearing.hear(event)
    hearing.asked(3)
    hearing.hear(Failed(3, "why"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Started(9), "Started of job 9, which is not in flight"),
        (replace(TAKE, used=None), "Rendered: used is None"),
        (replace(TAKE, audio=TAKE.audio[:1]), "Rendered: audio has 1 channels and not 2"),
        (None, "NoneType: None is no event"),
        (Ready(replace(INFO, channels=0)), "Ready: channels is 0"),
    ],
)
def test_a_witness_tells_what_is_odd(said, why):
    with pytest.raises(AssertionError, match=why):
        witness().hear(said)


def test_a_witness_tells_of_answers_after_the_end():
    hearing = witness()
    hearing.hear(TAKE)
    hearing.cancelled(2)
    for late in (TAKE, Progress(2, 1, 2)):
        with pytest.raises(AssertionError, match="not in flight"):
            hearing.hear(late)
