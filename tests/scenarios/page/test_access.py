"""Who may come in, over real sockets, and in a browser that another site has taken in."""

import functools
import http.server
import threading

import pytest

ATTACKER = """<!doctype html><title>waiting</title><script>
const target = "127.0.0.1:%d", results = [];
const done = () => { if (results.length === 3) document.title = results.join(" "); };
const say = (word) => { results.push(word); done(); };
const socket = new WebSocket(`ws://${target}/_nicegui_ws/socket.io/?EIO=4&transport=websocket`);
socket.onopen = () => say("socket-open");
socket.onerror = () => say("socket-refused");
fetch(`http://${target}/`).then(() => say("fetch-open"), () => say("fetch-refused"));
const picture = new Image();
picture.onload = () => say("picture-open");
picture.onerror = () => say("picture-refused");
picture.src = `http://${target}/slots/1.svg`;
</script>"""

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
EVERYWHERE = ("--page-host", "0.0.0.0")
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def other_site(show):
    """A web site of somebody else, on this machine."""
    page = (ATTACKER % show.port).encode()

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_web_site_gets_nothing(browser, other_site):
    browser.driver.get(other_site)
    browser.until(lambda: browser.driver.title != "waiting")
    assert sorted(browser.driver.title.split()) == ["fetch-refused", "picture-refused", "socket-refused"]


def test_a_rebound_name_gets_nothing(browser, show):
    browser.driver.get(f"http://rebound.example:{show.port}/")
    assert "does not answer to that host name" in browser.text("body")


def test_the_page_itself_is_answered(show):
    assert show.get("/")[0] == 200
    assert show.get("/", Host=f"localhost:{show.port}")[0] == 200
    assert show.get("/", Host=f"[::1]:{show.port}")[0] == 200
    assert show.get(SOCKET, **UPGRADE, Origin=show.address)[0] == 101


@pytest.mark.parametrize("path", ["/", "/slots/1.wav", "/takes/1.wav", "/export.zip?take=1", SOCKET])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1:1"},
        {"Host": "192.168.1.20:{port}"},
        {"Host": "user@127.0.0.1:{port}"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_foreign_hosts_and_origins_are_refused(show, path, headers):
    headers = {name: value.format(port=show.port) for name, value in headers.items()}
    upgrade = UPGRADE if path == SOCKET else {}
    status, body = show.get(path, **upgrade, **headers)
    assert status == 403
    assert b"RIFF" not in body


@pytest.mark.parametrize(
    "path",
    [
        "/slots/../presets.yaml",
        "/slots/..%2f..%2fpresets.yaml",
        "/slots/%2e%2e/%2e%2e/presets.yaml.wav",
        "/slots/..\\..\\presets.yaml",
        "/takes/../../output.txt",
        "/takes/..%2Findex.sqlite",
        "/takes/%00.wav",
        "/slots//etc/passwd",
        "/page.css/../../../pyproject.toml",
        "/export.zip?take=../../presets.yaml",
        "/export.zip?take=99999999999999999999999999",
        "/export.zip",
        "/slots/0.wav",
        "/slots/99.wav",
        "/slots/-1.wav",
        "/takes/999999.wav",
        "/takes/99999999999999999999999999.wav",
        "/_nicegui/3/resources/x/../../../../../../etc/passwd",
    ],
)
def test_no_path_climbs_out_of_the_folders(show, path):
    status, body = show.get(path)
    assert status in (404, 422)
    assert b"model: sketch" not in body
    assert b"root:" not in body
    assert b"SQLite" not in body


def test_a_link_from_another_site_opens_the_page_and_nothing_else(show):
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert show.get("/", **link)[0] == 200
    assert show.get("/takes/1.wav", **link)[0] == 403


@pytest.mark.thorough
def test_other_devices_come_in_by_the_code_in_the_terminal_and_after_a_restart_by_themselves(browser, free_show):
    show = free_show(*EVERYWHERE)
    printed = browser.until(lambda: (text := show.output.read_text()) and "▀" in text and text)
    address = next(word for word in printed.split() if word.startswith("http://") and "token=" in word)
    assert show.get("/")[0] == 401
    assert show.get(SOCKET, **UPGRADE)[0] == 403
    browser.load(address)
    assert "token" not in browser.driver.current_url
    browser.load(browser.driver.current_url)
    loaded = browser.script("return performance.timeOrigin")
    assert show.stop() == 0
    browser.wait_for_text("#popup", "Connection lost")
    free_show(*EVERYWHERE, "--page-port", str(show.port))
    browser.until(lambda: browser.script("return performance.timeOrigin") > loaded)
    browser.until(lambda: browser.script("return !!window.socket?.connected && !!document.querySelector('.pad')"))
    browser.play(36)
