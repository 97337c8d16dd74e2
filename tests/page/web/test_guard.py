"""Who may come in: nobody from another site and, where others reach the page, nobody without the token."""

import asyncio

import pytest

from midifrag.page.web.guard import COOKIE_SECONDS, Guard
from midifrag.page.wire import Access

TOKEN = "s3cret-token"


async def inner(scope, _receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(path="/", *, host="192.168.1.20:8765", bound="0.0.0.0", token=TOKEN, kind="http", query="", **headers):
    raw = [(b"host", host.encode())]
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": raw}
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(inner, Access(bound, 8765, token))(scope, receive, send))
    return sent


def status(sent):
    return sent[0]["status"]


def test_without_the_token_nothing_is_answered():
    for path in ("/", "/slots/1.wav", "/export.zip", "/_nicegui_ws/socket.io/"):
        assert status(ask(path)) == 401
        assert b"inside" not in ask(path)[-1]["body"]
    assert ask(kind="websocket")[0]["type"] == "websocket.close"


def test_the_printed_address_turns_the_token_into_a_cookie():
    start = ask(query=f"token={TOKEN}")[0]
    headers = dict(start["headers"])
    assert start["status"] == 303
    assert headers[b"location"] == b"/"
    assert b"HttpOnly" in headers[b"set-cookie"]
    assert f"Max-Age={COOKIE_SECONDS};".encode() in headers[b"set-cookie"] + b";"
    cookie = headers[b"set-cookie"].split(b";")[0].decode()
    assert status(ask("/slots/1.wav", cookie=cookie)) == 200
    assert ask(kind="websocket", cookie=cookie)[0]["type"] == "websocket.accept"


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ü"])
def test_a_wrong_token_is_refused(given):
    assert status(ask(query=f"token={given}")) == 401
    assert status(ask(cookie=f"midifrag-8765={given or 'x'}")) == 401


def test_the_token_is_taken_for_the_page_alone():
    assert status(ask("/slots/1.wav", query=f"token={TOKEN}")) == 401


def test_broken_cookies_are_no_cookies():
    for cookie in ("=;=;,", "midifrag-8765", "midifrag-8765=\\", f"other={TOKEN}"):
        assert status(ask(cookie=cookie)) == 401


def test_cookies_of_other_programs_on_this_machine_do_no_harm():
    for cookie in ("a@b=1; midifrag-8765={}", "path=/; midifrag-8765={} ; x", ";;midifrag-8765={}"):
        assert status(ask(cookie=cookie.format(TOKEN))) == 200
        assert status(ask(cookie=cookie.format("wrong"))) == 401


def test_only_a_link_to_the_page_itself_may_come_from_elsewhere():
    cookie = f"midifrag-8765={TOKEN}"
    for site in ("cross-site", "same-site"):
        assert status(ask(cookie=cookie, sec_fetch_site=site, sec_fetch_mode="navigate")) == 200
        assert status(ask("/takes/1.wav", cookie=cookie, sec_fetch_site=site, sec_fetch_mode="navigate")) == 403
        assert status(ask(cookie=cookie, sec_fetch_site=site, sec_fetch_mode="no-cors")) == 403
    assert status(ask(cookie=cookie, sec_fetch_site="same-origin", sec_fetch_mode="cors")) == 200


def test_what_is_no_request_goes_through():
    heard = []

    async def app(scope, _receive, _send):
        heard.append(scope["type"])

    asyncio.run(Guard(app, Access("0.0.0.0", 8765, TOKEN))({"type": "lifespan"}, None, None))
    assert heard == ["lifespan"]


@pytest.mark.parametrize("host", ["", "[::1", "127.0.0.1:x", "127.0.0.1:99999", "u@127.0.0.1:8765", "127.0.0.1:8765/x"])
def test_what_is_no_host_is_refused(host):
    assert status(ask(host=host, bound="127.0.0.1", token=None)) == 403


def test_on_loopback_only_loopback_addresses_and_names_lead_here():
    for host in ("127.0.0.1:8765", "[::1]:8765", "localhost:8765", "LOCALHOST:8765"):
        assert status(ask(host=host, bound="127.0.0.1", token=None)) == 200
    assert status(ask(host="192.168.1.20:8765", bound="127.0.0.1", token=None)) == 403


def test_names_under_somebody_elses_control_are_refused_with_the_token_too():
    cookie = f"midifrag-8765={TOKEN}"
    assert status(ask(host="evil.example:8765", cookie=cookie)) == 403
    assert status(ask(host="192.168.1.20:8766", cookie=cookie)) == 403
    assert status(ask(cookie=cookie, origin="http://192.168.1.20:1")) == 403
    assert status(ask(cookie=cookie, origin="http://192.168.1.20:8765")) == 200
    assert status(ask(host="[fe80::1]:8765", cookie=cookie)) == 200


def test_two_host_headers_are_refused():
    sent = []

    async def send(message):
        sent.append(message)

    raw = [(b"host", b"127.0.0.1:8765"), (b"host", b"evil.example")]
    scope = {"type": "http", "path": "/", "query_string": b"", "headers": raw}
    asyncio.run(Guard(inner, Access("127.0.0.1", 8765, None))(scope, None, send))
    assert status(sent) == 403


def test_every_answer_says_that_no_other_site_may_frame_it():
    for sent in (ask(), ask(query=f"token={TOKEN}"), ask(cookie=f"midifrag-8765={TOKEN}")):
        headers = dict(sent[0]["headers"])
        assert headers[b"x-frame-options"] == b"DENY"
        assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
