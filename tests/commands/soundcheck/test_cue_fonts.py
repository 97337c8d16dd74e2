"""Which font shows a character; what a system has is left out, or made up."""

from __future__ import annotations

import re

import pytest

from midifrag.commands.soundcheck import cue_fonts
from midifrag.commands.soundcheck.cue_fonts import BOLD, REGULAR, markup


@pytest.fixture(autouse=True)
def no_other_fonts(monkeypatch):
    monkeypatch.setattr(cue_fonts, "FURTHER", ())


def runs(text, **how):
    return re.findall(r'<font name="([^"]+)">([^<]*)</font>', markup(text, **how))


def test_letters_are_in_the_font_that_is_always_there():
    assert runs("Łó & é…") == [(REGULAR, "Łó &amp; é…")]
    assert runs("rain", bold=True) == [(BOLD, "rain")]
    assert runs("e\u0301") == [(REGULAR, "é")]
    assert markup("<b>") == f'<font name="{REGULAR}">&lt;b&gt;</font>'


def test_japanese_chinese_and_korean_are_in_fonts_of_the_reader():
    assert runs("a 雨の音 킥") == [
        (REGULAR, "a "),
        ("HeiseiKakuGo-W5", "雨の音"),
        (REGULAR, " "),
        ("HYGothic-Medium", "킥"),
    ]


def test_what_no_font_has_is_said():
    assert markup("🎸") == "[guitar]"
    assert markup("👩\u200d🎤\ufe0f") == "[woman][microphone]"
    assert runs("Łódź") == [(REGULAR, "Łódz")]
    assert markup("ไทย") == "[???]"
    assert markup("\U0010ffff") == "[?]"
    assert markup("") == ""


def test_a_font_of_the_system_is_taken_where_it_has_a_character(monkeypatch):
    """Its file may be missing or no font at all; then the next one is asked."""
    monkeypatch.setattr(cue_fonts, "FURTHER", ("no such font.ttf", __file__, "VeraIt.ttf"))
    covered = cue_fonts._covered
    monkeypatch.setattr(
        cue_fonts, "_covered", lambda file: covered(file) - {ord("x")} if file == REGULAR else covered(file)
    )
    assert runs("axa") == [(REGULAR, "a"), ("VeraIt.ttf", "x"), (REGULAR, "a")]
    assert covered("no such font.ttf") == covered(__file__) == frozenset()
