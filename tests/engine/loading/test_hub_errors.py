"""Every way in which the hub, the network or the disk may refuse, and the sentence that it becomes."""

from __future__ import annotations

import errno
import re
import shutil
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from midifrag.engine.loading import download, hub, hub_errors, transfer
from midifrag.errors import HubError
from tests.engine.hub_caches import safetensors_of
from tests.engine.hub_server import Repository
from tests.support import PATIENCE

NAME = "someone/model"
WEIGHTS = "model.safetensors"
FILES = {"model_config.json": b"{}", WEIGHTS: safetensors_of(bytes(range(256)) * 2_000)}


def asked(server):
    """What was asked of repositories; the library asks for things of its own beside that."""
    return [path for _, path in server.log if "/resolve/" in path]


def fetch(**entry):
    return hub.fetch_model({"hub": NAME, **entry})


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"refuses": 400}, r"The hub refuses someone/model \(400, Bad Request"),
        ({"refuses": 401}, r"knows no model someone/model, or it is private"),
        ({"refuses": 403}, r"does not let this account read someone/model \(403, Forbidden\)\. Ask its owner"),
        ({"refuses": 404}, r"knows no model someone/model.*spelling"),
        ({"refuses": 418}, r"refuses someone/model \(418, I'm a Teapot"),
        (
            {"refuses": 429},
            r"asked too much .*\(429, Too Many Requests\)\. Start again in a few minutes; with",
        ),
        ({"refuses": 429, "headers": {"Retry-After": "55"}}, r"429.*Start again in 55 s"),
        ({"refuses": 429, "headers": {"RateLimit": '"api";r=0;t=33'}}, r"429.*Start again in 33 s"),
        ({"refuses": 500}, r"in trouble \(500, Internal Server Error\); nothing is wrong here\. Start again in a few"),
        ({"refuses": 502}, r"in trouble \(502, Bad Gateway\)"),
        ({"refuses": 503}, r"in trouble \(503, Service Unavailable\)"),
        ({"refuses": 504}, r"in trouble \(504, Gateway Timeout\)"),
        ({"refuses": 599}, r"in trouble \(599\)"),
        ({"gated": True}, r"is gated: .*accept the licence.*hf auth login"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_the_hub_refuses(server, answer, sentence):
    server.repositories[NAME] = Repository(FILES, **answer)
    with pytest.raises(HubError, match=sentence) as error:
        fetch()
    assert "cannot be reached" not in str(error.value)
    assert len(asked(server)) == 1


def test_a_refusal_in_the_middle_is_told_alike(server):
    repository = server.repositories[NAME] = Repository(FILES)
    looked_up = download.look_up

    def then_busy(*asked):
        found = looked_up(*asked)
        repository.refuses = 503 if found.name == WEIGHTS else None
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "look_up", then_busy)
        with pytest.raises(HubError, match=r"in trouble \(503"):
            fetch()
    repository.refuses = None
    assert fetch().checkpoint.read_bytes() == FILES[WEIGHTS]


def test_the_environment_forbids_the_network(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"cannot be reached, as HF_HUB_OFFLINE .* forbids it .* Take that away"):
        fetch()
    assert server.log == []


def test_a_port_where_nobody_is(no_hub):
    with pytest.raises(HubError, match=r"not on this machine yet.*cannot be reached \(.*refused\)\. Connect to"):
        fetch()


def test_a_name_that_nobody_knows(no_hub, monkeypatch):
    url = "http://nobody.invalid/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
    with pytest.raises(HubError, match=r"cannot be reached \("):
        fetch()


def test_packets_that_vanish_end_the_wait_and_nothing_else_is_asked(server, monkeypatch):
    monkeypatch.setattr(transfer, "PATIENCE", 0.3)
    server.repositories[NAME] = Repository(FILES, silent=True)
    with pytest.raises(HubError, match=r"cannot be reached \(nothing came for 0\.3 s\)\. Connect to the network"):
        fetch()
    # The server may be slower than who waits for it.
    deadline = time.monotonic() + PATIENCE
    while not asked(server) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(asked(server)) == 1


def test_a_trickle_is_a_standstill(server, monkeypatch):
    repository = server.repositories[NAME] = Repository(FILES, trickles=True)

    def impatient(done, _total, name):
        # From the first byte on: until then a busy machine may take its time.
        if name == WEIGHTS and done:
            monkeypatch.setattr(transfer, "PATIENCE", 0.3)

    with pytest.raises(HubError, match=r"to a standstill \(model\.safetensors: .* of 512,\d+ bytes, and hardly any"):
        hub.fetch_model({"hub": NAME}, impatient)
    repository.trickles = False
    monkeypatch.setattr(transfer, "PATIENCE", PATIENCE)
    assert fetch().checkpoint.read_bytes() == FILES[WEIGHTS]


def test_what_is_cut_off_again_and_again_is_kept_as_far_as_it_came(server):
    repository = server.repositories[NAME] = Repository(FILES, cuts={WEIGHTS: 99})
    with pytest.raises(HubError, match=r"again and again \(model\.safetensors: [\d,]+ of 512,\d+ bytes\)\. What has"):
        fetch()
    repository.cuts.clear()
    assert fetch().checkpoint.read_bytes() == FILES[WEIGHTS]


def test_a_checksum_that_is_wrong_twice(server, cache_folder):
    server.repositories[NAME] = Repository(FILES, spoilt={WEIGHTS: 2})
    with pytest.raises(HubError, match=r"model\.safetensors of someone/model arrived twice with a wrong checksum"):
        fetch()
    assert list(cache_folder.rglob(WEIGHTS)) == list(cache_folder.rglob("*.incomplete")) == []
    assert fetch().checkpoint.read_bytes() == FILES[WEIGHTS]


def test_a_page_to_log_in_is_not_the_hub(server, monkeypatch):
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.endpoint + "/api/models/{repo_id}/tree/main?{filename}"
    )
    server.repositories[NAME] = Repository(FILES)
    with pytest.raises(HubError, match=r"is not the hub: perhaps a page to log in"):
        fetch()


def test_a_full_disk_is_told_before_anything_comes(server, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    server.repositories[NAME] = Repository(FILES)
    with pytest.raises(HubError, match=r"needs 0\.5 MB, and 0\.0 MB are free in .*HF_HOME"):
        fetch()
    assert ("GET", f"/{NAME}/resolve/main/{WEIGHTS}") not in server.log


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, r"could not be stored in .*No space left.*Free some disk space"),
        (errno.EROFS, r"may not be written .*Read-only.*Change its permissions"),
        (errno.EACCES, r"may not be written"),
    ],
)
def test_a_disk_that_refuses(server, monkeypatch, number, sentence):
    def refused(*_, **__):
        raise OSError(number, {errno.ENOSPC: "No space left"}.get(number, "Read-only"))

    server.repositories[NAME] = Repository(FILES)
    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(HubError, match=sentence):
        fetch()


class ConnectError(Exception):
    """As the HTTP library's."""


class TimeoutException(Exception):  # noqa: N818 — its name there
    """As the HTTP library's."""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate is not yet valid"), "clock right"),
        (ConnectError("Network is unreachable"), r"cannot be reached \(Network is unreachable\)"),
        (TimeoutException(), r"nothing came for 5 s"),
        (download.BusyError(Path("x.lock")), r"has not moved for 10 s\. End it, or delete x\.lock"),
        (RuntimeError("\n\nodd thing.\nmore"), r"was cut off \(odd thing\)"),
    ],
)
def test_other_ends(error, sentence):
    assert HubError is type(told := hub_errors.explained(error, NAME, "main"))
    assert re.search(sentence, str(told))


def test_what_says_already_what_to_do_stays():
    error = HubError("as it is")
    assert hub_errors.explained(error, NAME, "main") is error


def test_no_wait_for_the_network_is_longer_than_five_seconds():
    assert transfer.PATIENCE <= 5
