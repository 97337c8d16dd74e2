"""Takes the pictures of the page that the README shows: a show with `sketch`, played by script, in headless Chromium.

    uv run python -m tools.screenshots [FOLDER]

Writes the Play tab at every size (page-desktop.png, page-large.png, page-tablet.png, page-phone.png, page-side.png),
the other tabs on a laptop, fragments that wait for a bar, a connection that is lost and a press that failed into
FOLDER, by default docs. Says how much of each looks different from the one before; one that looks the same stays. Needs
Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import mido
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from midifrag.clock import monotonic
from midifrag.config import loading
from midifrag.config.pad_editing import save_pad
from midifrag.config.shipped import shipped_path
from midifrag.intents import Panic, Prompt, SetLand
from midifrag.pad_key import PadKey
from midifrag.page import Page
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from tools.chromium import chromium
from tools.picture_difference import difference

#: Sizes in pixels, by what the pictures are called; fingers touch those of `TOUCHED`.
SIZES = {"desktop": (1280, 800), "large": (1920, 1080), "tablet": (820, 1180), "phone": (390, 844), "side": (844, 390)}
TOUCHED = ("tablet", "phone", "side")
#: The tabs beside the first: what is there once they are drawn.
TABS = {"archive": ".take", "engine": ".chart canvas", "set": "[data-edit]", "learn": ".learn-begin", "osc": ".osc-try"}
#: Below this share a picture looks as the one before.
SAME = 0.002
PATIENCE = 60.0
#: Seconds between two looks: what renders is over soon.
SOON = 0.05
#: Colours of a picture.
COLOURS = 256
#: The notes that are pressed before the pictures, so that slots and archive have something to show.
PLAYED = (36, 44, 38, 41, 46, 50, 37)
#: Takes that are rendered ahead.
SPARES = 3
#: A press that takes so long that the picture shows it on its way, and those that wait behind it.
ON_THE_WAY = (39, 49, 40, 51)
#: How long the first of them is, in seconds of sound, so that it takes as long as a model would.
LONG = 190
#: A knob that the set has no use for yet.
TURNED = 27
PROMPT = "granular choir, breath and consonants, distant"


@contextmanager
def show(folder: Path) -> Iterator[tuple[str, ClipPorts, Runtime]]:
    """The shipped set, playing into ``folder``: the page's address, its ports in memory, and what runs."""
    flags = {
        "model": "sketch",
        "fragments": {"folder": str(folder)},
        "page": {"port": 0},
        # What a machine without an output says of it is none of the picture's business.
        "playback": {"device": "off"},
        "engine": {"spares": {"count": SPARES}},
    }
    shipped = shipped_path()
    copy = folder.parent / "set"
    shutil.copytree(shipped.parent / "presets", copy / "presets")
    shutil.copy(shipped, copy)
    save_pad(
        loading.load(copy / shipped.name, flags, environment={}), "opening", PadKey(ON_THE_WAY[0]), {"seconds": LONG}
    )
    loaded = loading.load(copy / shipped.name, flags, environment={})
    ports = ClipPorts(next(iter(loaded.settings.ports)))
    runtime = Runtime(loaded, ports)
    page = Page(runtime, loaded.settings.page)
    try:
        runtime.start()
        page.start()
        yield page.address, ports, runtime
    finally:
        page.close()
        runtime.close()


class Camera:
    """A browser that waits for what it shall see."""

    def __init__(self, profile: Path, folder: Path) -> None:
        self.driver = chromium(profile)
        self._folder = folder

    def size(self, name: str) -> None:
        """Be a screen of this size."""
        width, height = SIZES[name]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": name in TOUCHED}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def find(self, css: str) -> WebElement:
        """Wait for an element."""

        def first(driver: WebDriver) -> WebElement | Literal[False]:
            return next(iter(driver.find_elements(By.CSS_SELECTOR, css)), False)

        return WebDriverWait(self.driver, PATIENCE).until(first)

    def wait(self, script: str) -> None:
        """Wait until ``script`` returns something true."""
        shown = WebDriverWait(self.driver, PATIENCE, poll_frequency=SOON)
        shown.until(lambda driver: driver.execute_script(f"return {script}"))

    def tab(self, index: int) -> None:
        """Go to one of the page's tabs."""
        self.find(".tabs .q-tab")
        self.driver.find_elements(By.CSS_SELECTOR, ".tabs .q-tab")[index].click()

    def take(self, name: str, *, lost: bool = False) -> None:
        """Take a picture, once all waveforms are drawn and all that slides has come to rest.

        A page whose server is late, as on a busy machine, says for that time that it is lost.
        """
        self.wait(f"(document.getElementById('popup').ariaHidden === 'false') === {str(lost).lower()}")
        self.wait("[...document.images].filter((i) => i.offsetParent).every((i) => i.complete)")
        time.sleep(0.3)
        file = self._folder / f"page-{name}.png"
        with Image.open(io.BytesIO(self.driver.get_screenshot_as_png())) as picture:
            # Flat colours: half the bytes, and nothing to see of it.
            made = file.with_suffix(".new.png")
            picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(made, optimize=True)
        differs = difference(file, made)
        print(f"{file.name}: {differs:.1%} looks different")
        if differs < SAME:
            made.unlink()
        else:
            made.replace(file)


def main(folder: Path) -> None:
    """Play, and take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, show(Path(scratch) / "fragments") as (address, ports, runtime):
        camera = Camera(Path(scratch) / "chromium", folder)
        try:
            camera.size("desktop")
            camera.driver.get(address)
            _play(camera, ports)
            _wait_for_the_bar(camera, ports, runtime)
            camera.take("bar")
            _render(camera, ports, runtime)
            for name in SIZES:
                camera.size(name)
                camera.take(name)
            camera.size("desktop")
            for index, (name, there) in enumerate(TABS.items(), 1):
                camera.tab(index)
                camera.find(there)
                if name == "learn":
                    _learn(camera, ports)
                camera.take(name)
            camera.tab(0)
            _fail(camera, runtime)
            camera.take("failed")
            camera.driver.execute_script("window.socket.disconnect()")
            camera.take("lost", lost=True)
        finally:
            camera.driver.quit()


def _wait_for_the_bar(camera: Camera, ports: ClipPorts, runtime: Runtime) -> None:
    """Press pads whose spares are ready, while fragments land on every fourth bar."""
    camera.wait(f"document.querySelectorAll('.pad.is-ready').length >= {SPARES}")
    runtime.put(SetLand("4 bars"))
    ready = camera.driver.execute_script(
        "return [...document.querySelectorAll('.pad.is-ready')].map((p) => p.dataset.pad)"
    )
    for pad in ready[:SPARES]:
        ports.send(mido.Message("note_on", note=int(pad), velocity=100))
    camera.wait(f"document.querySelectorAll('.pad.is-waiting').length >= {SPARES}")


def _render(camera: Camera, ports: ClipPorts, runtime: Runtime) -> None:
    """Press pads that take a while, nothing else being on its way."""
    runtime.put(SetLand(None))
    runtime.put(Panic())
    camera.wait("!document.querySelector('.pad.is-waiting')")
    camera.wait(f"document.querySelectorAll('.pad.is-ready').length >= {SPARES}")
    for note in ON_THE_WAY:
        ports.send(mido.Message("note_on", note=note, velocity=100))
    camera.wait("document.querySelector('.pad:is(.is-queued, .is-rendering)')")


def _learn(camera: Camera, ports: ClipPorts) -> None:
    """Begin to learn, and turn a knob."""
    camera.find(".learn-begin").click()
    camera.wait("document.querySelector('.learn-question').textContent")
    for value in range(40, 60):
        ports.send(mido.Message("control_change", control=TURNED, value=value))
        # As fast as a hand does: what comes together counts as one.
        time.sleep(SOON)
    camera.wait("document.querySelector('.learn-said').textContent")


def _fail(camera: Camera, runtime: Runtime) -> None:
    """Ask for what cannot be rendered."""
    runtime.put(Prompt(PROMPT, {"model": "a-model-that-is-gone"}, monotonic()))
    camera.find(".notice.error")


def _play(camera: Camera, ports: ClipPorts) -> None:
    def press(note: int, velocity: int = 100) -> None:
        ports.send(mido.Message("note_on", note=note, velocity=velocity))

    camera.find(".status-engine[data-state='ready']")
    for cc, value in ((21, 82), (22, 60)):
        ports.send(mido.Message("control_change", control=cc, value=value))
    for number, note in enumerate(PLAYED, 1):
        press(note)
        camera.wait(f"document.querySelectorAll('.slot.filled').length == {number}")
    box = camera.find(".prompt .prompt-text textarea")
    box.send_keys(PROMPT)
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    camera.wait("document.querySelectorAll('.slot.filled').length == 8")
    camera.find(".slot:nth-child(3) [title^='Lock']").click()
    camera.find(".slot.locked")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
