"""The page's words: each is used, and every state has some."""

import ast
from pathlib import Path

import midifrag.page
from midifrag.page import texts
from midifrag.states import EngineState, PadState

ROOM = Path(midifrag.page.__file__).parent
NAMES = sorted(name for name in vars(texts) if name.isupper())


def used(of: str = "texts") -> set[str]:
    """The names that the page's modules ask ``of`` for, a module of texts."""
    found = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == of:
                found.add(node.attr)
    return found


def test_every_text_is_used_and_every_one_that_is_used_is_there():
    assert used() == set(NAMES)


def test_every_state_has_its_words():
    assert set(texts.PAD_STATES) == set(PadState)
    assert set(texts.ENGINE_STATES) == set(texts.ENGINE_WORDS) == set(EngineState)
