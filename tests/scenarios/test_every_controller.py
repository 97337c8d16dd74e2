"""Every shipped bank on every surface: each pad is pressed where it lies, and lit there, exactly once."""

import pytest

from midifrag.config.loading import load
from midifrag.config.shipped import shipped_path
from midifrag.events import JobChanged
from midifrag.intents import SelectBank, TurnPage
from midifrag.states import JobState, PadState
from midifrag.surface import SURFACES, built_in, grids_of, surface_of
from midifrag.surface.driver import PadLight
from tests.support.stage import Stage, pressed, released

SHIPPED = load(shipped_path(), {"set_list": ["opening", "drift", "machines", "open"]}).banks
#: Each surface with the devices that it tells apart.
DEVICES = [(name, device, file) for name, files in SURFACES.items() for device, file in files]
#: No take lands, and no press waits for a place in the queue.
SHOW = {"queue": {"size": 999}, "models": {"pocket": {"engine": "sketch"}}}


def stage(surface, device, **port):
    ports = {"pads": {"in": "x", "out": "x", "surface": surface, **port}}
    return Stage(*SHIPPED, ports=ports, devices={"pads": device}, **SHOW)


def jobs(rig):
    return [(job.bank, job.pad) for job in rig.told(JobChanged) if job.state is JobState.QUEUED]


@pytest.mark.parametrize("bank", SHIPPED, ids=lambda bank: bank.slug)
@pytest.mark.parametrize(("surface", "device", "file"), DEVICES)
def test_every_pad_of_every_shipped_bank_is_pressed_and_lit_once(surface, device, file, bank):
    rig = stage(surface, device)
    rig.bridge.handle(SelectBank(slug=bank.slug))
    grid = built_in(file).layout
    lit = []
    pages = rig.bridge.mappers[0].desk.pages("pads") if grid is not None else 1
    for page in range(pages):
        if grid is None:
            for note in range(128):
                rig.press(note, port="pads")
        else:
            for pad in grid.pads.values():
                rig.sent.clear()
                rig.bridge.handle(pressed(pad))
                rig.bridge.handle(released(pad))
                wanted = {m.hex() for m in surface_of(built_in(file), device).show(look(pad, PadState.QUEUED))}
                if wanted and wanted <= {message.hex() for _, message in rig.sent}:
                    lit.append((page, pad))
            rig.bridge.handle(TurnPage("pads", 1))
    assert sorted(jobs(rig)) == sorted((bank.slug, key) for key in bank.pads)
    if grid is not None and built_in(file).pads is not None:
        assert len(lit) == len(set(lit)) == len(bank.pads)


def look(pad, state):
    return PadLight(pad.number, pad.channel or 1, state, None, pad.kind == "cc")


@pytest.mark.parametrize(("surface", "device", "file"), [one for one in DEVICES if grids_of(one[0])])
def test_at_rest_each_of_a_bank_s_pads_is_lit_in_its_own_colour(surface, device, file):
    rig = stage(surface, device, buttons=False)
    rig.bytes_to()
    rig.bridge.handle(SelectBank(slug="drift"))
    sent = rig.bytes_to()
    driver = surface_of(built_in(file), device)
    bank = next(bank for bank in SHIPPED if bank.slug == "drift")
    shown = []
    for _ in range(rig.bridge.mappers[0].desk.pages("pads")):
        wanted = []
        for seat, (_, key) in rig.bridge.mappers[0].desk.lying("pads", driver.grid).items():
            pad = driver.grid.pads[seat]
            own = PadLight(pad.number, pad.channel or 1, PadState.IDLE, bank.pads[key].colour, pad.kind == "cc")
            wanted += [message.hex() for message in driver.show(own)]
            shown.append(key)
        assert sorted(sent) == sorted(wanted)
        rig.bridge.handle(TurnPage("pads", 1))
        sent = rig.bytes_to()
    assert sorted(shown) == sorted(bank.pads)
