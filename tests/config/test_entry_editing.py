"""Controls, actions and ports added to a set's files."""

from functools import partial

import pytest

from midifrag.config import loading
from midifrag.config.entry_editing import (
    add_entry,
    add_port,
    change_entry,
    exchanged,
    remove_entry,
    take_back,
    undone,
)
from midifrag.config.pad_editing import remove_pad, save_pad
from midifrag.errors import ConfigurationError, StorageError
from midifrag.pad_key import PadKey

SHOW = """\
# A set for tests.
model: sketch
set_list: [one]     # in order

controls:
  - {cc: 21, sets: cfg_scale, range: [1, 12]}   # the first knob
  # more knobs come here

ports:
  daw: {in: {virtual: midifrag}}      # the door

# the end
actions:                # what else
  - {cc: 119, does: panic}
  - note: 97
    does: next_bank     # on the left
"""
BANK = "# a bank\nname: One\npads:\n  36: {prompt: rain}   # drops\n"
STEPS = {"cc": 22, "sets": "steps", "range": [1, 150]}


@pytest.fixture
def make(tmp_path):
    def made(show=SHOW, bank=BANK):
        (tmp_path / "presets").mkdir(exist_ok=True)
        (tmp_path / "presets.yaml").write_bytes(show.encode())
        (tmp_path / "presets" / "one.yaml").write_bytes(bank.encode())
        return loading.load(tmp_path / "presets.yaml", environment={})

    return made


def text(show, slug=None):
    path = show.path if slug is None else loading.bank_path(show.path, slug)
    return path.read_bytes().decode()


def test_a_control_is_one_line_more_after_the_others_and_before_their_comments(make):
    show = make()
    edit = add_entry(show, None, "controls", STEPS)
    line = "  - {cc: 22, sets: steps, range: [1, 150]}\n"
    assert text(show) == SHOW.replace("# the first knob\n", "# the first knob\n" + line)
    assert (edit.key, edit.line) == ("controls.1", 7)
    assert loading.load(show.path, environment={}).settings.controls[1].cc == 22


def test_an_entry_comes_after_one_of_several_lines(make):
    show = make()
    add_entry(show, None, "actions", {"cc": 20, "does": "lock", "slot": 1})
    assert text(show) == SHOW + "  - {cc: 20, does: lock, slot: 1}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("controls: []", "controls: [{cc: 22, sets: steps, range: [1, 150]}]"),
        ("controls: [{cc: 1, sets: seed, range: [1, 9]} ]  # x",
         "controls: [{cc: 1, sets: seed, range: [1, 9]}, {cc: 22, sets: steps, range: [1, 150]} ]  # x"),
        ("# none", "# none\ncontrols:\n  - {cc: 22, sets: steps, range: [1, 150]}"),
        ("controls:\n- {cc: 1, sets: seed, range: [1, 9]}",
         "controls:\n- {cc: 1, sets: seed, range: [1, 9]}\n- {cc: 22, sets: steps, range: [1, 150]}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_way_to_write_a_list_goes_on_as_it_is(make, before, after, end, mark):
    show = make(mark + ("model: sketch\nset_list: [one]\n" + before + "\n").replace("\n", end))
    add_entry(show, None, "controls", STEPS)
    assert text(show) == mark + ("model: sketch\nset_list: [one]\n" + after + "\n").replace("\n", end)


def test_a_file_whose_last_line_has_no_end_gets_one(make):
    show = make("model: sketch\nset_list: [one]")
    add_entry(show, None, "actions", {"cc": 20, "does": "panic"})
    assert text(show) == "model: sketch\nset_list: [one]\nactions:\n  - {cc: 20, does: panic}\n"


def test_a_list_that_is_written_in_an_odd_way_is_left_to_an_editor(make):
    show = make("model: sketch\nset_list: [one]\ncontrols: &mine []\nactions: *mine\n")
    before = text(show)
    with pytest.raises(ConfigurationError, match=r"only an editor can change"):
        add_entry(show, None, "actions", {"cc": 20, "does": "panic"})
    assert text(show) == before


def test_what_stands_there_already_is_not_added_again(make):
    show = make()
    add_entry(show, None, "controls", STEPS)
    before = text(show)
    with pytest.raises(ConfigurationError, match=r"controls.1: stands there already"):
        add_entry(show, None, "controls", STEPS)
    assert text(show) == before


def test_what_was_done_to_a_pad_or_anything_else_is_taken_back(make):
    show = make()
    changes = [save_pad(show, "one", PadKey(37), {"prompt": "fog"}), add_entry(show, None, "controls", STEPS)]
    for change in reversed(changes):
        undone(show, change)
    assert (text(show), text(show, "one")) == (SHOW, BANK)


def test_a_bank_gets_its_own(make):
    show = make()
    add_entry(show, "one", "controls", STEPS)
    assert text(show, "one") == BANK + "controls:\n  - {cc: 22, sets: steps, range: [1, 150]}\n"
    assert text(show) == SHOW


def test_what_check_would_refuse_is_not_written_and_told_with_its_line(make):
    show = make()
    with pytest.raises(
        ConfigurationError, match=r"presets.yaml:7: controls.1.*above|presets.yaml:7: controls.1.*outside"
    ):
        add_entry(show, None, "controls", STEPS | {"range": [1, 5000]})
    assert text(show) == SHOW


def test_a_mistake_that_was_there_before_is_not_this_ones(make):
    show = make()
    loading.bank_path(show.path, "one").write_text("name: One\npads: {36: {prompt: rain, stepz: 3}}\n")
    add_entry(show, None, "controls", STEPS)
    assert "cc: 22" in text(show)


def test_a_port_is_one_line_more_and_another_of_its_name_stays(make):
    show = make()
    add_port(show, "pads", {"in": "LPX", "out": "LPX: [1]", "surface": "launchpad"})
    line = '  pads: {in: "LPX", out: "LPX: [1]", surface: launchpad}\n'
    assert text(show) == SHOW.replace("# the door\n", "# the door\n" + line)
    with pytest.raises(ConfigurationError, match="there already"):
        add_port(show, "daw", {"surface": "launchpad"})


def test_a_file_that_is_read_only_stays_and_that_is_said(make):
    show = make()
    show.path.chmod(0o444)
    with pytest.raises(StorageError, match=r"presets.yaml: the file is read-only; make it writable"):
        add_entry(show, None, "controls", STEPS)
    assert text(show) == SHOW
    assert sorted(path.name for path in show.path.parent.iterdir()) == ["presets", "presets.yaml"]
    show.path.chmod(0o644)
    add_entry(show, None, "controls", STEPS)


def test_an_edit_is_taken_back_unless_the_file_has_been_changed_since(make):
    show = make()
    edit = add_entry(show, None, "controls", STEPS)
    take_back(show, edit)
    assert text(show) == SHOW
    edit = add_entry(show, None, "controls", STEPS)
    show.path.write_text(text(show) + "# mine\n")
    with pytest.raises(ConfigurationError, match=r"presets.yaml:7: controls.1: .*changed elsewhere"):
        take_back(show, edit)
    assert text(show).endswith("# mine\n")


@pytest.mark.parametrize(
    ("written", "number", "left"),
    [
        ("actions:\n  - {cc: 1, does: panic}   # a\n  # b\n  - cc: 2\n    does: tap\n# c\n", 1,
         "actions:\n  - {cc: 1, does: panic}   # a\n  # b\n# c\n"),
        ("actions:\n  - {cc: 1, does: panic}   # a\n  - {cc: 2, does: tap}\n", 0,
         "actions:\n  - {cc: 2, does: tap}\n"),
        ("actions: [{cc: 1, does: panic}, {cc: 2, does: tap}]\n", 0, "actions: [{cc: 2, does: tap}]\n"),
        ("actions: [{cc: 1, does: panic}, {cc: 2, does: tap}]\n", 1, "actions: [{cc: 1, does: panic}]\n"),
        ("actions: [{cc: 1, does: panic}]\n", 0, "actions: []\n"),
        ("actions:   # what else\n  - {cc: 1, does: panic}\n", 0, "actions:   # what else\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_entry_goes_and_nothing_else(make, written, number, left, end):
    head = "model: sketch\nset_list: [one]\n"
    show = make((head + written).replace("\n", end))
    edit = remove_entry(show, "actions", number)
    assert text(show) == (head + left).replace("\n", end)
    take_back(show, edit)
    assert text(show) == (head + written).replace("\n", end)


def test_an_entry_that_is_not_there_any_more_is_told(make):
    show = make()
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        remove_entry(show, "actions", 7)


@pytest.mark.parametrize("comments", ["", "  # - {cc: 1, sets: seed, range: [1, 9]}\n", "\n# the end\ntempo: 90\n"])
def test_a_list_of_comments_alone_is_empty_and_is_added_to(make, comments):
    show = make(f"model: sketch\nset_list: [one]\nactions:\ncontrols:  # knobs\n{comments}", BANK + "controls:\n")
    assert (show.settings.controls, show.settings.actions, show.banks[0].controls) == ((), (), ())
    add_entry(show, None, "controls", STEPS)
    added = "controls:  # knobs\n  - {cc: 22, sets: steps, range: [1, 150]}\n"
    assert text(show) == f"model: sketch\nset_list: [one]\nactions:\n{added}{comments}"


def test_of_edits_that_are_one_all_are_made_and_taken_back_or_none(make):
    show = make(bank=BANK + "  37: {prompt: fog}\n")
    before = (text(show), text(show, "one"))
    add = partial(add_entry, show, None, "actions", {"note": 36, "does": "tap"})
    remove = partial(remove_pad, show, "one", PadKey(36))
    edit = exchanged(show, [add, remove])
    after = (text(show), text(show, "one"))
    assert "note: 36" in after[0]
    assert "rain" not in after[1]
    back = undone(show, edit)
    assert (text(show), text(show, "one")) == before
    undone(show, back)
    assert (text(show), text(show, "one")) == after
    undone(show, edit)
    with pytest.raises(ConfigurationError):
        exchanged(show, [add, remove, lambda: remove_pad(show, "one", PadKey(37))])
    assert (text(show), text(show, "one")) == before


def test_edits_that_are_one_stay_where_one_of_their_files_was_changed_since(make):
    show = make(bank=BANK + "  37: {prompt: fog}\n")
    edit = exchanged(
        show,
        [
            lambda: save_pad(show, "one", PadKey(40), {"prompt": "hail"}),
            lambda: remove_entry(show, "actions", 0),
        ],
    )
    show.path.write_text(show.path.read_text() + "# by hand\n")
    now = (text(show), text(show, "one"))
    with pytest.raises(ConfigurationError):
        undone(show, edit)
    assert (text(show), text(show, "one")) == now


KNOB = {"cc": 21, "sets": "cfg_scale", "range": [1, 12]}


def test_an_entry_is_changed_and_no_other_byte(make):
    show = make()
    edit = change_entry(show, None, "controls", 0, STEPS, KNOB)
    assert text(show) == SHOW.replace(
        "{cc: 21, sets: cfg_scale, range: [1, 12]}", "{cc: 22, sets: steps, range: [1, 150]}"
    )
    assert (edit.key, edit.line) == ("controls.0", 6)
    undone(show, edit)
    assert text(show) == SHOW


def test_an_entry_that_has_moved_or_would_be_wrong_is_left_alone(make):
    show = make()
    for number, entry, was in ((0, STEPS, STEPS), (1, STEPS, KNOB), (0, {"cc": 300, "sets": "steps"}, KNOB)):
        with pytest.raises(ConfigurationError):
            change_entry(show, None, "controls", number, entry, was)
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        remove_entry(show, "controls", 0, was=STEPS)
    with pytest.raises(ConfigurationError, match="only an editor"):
        change_entry(show, None, "actions", 1, {"note": 97, "does": "panic"}, {"note": 97, "does": "next_bank"})
    assert text(show) == SHOW


def test_a_bank_s_control_is_changed_and_removed(make):
    bank = BANK + "controls: [{cc: 7, sets: steps, range: [1, 9]}]\n"
    show = make(bank=bank)
    edit = change_entry(show, "one", "controls", 0, STEPS, {"cc": 7, "sets": "steps", "range": [1, 9]})
    assert edit.slug == "one"
    remove_entry(show, "controls", 0, "one", STEPS)
    assert text(show, "one") == BANK + "controls: []\n"
