"""The form of one pad, alone; the editor around it is in test_editor.py."""

import pytest

from midifrag.pad_key import PadKey
from midifrag.page.edits import Draft
from midifrag.page.panels.pad_form import PadForm

KICK = PadKey(36)
SAID = {
    "prompt": "short kick",
    "steps": 8,
    "colour": "red",
    "velocity": {"sets": "cfg_scale", "range": [2, 9], "curve": "stepped"},
}


class Form:
    """A form, and how often it said that somebody typed."""

    def __init__(self, page):
        self.page, self.typings = page, 0
        self.form = page.do(lambda: PadForm(page.page, self.changed))
        page.do(self.form.offer)

    def changed(self):
        self.typings += 1

    def fill(self, key=KICK, said=SAID, draft=None):
        self.page.do(lambda: self.form.fill(key, said, draft))

    def field(self, name):
        return self.form._inputs[name]

    def type(self, **values):
        for name, value in values.items():
            self.page.enter(self.field(name), value)


@pytest.fixture
def form(headless):
    return Form(headless())


def test_a_form_shows_what_its_file_says_and_has_changed_nothing(form):
    form.fill()
    shown = {name: form.field(name).value for name in ("note", "prompt", "colour", "softest", "hardest", "velocity")}
    assert shown == {
        "note": "36",
        "prompt": "short kick",
        "colour": "red",
        "softest": "2",
        "hardest": "9",
        "velocity": "cfg_scale",
    }
    assert (form.form.typed, form.form.changes, form.typings) == ({}, {}, 0)
    assert not form.field("note").enabled


def test_only_what_was_typed_is_to_be_saved(form):
    form.fill()
    form.type(prompt=" long kick ", colour="blue")
    assert form.form.changes == {"prompt": "long kick", "colour": "blue"}
    assert form.typings == 2


def test_one_end_of_a_velocity_is_the_whole_key_with_what_has_no_field(form):
    form.fill()
    form.type(softest="3,5")
    assert form.form.changes == {"velocity": {"sets": "cfg_scale", "range": [3.5, 9.0], "curve": "stepped"}}


def test_a_field_that_was_emptied_takes_its_key_away(form):
    form.fill()
    form.type(colour="–" if "–" in form.field("colour").options else form.field("colour").options[0])
    assert form.form.changes == {"colour": None}


def test_others_changes_are_followed_save_for_what_is_typed(form):
    form.fill()
    form.type(prompt="long kick")
    theirs = {**SAID, "prompt": "their kick", "colour": "green"}
    assert form.page.do(lambda: form.form.follow(KICK, theirs)) == ("colour", "prompt")
    assert form.page.do(lambda: form.form.follow(KICK, theirs)) == ()
    assert form.field("prompt").value == "long kick"
    assert form.field("colour").value == "green"
    # Saved from the version that was typed over, so that the clash with theirs is noticed.
    assert form.form.version["prompt"] == "short kick"
    assert form.form.version["colour"] == "green"


def test_a_draft_comes_back_over_what_the_file_says_by_now(form):
    form.fill()
    form.type(prompt="long kick")
    draft = form.form.draft
    assert draft == Draft(SAID, {"prompt": "long kick"})
    form.fill(PadKey(37), {"prompt": "rain"})
    form.fill(KICK, {**SAID, "colour": "green"}, draft)
    assert form.form.changes == {"prompt": "long kick"}
    assert form.field("colour").value == "green"


def test_what_was_saved_is_what_the_file_says(form):
    form.fill(None, None)
    assert form.form.version is None
    form.type(note="40", prompt="bell")
    form.page.do(lambda: form.form.saved(PadKey(40), {"prompt": "bell"}, form.form.typed))
    assert (form.form.typed, form.form.version["prompt"]) == ({}, "bell")
    assert not form.field("note").enabled


def test_a_pad_is_called_by_its_name_or_its_prompt(form):
    form.fill()
    assert form.form.label == "short kick"
    form.type(name="Kick")
    assert form.form.label == "Kick"


def test_wrong_fields_are_marked_and_right_ones_not(form):
    form.fill()
    form.page.do(lambda: form.form.mark({"prompt": "is blank", "slot": "9 is above 8"}))
    assert form.field("prompt").props["error-message"] == "is blank"
    assert form.field("slot").props["error"] is True
    assert form.field("colour").props["error"] is False


def test_loras_are_a_line_of_the_form(form):
    form.fill(said={"prompt": "rain", "loras": "dusty=0.8 from loras/dusty.safetensors"})
    assert form.field("loras").value == "dusty=0.8 from loras/dusty.safetensors"
    form.type(loras="dusty=0.3")
    assert form.form.changes == {"loras": "dusty=0.3"}


@pytest.mark.parametrize("written", [{"to": "glass", "by": "cc 25"}, "cc 25 to glass"])
def test_another_prompt_is_shown_and_changed_with_what_says_how_much(form, written):
    form.fill(said={"prompt": "short kick", "morph": written})
    assert (form.field("morph").value, form.field("morph_by").value) == ("glass", "cc 25")
    assert form.form.changes == {}
    form.type(morph_by="0.25")
    assert form.form.changes == {"morph": {"to": "glass", "by": 0.25}}
    form.type(morph="", morph_by="")
    assert form.form.changes == {"morph": None}
