"""The table of the line's messages: names, kinds, and the page that is made of them."""

from midifrag.engine.line import answers, parts, requests
from midifrag.engine.line import messages as line
from tools.line_reference import PAGE, page


def test_each_message_has_a_kind_of_its_own():
    kinds = [one.kind() for one in (*line.FROM_CLIENTS, *line.FROM_SERVERS)]
    assert len(kinds) == len(set(kinds))
    assert {"ask", "kept", "rendered", "pong"} <= set(kinds)


def test_each_message_is_in_the_table_of_who_says_it():
    for module, table in ((requests, line.FROM_CLIENTS), (answers, line.FROM_SERVERS)):
        own = {one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__}
        assert {one for one in own if issubclass(one, parts.Message)} == set(table)


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.line_reference"
