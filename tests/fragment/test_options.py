from __future__ import annotations

import pytest
from pydantic import ValidationError

from midifrag.fragment.options import ArchiveOptions, FragmentOptions


@pytest.mark.parametrize("options", [FragmentOptions, ArchiveOptions])
def test_every_option_says_what_it_does(options):
    assert all(field.description for field in options.model_fields.values())


@pytest.mark.parametrize(
    ("name", "least", "most", "beyond"),
    [
        ("silence_threshold_db", -120.0, -0.5, (-120.5, 0.0)),
        ("silent_below_db", -200.0, -0.5, (-200.5, 0.0)),
        ("fade_ms", 0.0, 10_000.0, (-1.0, 10_001.0)),
        ("loudness", -70.0, 0.0, (-71.0, 0.5)),
        ("loop_crossfade_ms", 0.0, 10_000.0, (-1.0, 10_001.0)),
        ("bits", 16, 24, (8, 32)),
    ],
)
def test_limits(name, least, most, beyond):
    for value in (least, most):
        assert getattr(FragmentOptions(**{name: value}), name) == value
    for value in beyond:
        with pytest.raises(ValidationError):
            FragmentOptions(**{name: value})


def test_archive_may_keep_floating_point():
    assert [ArchiveOptions(bits=bits).bits for bits in (16, 24, 32)] == [16, 24, 32]
    with pytest.raises(ValidationError):
        ArchiveOptions(bits=8)


def test_unknown_and_changed_options_are_refused():
    with pytest.raises(ValidationError):
        FragmentOptions(fades=3)
    with pytest.raises(ValidationError):
        FragmentOptions().fade_ms = 3.0
