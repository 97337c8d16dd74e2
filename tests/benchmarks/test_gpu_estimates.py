import pytest

from benchmarks.gpu_estimates import verdict


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1.293, "1.38 × as long as estimated (0.94 s fused, 1.07 s plain)"),
        (0.9, "as estimated (0.94 s fused"),
        (0.5, "quicker than estimated, 0.53 of it"),
        (1.293, "2.37 × the floor of 0.545 s; the aim of 0.75 s is missed by 0.543 s"),
        (0.75, "the aim of 0.75 s is reached"),
    ],
)
def test_a_figure_is_told_beside_what_was_expected(seconds: float, words: str) -> None:
    assert words in verdict("NVIDIA H200", "open", "fp16", seconds)


def test_fp8_has_an_estimate_and_an_aim_of_its_own() -> None:
    told = verdict("NVIDIA H200", "open", "fp8", 0.59)
    assert "as estimated (590 ms in fp8" in told or "as estimated (0.59 s in fp8" in told
    assert "the aim of 0.6 s is reached" in told


def test_short_times_are_told_in_milliseconds() -> None:
    assert "the aim of 13 ms is missed by 30 ms" in verdict("NVIDIA H200", "small-latency", "fp16", 0.043)


@pytest.mark.parametrize(("card", "row"), [("NVIDIA GeForce GTX 1660", "open"), ("NVIDIA H200", "pocket")])
def test_what_nobody_has_estimated_is_said_to_be_so(card: str, row: str) -> None:
    assert verdict(card, row, "fp16", 1.0) == "no estimate for this card and row"


def test_a_card_without_fp8_is_compared_with_fused_work() -> None:
    assert "23.8 s fused" in verdict("NVIDIA GeForce RTX 3060", "open", "fp16", 24.0)


def test_stable_audio_3_is_estimated_and_its_aims_are_between_plain_and_fused_work() -> None:
    small = verdict("NVIDIA H200", "sa3", "fp16", 0.0115)
    assert "as estimated (11 ms fused, 24 ms plain)" in small
    assert "the aim of 20 ms is reached" in small
    assert "the aim of 75 ms is missed by 25 ms" in verdict("NVIDIA H200", "sa3-medium", "fp16", 0.1)
