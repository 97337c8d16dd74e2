"""Set editing: the list of a bank's pads, and the form that changes one."""

import pytest
from nicegui import ui

from midifrag.pad_key import PadKey
from midifrag.page.edits import Draft, tab_of
from midifrag.page.model import Part
from midifrag.page.panels.editor import EditorPanel
from midifrag.page.panels.panel import own_colour
from midifrag.page.wire import ReadAgain, configuration

KICK, RAIN = PadKey(36), PadKey(37)


class Editor:
    """The editor of a set on disk."""

    def __init__(self, page, files):
        self.page, self.files = page, files
        self.panel = page.show(EditorPanel)

    def field(self, name):
        found = [one for one in self.page.all("field") if f"field-{name}" in one.classes]
        return found[0]

    @property
    def prompt(self):
        return self.page.one("prompt-text")

    @property
    def note(self):
        return self.page.labelled(ui.input, "Note (36 or C1, on one channel 36/10)")

    def enter(self, **values):
        for name, value in values.items():
            self.page.enter(self.prompt if name == "prompt" else self.field(name), value)

    def open(self, key):
        self.page.click(next(one for one in self.page.all("editor-pad") if one.props["data-edit"] == str(key)))

    def save(self):
        self.page.click(self.page.one("save-pad"))

    def remove(self):
        self.page.click(self.page.button("Remove pad"))

    @property
    def asked(self):
        return self.page.texts("asked-text")[-1]

    def answer(self, text):
        self.page.click(self.page.button(text))

    def take_back(self, icon="undo"):
        self.page.click(next(one for one in self.page.client.elements.values() if one.props.get("icon") == icon))

    def elsewhere(self, before, after):
        """Another browser, or an editor, writes to the file; nobody has read it yet."""
        text = self.files.bank().read_text("utf-8")
        assert before in text
        self.files.bank().write_text(text.replace(before, after), "utf-8")

    def take_over(self):
        """The show reads the files again, as it does once it is told."""
        self.page.take(configuration(self.files.load()))

    def pad(self, key=KICK, bank=0):
        return self.files.load().banks[bank].pads[key]

    @property
    def pads(self):
        return [(one.props["data-edit"], "chosen" in one.classes) for one in self.page.all("editor-pad")]


@pytest.fixture
def editor(headless, on_disk):
    return Editor(headless(of=on_disk.load()), on_disk)


def test_the_pads_of_the_first_bank_are_listed_and_the_first_is_open(editor):
    assert editor.pads == [("36", True), ("37", False)]
    assert editor.page.texts("editor-label") == ["short kick", "rain"]
    assert "presets/opening.yaml" in editor.page.one("editor-form").default_slot.children[0].text
    assert (editor.note.value, editor.note.enabled) == ("36", False)
    assert (editor.prompt.value, editor.field("steps").value, editor.field("colour").value) == (
        "short kick",
        "8",
        "red",
    )
    assert editor.field("on_repress").value == "–"


def test_a_pad_is_shown_as_its_file_says_without_defaults(editor):
    editor.open(RAIN)
    assert editor.pads == [("36", False), ("37", True)]
    assert (editor.prompt.value, editor.field("steps").value) == ("rain", "")
    assert editor.field("velocity").value == "cfg_scale"
    assert (float(editor.field("softest").value), float(editor.field("hardest").value)) == (2, 9)
    assert editor.field("on_repress").value == "ignore"


def test_another_bank_lists_its_own(editor):
    editor.page.enter(editor.page.labelled(ui.select, "Bank"), "second")
    assert editor.pads == [("36", True)]
    assert editor.prompt.value == "bell"


def test_how_a_pad_lands_and_what_does_where_it_fails_is_saved(editor):
    assert (editor.field("land").value, editor.field("fallback").value) == ("–", "–")
    editor.enter(land="2 bars", fallback="last")
    editor.save()
    assert (editor.pad().land, editor.pad().fallback) == ("2 bars", "last")
    assert editor.pad().prompt == "short kick"


def test_a_change_is_saved_and_nothing_else_is_touched(editor):
    editor.enter(prompt="dull kick ", name="Kick", slot=3, port="grid", on_lost="fail", steps="")
    editor.save()
    pad = editor.pad()
    assert pad.model_dump(exclude_unset=True) == {
        "prompt": "dull kick", "colour": "red", "name": "Kick", "slot": 3, "port": "grid", "on_lost": "fail",
    }  # fmt: skip
    assert "# the kick" in editor.files.bank().read_text()
    assert editor.page.sent == [ReadAgain()]
    assert editor.page.notices == ["Kick is saved in presets/opening.yaml and live"]


def test_saving_without_a_change_changes_nothing(editor):
    before = editor.files.bank().read_text()
    editor.open(RAIN)
    editor.save()
    assert editor.files.load().banks == editor.page.page.loaded.banks
    assert editor.page.notices == ["rain is saved in presets/opening.yaml and live"]
    editor.open(KICK)
    editor.save()
    assert [line for line in editor.files.bank().read_text().splitlines() if "kick" in line] == [
        line for line in before.splitlines() if "kick" in line
    ]


def test_what_velocity_sets_keeps_its_curve_and_can_be_taken_away(editor):
    editor.open(RAIN)
    editor.enter(hardest="7,5")
    editor.save()
    velocity = editor.pad(RAIN).velocity
    assert (velocity.range, velocity.curve, velocity.fields) == ((2, 7.5), "stepped", 4)
    editor.enter(velocity="–")
    editor.save()
    assert editor.pad(RAIN).velocity is None


def test_velocity_can_set_something_where_it_set_nothing(editor):
    editor.enter(velocity="steps", softest="4", hardest="many")
    editor.save()
    assert "range" in editor.page.notices[0]
    assert editor.pad().velocity is None
    editor.enter(hardest="16")
    editor.save()
    assert (str(editor.pad().velocity.sets), editor.pad().velocity.range) == ("steps", (4, 16))


def test_what_is_refused_is_said_at_its_field_and_not_written(editor):
    before = editor.files.bank().read_text()
    editor.enter(prompt="", steps="0", choke="x" * 3)
    editor.save()
    assert editor.files.bank().read_text() == before
    assert editor.prompt.props["error"]
    assert editor.field("steps").props["error"]
    assert "0 is below 1" in editor.field("steps").props["error-message"]
    assert editor.page.notices == []
    assert editor.page.sent == []
    editor.enter(prompt="kick", steps="9")
    editor.save()
    assert not editor.prompt.props["error"]
    assert not editor.field("steps").props["error"]


def test_a_new_pad_asks_for_its_note(editor):
    editor.page.click(editor.page.button("New pad"))
    assert (editor.note.value, editor.note.enabled, editor.prompt.value) == ("", True, "")
    editor.page.enter(editor.note, "H9")
    editor.enter(prompt="snare")
    editor.save()
    assert "H9" in editor.note.props["error-message"]
    editor.page.enter(editor.note, " D1/10 ")
    editor.save()
    assert editor.pad(PadKey(38, 10)).prompt == "snare"
    editor.take_over()
    assert editor.pads == [("36", False), ("37", False), ("38/10", True)]


def test_a_pad_is_removed_and_the_next_one_shown(editor):
    before = editor.files.bank().read_text()
    editor.remove()
    assert editor.asked == "Remove C1 “short kick” from presets/opening.yaml? It can be undone."
    assert editor.files.bank().read_text() == before
    editor.answer("Remove")
    assert KICK not in editor.files.load().banks[0].pads
    assert editor.page.notices == ["C1 is removed from presets/opening.yaml"]
    editor.take_over()
    assert editor.pads == [("37", True)]
    assert editor.prompt.value == "rain"


def test_a_pad_that_may_not_be_removed_stays(editor):
    editor.files.bank().write_text("pads: [", "utf-8")
    editor.remove()
    editor.answer("Remove")
    assert "presets/opening.yaml:1: not valid YAML" in editor.page.notices[0]
    assert editor.pads[0] == ("36", True)


def test_of_a_pad_that_is_not_there_yet_nothing_is_removed(editor):
    editor.page.click(editor.page.button("New pad"))
    before = editor.files.bank().read_text()
    editor.remove()
    assert editor.page.all("asked") == []
    assert editor.files.bank().read_text() == before
    assert editor.page.notices == []


def test_edits_elsewhere_are_listed_while_the_form_stays(editor):
    editor.enter(prompt="half typed")
    text = editor.files.bank().read_text().replace("prompt: rain", "prompt: storm")
    editor.files.bank().write_text(text, "utf-8")
    editor.take_over()
    assert editor.page.texts("editor-label") == ["short kick", "storm"]
    assert editor.prompt.value == "half typed"


def test_a_bank_that_is_gone_gives_way_to_the_first(editor):
    editor.page.enter(editor.page.labelled(ui.select, "Bank"), "second")
    editor.files.path.write_text("model: sketch\nset_list: [opening]\nports: {grid: {in: Grid}}\n", "utf-8")
    editor.take_over()
    assert editor.page.labelled(ui.select, "Bank").value == "opening"
    assert editor.pads == [("36", True), ("37", False)]


# --- nothing is lost -------------------------------------------------------------------------------------------------


def test_a_stale_form_takes_nothing_back_that_it_does_not_change(editor):
    editor.elsewhere("steps: 8", "steps: 30, name: Kick")
    editor.enter(prompt="dull kick")
    editor.save()
    pad = editor.pad()
    assert (pad.prompt, pad.steps, pad.name) == ("dull kick", 30, "Kick")


def test_what_another_browser_saved_is_shown_where_nothing_is_typed_over_it(editor):
    editor.enter(prompt="dull kick")
    editor.elsewhere("steps: 8", "steps: 30")
    editor.take_over()
    assert (editor.prompt.value, editor.field("steps").value) == ("dull kick", "30")
    editor.save()
    assert (editor.pad().prompt, editor.pad().steps) == ("dull kick", 30)


@pytest.mark.parametrize("read", [False, True])
def test_overwriting_what_another_browser_saved_asks(editor, read):
    editor.enter(steps="9")
    editor.elsewhere("steps: 8", "steps: 30")
    if read:
        editor.take_over()
        assert editor.field("steps").value == "9"
    editor.save()
    assert editor.asked.startswith("C1 in presets/opening.yaml has been changed since you began: steps is 30.")
    assert editor.pad().steps == 30
    # Who has read of it already was told then.
    assert ("somebody else" in editor.page.text("unsaved-text")) is read
    editor.answer("Overwrite")
    assert editor.pad().steps == 9
    assert editor.page.notices[-1] == "short kick is saved in presets/opening.yaml and live"


def test_a_key_that_another_browser_took_away_is_told_as_gone(editor):
    editor.enter(steps="9")
    editor.elsewhere(", steps: 8", "")
    editor.save()
    assert "steps is not there" in editor.asked


def test_a_new_pad_on_a_taken_note_is_refused_at_its_field(editor):
    editor.page.click(editor.page.button("New pad"))
    editor.page.enter(editor.note, "C1")
    editor.enter(prompt="other kick")
    editor.save()
    assert editor.note.props["error-message"] == "C1 is taken: prompt is short kick. Choose another note."
    # One that somebody else has just saved, too.
    editor.elsewhere("pads:\n", "pads:\n  40: {prompt: theirs}\n")
    editor.page.enter(editor.note, "40")
    editor.save()
    assert editor.note.props["error-message"] == "E1 is taken: prompt is theirs. Choose another note."
    assert editor.page.texts("asked-text") == []
    assert (editor.pad().prompt, editor.pad(PadKey(40)).prompt) == ("short kick", "theirs")
    editor.page.enter(editor.note, "41")
    editor.save()
    assert not editor.note.props["error"]
    assert editor.pad(PadKey(41)).prompt == "other kick"


def test_fragment_options_are_saved_and_given_back(editor):
    editor.enter(loop="yes", fade_ms="2.5", normalise="none", bits=24)
    editor.save()
    own = editor.pad().fragment
    assert (own.loop, own.fade_ms, own.normalise, own.bits) == (True, 2.5, "none", 24)
    assert own.model_fields_set == {"loop", "fade_ms", "normalise", "bits"}
    editor.take_over()
    assert editor.page.all("unsaved") == []
    editor.enter(loop="no", fade_ms="", normalise="–", bits="–")
    editor.save()
    assert editor.pad().fragment.model_fields_set == {"loop"}
    editor.enter(loop="–")
    editor.save()
    assert "fragment" not in editor.pad().model_fields_set


def test_a_mistake_in_an_option_is_said_at_its_field_and_nowhere_else(editor):
    editor.enter(fade_ms="-3", choke="group")
    editor.save()
    assert "fade_ms" in editor.field("fade_ms").props["error-message"]
    assert not editor.field("choke").props["error"]
    assert not editor.field("loop").props["error"]
    assert editor.page.notices == []
    editor.enter(fade_ms="3")
    editor.save()
    assert not editor.field("fade_ms").props["error"]
    assert editor.pad().choke == "group"


def test_a_pad_that_another_browser_removed_is_only_saved_when_asked(editor):
    editor.enter(steps="9")
    editor.elsewhere('  36: {prompt: "short kick", colour: red, steps: 8}      # the kick\n', "")
    editor.take_over()
    assert editor.pads[0] == ("36", True)
    assert editor.prompt.value == "short kick"
    editor.save()
    assert editor.asked == "C1 is not in presets/opening.yaml any more. Save it as a new pad?"
    editor.answer("Save")
    assert (editor.pad().prompt, editor.pad().steps, editor.pad().colour) == ("short kick", 9, "red")


def test_a_pad_that_another_browser_changed_is_not_removed_without_a_word(editor):
    editor.remove()
    editor.elsewhere("steps: 8", "steps: 30")
    editor.answer("Remove")
    assert "C1 in presets/opening.yaml has been changed meanwhile: " in editor.asked
    assert editor.pad().steps == 30
    editor.answer("Go on")
    assert KICK not in editor.files.load().banks[0].pads


def test_what_is_not_saved_stays_at_a_click_elsewhere(editor):
    editor.enter(prompt="half typed", steps="x", colour="blue", softest="3")
    bank = editor.page.labelled(ui.select, "Bank")
    for leave, come_back in (
        (lambda: editor.open(RAIN), lambda: editor.open(KICK)),
        (lambda: editor.page.click(editor.page.button("New pad")), lambda: editor.open(KICK)),
        (lambda: editor.page.enter(bank, "second"), lambda: editor.page.enter(bank, "opening")),
    ):
        leave()
        assert editor.asked == "C1 in presets/opening.yaml has changes that are not saved."
        assert (editor.prompt.value, bank.value) == ("half typed", "opening")
        editor.answer("Keep for later")
        assert editor.prompt.value != "half typed"
        assert not editor.page.one("unsaved-text").visible
        come_back()
        shown = (editor.prompt.value, *(editor.field(name).value for name in ("steps", "colour", "softest")))
        assert shown == ("half typed", "x", "blue", "3")
        assert editor.page.one("unsaved-text").visible
    assert [one.props.get("data-edit") for one in editor.page.all("unsaved")] == ["36"]


def test_a_new_pad_that_is_not_saved_stays_too(editor):
    editor.page.click(editor.page.button("New pad"))
    editor.page.enter(editor.note, "E1")
    editor.enter(prompt="snare")
    editor.open(KICK)
    assert editor.asked == "New pad in presets/opening.yaml has changes that are not saved."
    editor.answer("Keep for later")
    editor.page.click(editor.page.button("New pad"))
    assert (editor.note.value, editor.prompt.value) == ("E1", "snare")
    editor.elsewhere("rain", "storm")
    editor.take_over()
    assert (editor.note.value, editor.prompt.value) == ("E1", "snare")


def test_what_is_not_saved_outlives_a_reload(editor):
    editor.open(RAIN)
    editor.enter(prompt="half typed")
    for element in list(editor.page.client.elements.values()):
        if "editor" in element.classes:
            editor.page.do(element.delete)
    again = Editor(editor.page, editor.files)
    assert again.pads == [("36", False), ("37", True)]
    assert again.prompt.value == "half typed"


def test_who_leaves_what_is_typed_may_stay_save_or_discard_it(editor):
    editor.enter(prompt="dull kick")
    editor.open(RAIN)
    editor.answer("Stay here")
    assert (editor.prompt.value, editor.pad().prompt) == ("dull kick", "short kick")
    editor.open(RAIN)
    editor.answer("Save")
    assert (editor.prompt.value, editor.pad().prompt) == ("rain", "dull kick")
    editor.take_over()
    editor.enter(prompt="half typed")
    editor.page.enter(editor.page.labelled(ui.select, "Bank"), "second")
    editor.answer("Discard")
    assert (editor.prompt.value, editor.pads) == ("bell", [("36", True)])
    editor.page.enter(editor.page.labelled(ui.select, "Bank"), "opening")
    editor.open(RAIN)
    assert (editor.prompt.value, editor.pad(RAIN).prompt) == ("rain", "rain")


def test_what_cannot_be_saved_keeps_who_would_leave(editor):
    editor.enter(steps="0")
    editor.open(RAIN)
    editor.answer("Save")
    assert editor.field("steps").value == "0"
    assert "0 is below 1" in editor.field("steps").props["error-message"]


def test_what_somebody_else_changes_in_what_is_typed_is_told_and_kept(editor):
    editor.enter(prompt="dull kick")
    editor.elsewhere("steps: 8", "steps: 30")
    editor.take_over()
    assert editor.page.text("unsaved-text") == (
        "C1 in presets/opening.yaml has been changed by somebody else: steps is 30. What you typed is still there."
    )
    # And once more, just before it is saved.
    editor.elsewhere("colour: red", "colour: blue")
    editor.save()
    assert editor.page.notices[-1] == (
        "dull kick is saved in presets/opening.yaml and live. "
        "Somebody else has changed it too, which stays: colour is blue"
    )
    assert editor.page.text("unsaved-text") == "not saved yet"
    pad = editor.pad()
    assert (pad.prompt, pad.steps, pad.colour) == ("dull kick", 30, "blue")


def test_a_draft_that_a_browser_has_kept_is_shown(editor):
    editor.page.page.edits.drafts(tab_of(editor.page.client))["opening", KICK] = Draft(
        {"prompt": "short kick"}, {"prompt": "half typed", "no such field": "x"}
    )
    editor.page.page.touch(Part.EDITS)
    editor.page.refresh()
    assert editor.prompt.value == "half typed"
    assert editor.page.one("unsaved-text").visible


def test_a_draft_of_a_bank_that_is_gone_is_asked_about_no_more(editor):
    panel, told = editor.panel, []
    drafts = editor.page.page.edits.drafts(tab_of(editor.page.client))
    drafts["gone", KICK] = drafts["opening", RAIN] = Draft({"prompt": "kick"}, {"prompt": "half typed"})
    assert panel.unsaved == RAIN.name
    panel.unsaved_changed = lambda: told.append(panel.unsaved)
    editor.elsewhere("name: Opening", "name: Overture")
    editor.take_over()
    assert told[0] == RAIN.name
    assert ("gone", KICK) in drafts


def test_what_is_saved_is_no_draft_any_more(editor):
    editor.enter(prompt="dull kick")
    editor.save()
    assert not editor.page.one("unsaved-text").visible
    editor.take_over()
    editor.open(RAIN)
    editor.open(KICK)
    assert editor.prompt.value == "dull kick"
    assert editor.page.all("unsaved") == []


def test_what_is_not_saved_goes_when_that_is_asked_for_and_answered(editor):
    discard = editor.page.button("Discard changes")
    assert not discard.enabled
    editor.enter(prompt="half typed")
    editor.page.click(discard)
    assert editor.asked == "Discard what is not saved yet of C1?"
    assert editor.prompt.value == "half typed"
    editor.answer("Discard")
    assert editor.prompt.value == "short kick"
    assert not discard.enabled


def test_every_edit_is_undone_and_done_again(editor):
    before = editor.files.bank().read_text()
    undo = next(one for one in editor.page.client.elements.values() if one.props.get("icon") == "undo")
    assert (undo.text, undo.enabled) == ("Nothing to undo", False)
    editor.enter(prompt="dull kick")
    editor.save()
    editor.take_over()
    editor.remove()
    editor.answer("Remove")
    editor.take_over()
    assert (undo.text, undo.enabled) == ("Undo C1 in Opening", True)
    editor.take_back()
    assert editor.pad().prompt == "dull kick"
    editor.take_over()
    editor.take_back()
    editor.take_over()
    assert editor.files.bank().read_text() == before
    assert editor.page.notices[-1] == "C1 in presets/opening.yaml is as it was before"
    assert not undo.enabled
    editor.take_back("redo")
    assert editor.pad().prompt == "dull kick"
    editor.take_over()
    editor.take_back("redo")
    assert KICK not in editor.files.load().banks[0].pads


def test_undoing_what_was_changed_elsewhere_meanwhile_asks(editor):
    editor.enter(prompt="dull kick")
    editor.save()
    editor.take_over()
    editor.elsewhere("dull kick", "hand-made kick")
    editor.take_back()
    assert "prompt is hand-made kick" in editor.asked
    assert editor.pad().prompt == "hand-made kick"
    editor.answer("Go on")
    assert editor.pad().prompt == "short kick"


def test_rows_stay_where_they_are_when_a_pad_is_another_one(editor):
    """A click on a row that is made anew just then would be lost."""
    rows = [one.id for one in editor.page.all("editor-pad")]
    editor.elsewhere("short kick", "long kick")
    editor.elsewhere("colour: red", "colour: blue")
    editor.take_over()
    assert editor.page.texts("editor-label")[0] == "long kick"
    assert [one.id for one in editor.page.all("editor-pad")] == rows
    assert own_colour("blue") in editor.page.all("editor-pad")[0].style["--own"]
    # Another pad is another row.
    editor.elsewhere("  36:", "  35: {prompt: hum}\n  36:")
    editor.take_over()
    assert editor.page.texts("editor-label") == ["hum", "long kick", "rain"]
