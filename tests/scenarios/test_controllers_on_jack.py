"""``midifrag run`` with controllers whose banks lie by place, over real ports: an independent program plays them."""

import mido
import pytest

from tests.jack import EACH, again_and_again
from tests.support.performing import Performance, write_show

LANDED = 21
PROGRAMMER_MODE = "F0 00 20 29 02 0C 0E 01 F7"
#: A box of a performer's own: two pads that send CCs, and a display.
BOX = """\
about: two pads
source: this test
grid: [[cc 20, cc 21]]
pads: {still: "B0 {number} {colour}"}
screen: {rows: 2, columns: 20, line: "F0 7D {row} {text} F7"}
"""


@pytest.fixture
def show(tmp_path, peer):
    """A Launchpad and a box of the performer's own, on one show."""
    pads, box = peer("pads"), peer("box")
    path = write_show(tmp_path, "pads")
    text = path.read_text(encoding="utf-8")
    ports = '{in: "pads out", out: "pads in", surface: launchpad}\n  box: {in: "box out", out: "box in", surface: box}'
    path.write_text(text.replace('{in: "pads out", out: "pads in"}', ports), encoding="utf-8")
    (tmp_path / "surfaces").mkdir()
    (tmp_path / "surfaces" / "box.yaml").write_text(BOX, encoding="utf-8")
    with Performance(tmp_path) as running:
        for line in ("ready", "input pads", "output pads", "input box", "output box"):
            running.wait_for_line(line)
        yield running, pads, box


def came(peer, send, wanted):
    """Whether what ``send`` asks for is answered by the message that ``wanted`` is, as hexadecimal text."""

    def attempt():
        send()
        return peer.wait_for(lambda messages: any(message.hex() == wanted for message in messages), EACH)

    return again_and_again(attempt)


def test_banks_lie_by_place_on_every_controller_of_a_show(show):
    running, pads, box = show
    # Programmer mode, and the bank's first pad on the lower left, in white.
    assert pads.wait_for(lambda messages: {PROGRAMMER_MODE, "90 0B 03"} <= {m.hex() for m in messages}, EACH * 6)
    # Pad 36 is pressed as note 11, and lands there.
    assert came(pads, lambda: pads.send(mido.Message("note_on", note=11, velocity=100)), f"90 0B {LANDED:02X}")
    assert running.log().jobs(36)
    assert running.log().heard(11)
    # The same pad on the box, by its CC, and seen on its display.
    cc = [mido.Message("control_change", control=20, value=value) for value in (127, 0)]
    assert came(box, lambda: box.send(*cc), f"B0 14 {LANDED:02X}")
    assert box.wait_for(lambda messages: any(b"short kick" in bytes(m.bytes()) for m in messages), EACH * 6)
    # A button beside the Launchpad's grid takes the next bank, whose button and first pad light up there.
    button = [mido.Message("control_change", control=79, value=value) for value in (127, 0)]
    assert came(pads, lambda: pads.send(*button), "B0 3B 15")
    assert running.wait_for_log(lambda log: any(line.get("slug") == "second" for line in log.lines))
