"""One show and one browser for all tests of the page; they end with these, and take nothing from what comes after."""

from __future__ import annotations

import shutil

import pytest

from tests.jack import Peer
from tests.scenarios.page.browser import Browser
from tests.scenarios.page.show import RunningShow
from tests.scenarios.page.sizes import SIZES
from tools.chromium import chromium, installed
from tools.jack_server import BACKEND

FLAGS = (
    "--autoplay-policy=no-user-gesture-required",
    "--window-size=1280,800",
    # All that tests open is of one renderer (`kept_open`), which has the page's code already; and nothing is drawn that
    # only moves.
    "--renderer-process-limit=1",
    "--process-per-site",
    "--force-prefers-reduced-motion",
    # What an attacker's name server would answer.
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
)


@pytest.fixture(scope="package")
def controller(request):
    """An independent MIDI program on JACK; None where there is no JACK."""
    if shutil.which("jackd") is None:
        yield None
        return
    request.getfixturevalue("jack_server")
    peer = Peer("page-peer")
    yield peer
    peer.kill()


@pytest.fixture(scope="package")
def show(tmp_path_factory, controller):
    flags = ("--backend", BACKEND) if controller else ()
    running = RunningShow(tmp_path_factory.mktemp("show"), *flags)
    yield running
    assert running.stop() == 0


@pytest.fixture
def free_show(tmp_path):
    """Starts one more show, with flags of its own."""
    running = []

    def start(*flags):
        running.append(RunningShow(tmp_path / "show", *flags))
        return running[-1]

    yield start
    for one in running:
        assert one.stop() == 0


@pytest.fixture(scope="package")
def driver(tmp_path_factory):
    if not installed():
        pytest.skip("chromium is not installed (Debian: apt install chromium chromium-driver)")
    started = chromium(tmp_path_factory.mktemp("chromium"), *FLAGS)
    yield started
    started.quit()


@pytest.fixture(scope="package")
def kept_open(driver, show):
    """A tab of the show that stays: what tests open is of its renderer, and none has to be started for each of them."""
    driver.get(f"{show.address}/page.css")


@pytest.fixture
def browser(driver, show, kept_open):
    """A fresh page of an idle show. At the end, nothing that anybody typed must have run as a script."""
    # Nor does it remember what another test has typed.
    origin = {"origin": show.address, "storageTypes": "local_storage"}
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", origin)
    opened = Browser(driver, show.address)
    opened.wait_until_nothing_renders()
    yield opened
    opened.close()


@pytest.fixture
def sized(browser):
    """Gives the screen a size by its name, for one test."""

    def resize(name):
        width, height, touched = SIZES[name]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touched}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touched, "maxTouchPoints": 5})
        browser.until(lambda: browser.script("return [innerWidth, innerHeight]") == [width, height])

    yield resize
    browser.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
