"""Controls and actions, a line each."""

import pytest

from midifrag.page.panels.entries import EntriesPanel, parsed
from midifrag.page.wire import configuration

CONTROLS = "controls:\n  - {cc: 21, sets: steps, range: [1, 9]}   # the first knob\n"


class Entries:
    def __init__(self, page, files):
        self.page, self.files = page, files
        self.panel = page.show(EntriesPanel)

    def lines(self):
        return [row.field.value for row in self.panel.rows]

    def save(self, number, text):
        self.page.enter(self.panel.rows[number].field, text)
        self.page.click(self.page.titled("Save this line")[number])

    def controls(self):
        return [(one.cc, str(one.sets)) for one in self.files.load().settings.controls]


@pytest.fixture
def shown(headless, on_disk):
    on_disk.path.write_text(on_disk.path.read_text("utf-8") + CONTROLS, "utf-8")
    return Entries(headless(of=on_disk.load()), on_disk)


def test_each_is_a_line_as_its_file_has_it_and_one_is_free(shown):
    assert shown.lines() == ["{cc: 21, sets: steps, range: [1, 9]}", ""]
    choice = shown.page.one("entries-of")
    assert choice.options == [
        "presets.yaml: controls", "presets.yaml: actions", "presets/opening.yaml: controls",
        "presets/second.yaml: controls",
    ]  # fmt: skip
    shown.page.enter(choice, "presets.yaml: actions")
    assert shown.lines() == [""]


def test_one_is_changed_and_its_comment_stays(shown):
    shown.save(0, "{cc: 22, sets: steps, range: [1, 9]}")
    assert shown.controls() == [(22, "steps")]
    assert "# the first knob" in shown.files.path.read_text("utf-8")
    assert shown.lines()[0] == "{cc: 22, sets: steps, range: [1, 9]}"


def test_one_is_added_also_without_brackets_and_removed(shown):
    shown.save(1, "cc: 30, sets: cfg_scale, range: [1, 12]")
    assert shown.controls() == [(21, "steps"), (30, "cfg_scale")]
    assert len(shown.lines()) == 3
    shown.page.click(shown.page.titled("Remove this line")[0])
    assert shown.controls() == [(30, "cfg_scale")]
    assert len(shown.lines()) == 2


def test_an_action_and_a_bank_s_control_are_added(shown):
    shown.page.enter(shown.page.one("entries-of"), "presets.yaml: actions")
    shown.save(0, "{cc: 119, does: panic}")
    assert [one.does for one in shown.files.load().settings.actions] == ["panic"]
    shown.page.enter(shown.page.one("entries-of"), "presets/opening.yaml: controls")
    shown.save(0, "{cc: 7, sets: steps, range: [1, 9]}")
    assert [one.cc for one in shown.files.load().banks[0].controls] == [7]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{cc: 300, sets: steps, range: [1, 9]}", "cc"), ("{cc: [", "keys and values"), ("", "keys and values")],
)
def test_a_mistake_is_said_at_its_line_and_nothing_is_written(shown, text, said):
    before = shown.files.path.read_bytes()
    shown.save(0, text)
    first, new = (row.field for row in shown.panel.rows)
    assert said in first.props["error-message"]
    assert not new.props.get("error")
    assert shown.files.path.read_bytes() == before
    assert shown.page.notices == []


def test_what_is_typed_stays_while_others_change_something_else(shown):
    shown.page.enter(shown.panel.rows[1].field, "{cc: 5")
    shown.page.take(configuration(shown.files.load()))
    assert shown.lines()[1] == "{cc: 5"


def test_what_is_typed_in_other_lines_stays_when_one_is_saved_or_the_file_changes(shown):
    shown.page.enter(shown.panel.rows[1].field, "cc: 30, sets")
    shown.save(0, "{cc: 22, sets: steps, range: [1, 9]}")
    assert shown.lines() == ["{cc: 22, sets: steps, range: [1, 9]}", "cc: 30, sets"]
    shown.page.enter(shown.panel.rows[0].field, "{cc: 23, sets: ste")
    shown.save(1, "cc: 30, sets: cfg_scale, range: [1, 12]")
    assert shown.controls() == [(22, "steps"), (30, "cfg_scale")]
    assert shown.lines() == ["{cc: 23, sets: ste", "{cc: 30, sets: cfg_scale, range: [1, 12]}", ""]
    # What was typed for one list is not of another.
    choice = shown.page.one("entries-of")
    shown.page.enter(choice, "presets.yaml: actions")
    assert shown.page.text("asked-text") == "Lines are typed and not saved: {cc: 23, sets: ste"
    assert choice.value == "presets.yaml: controls"
    shown.page.click(shown.page.button("Discard"))
    assert (choice.value, shown.lines(), shown.panel.unsaved) == ("presets.yaml: actions", [""], "")


@pytest.mark.parametrize("text", ["word", "[1, 2]", "{}", "{a: 1", "{a: 1}\n---\nx", " "])
def test_what_is_no_entry_is_none(text):
    assert parsed(text) is None
