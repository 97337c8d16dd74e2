"""A pad that transforms what lies in slot 1 while that is replaced: ``midifrag run`` with pocket, over JACK."""

from contextlib import closing

import numpy as np
import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.source_sounds import read_kept
from tests.jack import EACH, again_and_again
from tests.scenarios.test_performing import performing, press
from tests.support.performing import write_show

BANK = """
name: Opening
pads:
  36: {prompt: "short kick", seconds: 0.5, slot: 1, model: sketch}
  37: {prompt: "bell", from: slot 1, strength: 0.5, steps: 2, slot: 2}
"""


@pytest.mark.thorough
def test_a_pad_transforms_slot_1_as_it_was_when_it_was_pressed_while_it_is_replaced(tmp_path, peer):
    pads = peer("pads")
    write_show(tmp_path, "pads", "model: pocket\nset_list: [opening]")
    show_file = tmp_path / "presets.yaml"
    lines = show_file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line not in ("model: sketch", "set_list: [opening, second]")]
    show_file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    (tmp_path / "presets" / "opening.yaml").write_text(BANK, encoding="utf-8")
    with performing(tmp_path) as show:

        def hears(*messages, notes):
            before = {note: show.log().heard(note) for note in notes}
            pads.send(*messages)
            return show.wait_for_log(lambda log: all(log.heard(note) > before[note] for note in notes), EACH)

        assert again_and_again(lambda: hears(press(36), notes=(36,)))
        assert show.wait_for_log(lambda log: log.has_landed(36))

        def transforms_what_lay_there():
            lay, _ = read_wav(show.fragments / "output01.wav")
            if not hears(press(37), press(36), notes=(36, 37)):
                return False
            assert show.wait_for_log(lambda log: log.has_landed(36) and log.has_landed(37))
            lies, _ = read_wav(show.fragments / "output01.wav")
            with closing(Archive(show.fragments / "archive")) as archive:
                take = next(one for one in archive.find() if one.prompt == "bell")
                found, _ = read_kept(archive.folder, take.source_checksum)
            assert take.source.startswith("slot 1")
            assert take.parameters["strength"] == 0.5
            # Another press of the kick may have come in between, where JACK was late.
            is_that = found.shape == lay.shape and bool(np.array_equal(found, lay))
            return is_that and not (lies.shape == lay.shape and np.array_equal(lies, lay))

        assert again_and_again(transforms_what_lay_there)
        made, rate = read_wav(show.fragments / "output02.wav")
        assert rate == 44100
        assert 0.05 < made.shape[-1] / rate < 1.0
        assert show.interrupt() == 0
