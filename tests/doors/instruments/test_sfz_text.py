import re

import pytest

from midifrag.doors.instruments.sfz_text import Sample, file_of, numbered, region, sample_in, sample_name


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("rain on tin", "03-0012-rain-on-tin.wav"),
        ("$kick <loud> a\\b c/d key=60", "03-0012-kick-loud-a-b-c-d-key-60.wav"),
        ("  Größe   Ünïcode  ", "03-0012-groe-unicode.wav"),
        ("雨", "03-0012.wav"),
        ("", "03-0012.wav"),
        ("../../etc sample=x\n<region>", "03-0012-etc-sample-x-region.wav"),
        ("a " * 100, "03-0012-" + "-".join("a" * 20) + ".wav"),
    ],
)
def test_names_have_nothing_that_players_stumble_over(prompt, name):
    made = sample_name(3, 12, prompt, ".wav")
    assert made == name
    assert re.fullmatch(r"[a-z0-9.-]+", made)
    assert numbered(made) == (3, 12)


def test_numbers_may_grow_and_other_names_are_not_ours():
    assert numbered(sample_name(99, 123456, "rain", ".WAV")) == (99, 123456)
    assert numbered("my own 01-0001.wav") is None
    assert numbered("1-0001.wav") is None
    assert numbered(sample_name(1, 2, "rain", "")) == (1, 2)


@pytest.mark.parametrize("loop", [True, False])
def test_a_region_says_what_it_plays(loop):
    sample = Sample("01-0001-rain.wav", loop)
    line = region(36, sample)
    assert "key=36 sample=samples/01-0001-rain.wav" in line
    assert ("loop_mode=loop_continuous" in line) is loop
    assert ("loop_mode=one_shot" in line) is not loop
    assert sample_in(line) == sample


def test_a_files_samples_are_read_whole_with_it():
    made = file_of([region(36, Sample("01-0001.wav", True)), region(37, None)]).decode()
    assert made.splitlines()[0] == "<control> hint_ram_based=1"
    assert sample_in(made) == Sample("01-0001.wav", True)
    assert made.count("<region>") == 2


def test_a_slot_without_a_sample_is_silent():
    assert region(36, None) == "<region> key=36 sample=*silence\n"
    assert sample_in(region(36, None)) is None
    assert sample_in("") is None
