"""Undo and redo, alone; in the editor they are tried in test_editor.py."""

import pytest

from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey
from midifrag.page.panels.saving import save
from midifrag.page.panels.undoing import UndoButtons, or_ask
from midifrag.page.wire import configuration


@pytest.fixture
def page(headless, on_disk):
    return headless(of=on_disk.load())


def test_the_buttons_say_what_they_undo_and_do_again(page, on_disk):
    buttons = page.do(lambda: UndoButtons(page.page))
    page.do(buttons.refresh)
    undo, redo = (
        next(one for one in page.client.elements.values() if one.props.get("icon") == icon) for icon in ("undo", "redo")
    )
    assert (undo.text, undo.enabled, redo.text, redo.enabled) == (
        "Nothing to undo",
        False,
        "Nothing to do again",
        False,
    )
    page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}))
    page.do(buttons.refresh)
    assert (undo.text, undo.enabled) == ("Undo C1 in Opening", True)
    page.click(undo)
    page.take(configuration(on_disk.load()))
    page.do(buttons.refresh)
    assert (on_disk.load().banks[0].pads[PadKey(36)].steps, redo.text) == (8, "Do C1 in Opening again")
    page.click(redo)
    assert on_disk.load().banks[0].pads[PadKey(36)].steps == 9


def test_what_was_changed_meanwhile_is_asked_about_and_what_is_wrong_is_told(page):
    went_on = []

    async def work():
        raise EditConflictError("C1", {"prompt": "theirs"}, ("prompt",))

    async def wrong():
        return {"steps": "0 is below 1"}

    async def go_on(now):
        went_on.append(now)

    assert page.do(lambda: or_ask("C1", "presets/opening.yaml", work, go_on)) == {}
    assert (
        page.text("asked-text")
        == "C1 in presets/opening.yaml has been changed meanwhile: prompt is theirs. Go on all the same?"
    )
    page.click(page.button("Go on"))
    assert went_on == [{"prompt": "theirs"}]
    assert page.do(lambda: or_ask("C1", "x", wrong, go_on)) == {"steps": "0 is below 1"}
    assert page.notices == ["0 is below 1"]
