"""Banks added, renamed and put in order, in a set's files."""

import pytest

from midifrag.config import bank_editing, loading
from midifrag.config.bank_editing import add_bank, order_banks, rename_bank
from midifrag.config.entry_editing import undone
from midifrag.errors import ConfigurationError, StorageError

SHOW = "# A set.\nmodel: sketch\nset_list: [one, two]     # in order\nports: {grid: {in: Grid}}\n"
ONE = "# the first\nname: One   # as sung\nprogram: 3\npads:\n  36: {prompt: rain}   # drops\n"
TWO = "name: Two\npads: {36: {prompt: bell}}\n"


@pytest.fixture
def show(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text(SHOW, "utf-8")
    (tmp_path / "presets" / "one.yaml").write_text(ONE, "utf-8")
    (tmp_path / "presets" / "two.yaml").write_text(TWO, "utf-8")
    return again(tmp_path / "presets.yaml")


def again(path):
    return loading.load(path, environment={})


def text(show, slug=None):
    return (show.path if slug is None else loading.bank_path(show.path, slug)).read_text("utf-8")


def names(show):
    return [(bank.slug, bank.name) for bank in again(show.path).banks]


def test_a_new_bank_comes_last_with_a_pad_to_begin_with(show):
    edit = add_bank(show, " Über: die Brücke ")
    assert names(show)[2:] == [("uber-die-brucke", "Über: die Brücke")]
    assert text(show) == SHOW.replace("[one, two]", "[one, two, uber-die-brucke]")
    assert (edit.slug, edit.key) == (None, "set_list: uber-die-brucke")
    back = undone(show, edit)
    assert text(show) == SHOW
    # Nothing is lost: its file stays, and it comes back.
    undone(show, back)
    assert len(names(show)) == 3


def test_a_copy_has_the_pads_and_comments_but_not_the_program(show):
    add_bank(show, "One, again", like="one")
    copy = text(show, "one-again")
    assert copy == ONE.replace("name: One ", 'name: "One, again" ').replace("program: 3\n", "")
    add_bank(again(show.path), "Two", like="two")
    assert text(show, "two-2") == TWO.replace("Two", '"Two"')
    assert [slug for slug, _ in names(show)] == ["one", "two", "one-again", "two-2"]


def test_a_bank_is_renamed_and_no_other_byte_changes(show):
    edit = rename_bank(show, "one", "Opening")
    assert text(show, "one") == ONE.replace("One", '"Opening"')
    undone(show, edit)
    assert text(show, "one") == ONE


def test_banks_are_put_in_order(show):
    edit = order_banks(show, ["two", "one"])
    assert text(show) == SHOW.replace("[one, two]", "[two, one]")
    assert [slug for slug, _ in names(show)] == ["two", "one"]
    undone(show, edit)
    assert text(show) == SHOW


@pytest.mark.parametrize(
    "refused",
    [
        lambda show: add_bank(show, " "),
        lambda show: rename_bank(show, "one", "  "),
        lambda show: order_banks(show, ["one"]),
        lambda show: order_banks(show, ["one", "three"]),
    ],
)
def test_what_check_would_refuse_is_not_written(show, refused):
    files = sorted(show.path.parent.rglob("*"))
    with pytest.raises(ConfigurationError):
        refused(show)
    assert (text(show), text(show, "one"), sorted(show.path.parent.rglob("*"))) == (SHOW, ONE, files)


def test_a_disk_that_is_full_leaves_all_as_it_was(show, monkeypatch):
    def full(_path, _content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bank_editing, "write_whole", full)
    with pytest.raises(StorageError, match="the disk is full"):
        add_bank(show, "New")
    assert names(show) == [("one", "One"), ("two", "Two")]


def test_a_file_that_has_just_come_is_never_replaced(show, monkeypatch):
    monkeypatch.setattr(bank_editing, "_free_slug", lambda _show, _name: "one")
    with pytest.raises(ConfigurationError, match="is there already"):
        add_bank(show, "One")
    assert text(show, "one") == ONE
