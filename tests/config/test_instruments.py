import re

import pytest

from midifrag.config.instruments import HYDROGEN_SLOTS, InstrumentSettings
from midifrag.config.loading import load
from midifrag.config.settings import Settings
from midifrag.doors.instruments.hydrogen_kit import kit_text
from midifrag.errors import ConfigurationError


def test_nothing_is_written_unless_asked_for():
    settings = Settings.model_validate({}).instruments
    assert (settings.sfz, settings.hydrogen) == (False, None)


def test_hydrogen_is_where_it_is_by_default():
    settings = InstrumentSettings.model_validate({"hydrogen": {}})
    assert settings.hydrogen is not None
    assert (settings.hydrogen.host, settings.hydrogen.port) == ("127.0.0.1", 9000)


@pytest.mark.parametrize(("first", "slots", "reaches"), [(36, 8, True), (120, 8, True), (121, 8, False)])
def test_every_slot_has_a_note(first, slots, reaches):
    assert InstrumentSettings(first_note=first).reaches(slots) is reaches


def test_a_set_whose_last_slots_would_have_no_note_is_refused(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/opening.yaml").write_text("name: Opening\npads: {36: {prompt: rain}}\n")
    show = tmp_path / "presets.yaml"
    show.write_text("instruments: {sfz: true, first_note: 125}\n")
    with pytest.raises(ConfigurationError, match=r"presets.yaml:1: instruments.first_note: .*begin lower"):
        load(show, environment={})
    show.write_text("instruments: {sfz: false, first_note: 125}\n")
    assert load(show, environment={}).settings.instruments.first_note == 125


@pytest.mark.parametrize(("slots", "is_refused"), [(HYDROGEN_SLOTS, False), (HYDROGEN_SLOTS + 1, True)])
def test_more_slots_than_hydrogen_has_notes_for_are_refused(tmp_path, slots, is_refused):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/opening.yaml").write_text("name: Opening\npads: {36: {prompt: rain}}\n")
    show = tmp_path / "presets.yaml"
    show.write_text(f"instruments: {{hydrogen: {{}}}}\nfragments: {{count: {slots}}}\n")
    if is_refused:
        with pytest.raises(
            ConfigurationError, match=r"instruments.hydrogen: a kit of Hydrogen's has notes for 92 slots"
        ):
            load(show, environment={})
    else:
        notes = [int(note) for note in re.findall(r"midiOutNote>(\d+)", kit_text(slots))]
        assert load(show, environment={}).settings.fragments.count == slots
        assert max(notes) == 127
