"""Headless Chromium, as tests, benchmarks and pictures open the page in it. Needs chromium and chromium-driver."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
#: Nothing on the screen, nothing over the network, no questions.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def installed() -> bool:
    """Whether the browser and its driver are there."""
    return CHROMIUM.exists() and DRIVER.exists()


def chromium(profile: Path, *flags: str, before: Callable[[], object] | None = None) -> webdriver.Chrome:
    """Start a browser whose profile is the folder ``profile``; ``quit`` ends it.

    ``before`` runs in the driver's process before it starts (not on Windows).
    """
    options = webdriver.ChromeOptions()
    options.binary_location = os.fspath(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}", *flags):
        options.add_argument(flag)
    return webdriver.Chrome(options, Service(os.fspath(DRIVER), popen_kw={"preexec_fn": before}))
