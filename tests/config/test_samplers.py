"""What is known of samplers without their arithmetic."""

import pytest

from midifrag.config.samplers import nearest_sampler, samplers_for


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DPM++ 3M SDE", "dpmpp-3m-sde"),
        ("DPM++ 2M SDE Karras", "dpmpp-2m-sde"),
        ("dpmpp_2m", "dpmpp-2m"),
        ("Heun", "k-heun"),
        ("LMS", "k-lms"),
        ("DDIM", "v-ddim"),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_names_of_other_programs_are_understood(written, meant):
    assert nearest_sampler(written, samplers_for("v")) == meant


def test_the_nearest_is_one_that_the_model_has():
    assert nearest_sampler("Euler a", samplers_for("rectified_flow")) == "euler"
    assert nearest_sampler("DPM++ 3M SDE", samplers_for("rf_denoiser")) == "dpmpp"
