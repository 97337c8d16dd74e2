"""The page's own looks and scripts: packed, and kept for as long as they are the same."""

import gzip
import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from midifrag.page.model import PageModel
from midifrag.page.web.assets import LOOKS, SCRIPTS, address, assets, head
from midifrag.page.web.files import routes
from midifrag.page.wire import configuration
from tests.support.shows import loaded

NAMES = (*LOOKS, *SCRIPTS)


@pytest.fixture
def client(tmp_path):
    page = PageModel(configuration(loaded(fragments={"folder": str(tmp_path)})), print)
    app = FastAPI()
    app.include_router(routes(page))
    with TestClient(app) as opened:
        yield opened
    page.archive.close()


@pytest.mark.parametrize("name", NAMES)
def test_each_is_fetched_packed_once_and_for_all(client, name):
    answer = client.get(address(name), headers={"accept-encoding": "br, gzip"})
    assert answer.status_code == 200
    assert answer.content == assets()[name].body
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"].startswith(assets()[name].kind)


def test_who_cannot_unpack_gets_it_as_it_is(client):
    answer = client.get(address("page.css"), headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.content == assets()["page.css"].body


def test_another_version_is_asked_for_again(client):
    for asked in ("/page.css", "/page.css?v=old"):
        assert client.get(asked).headers["cache-control"] == "no-cache"
    assert client.get("/other.css").status_code == 404


def test_a_head_names_each_as_it_is_now():
    made = head({"left_out": 'a "quote"'})
    assert all(made.count(address(name)) == 1 for name in NAMES)
    assert "&quot;left_out&quot;" in made


def test_packing_says_nothing_of_when():
    one = assets()["page.css"]
    assert one.packed == gzip.compress(one.body, mtime=0)


def test_what_acts_at_once_is_left_out_while_there_is_no_connection():
    acts = re.search(r"ACTS = new Set\(\[(.*?)\]", assets()["page.js"].body.decode())[1]
    # A take that is dropped on a slot would land in it minutes later.
    assert {"click", "pointerdown", "keydown", "padkey", "drop"} <= set(re.findall(r'"(\w+)"', acts))
