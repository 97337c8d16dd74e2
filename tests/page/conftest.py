"""One show and one browser for all tests of the page."""

from __future__ import annotations

import os
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.jack import Peer
from tests.page.browser import Browser
from tests.page.show import RunningShow

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--window-size=1280,800",
    # What an attacker's name server would answer.
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
)


@pytest.fixture(scope="session")
def controller(request):
    """An independent MIDI program on JACK; None where there is no JACK."""
    if shutil.which("jackd") is None and os.environ.get("CI") != "true":
        yield None
        return
    request.getfixturevalue("jack_server")
    peer = Peer("page-peer")
    yield peer
    peer.kill()


@pytest.fixture(scope="session")
def show(tmp_path_factory, controller):
    flags = ("--backend", "mido.backends.rtmidi/UNIX_JACK") if controller else ()
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


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    if not os.path.exists(CHROMIUM) or not os.path.exists(DRIVER):  # noqa: PTH110 — plain names, for selenium
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed; these tests must run in CI")
        pytest.skip("chromium is not installed (Debian: apt install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield started
    started.quit()


@pytest.fixture
def browser(driver, show):
    """A fresh page of the show. At the end, nothing that anybody typed must have run as a script."""
    opened = Browser(driver, show.address)
    yield opened
    opened.close()
