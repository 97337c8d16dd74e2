"""MIDI clock over JACK, in and out, with independent programs at both ends."""

import time

import mido

from tests.jack import EACH, again_and_again
from tests.support.performing import Performance, write_show

START, CLOCK, STOP = mido.Message("start"), mido.Message("clock"), mido.Message("stop")
#: Nothing here depends on how exactly a busy machine keeps this.
EACH_TICK = 60 / 120 / 24


def shown_time(log):
    """How musical time stands, as the session log has it."""
    return [line["timeline"] for line in log.lines if line["event"] == "TimeChanged"]


def test_a_clock_comes_in_and_goes_out(tmp_path, peer):
    path = write_show(tmp_path, "pads", "tempo: 97\ntime: {send: daw, source: midi, signature: 3/4}\n")
    path.write_text(path.read_text().replace("ports:", 'ports:\n  daw: {out: "daw in"}'))
    pads, daw = peer("pads"), peer("daw")
    with Performance(tmp_path) as show:
        for line in ("ready", "input pads", "output daw"):
            show.wait_for_line(line)
        show.wait_for_line("97.0 BPM   3/4   internal   bar 1.1")

        # Ours goes out: ticks, and where in the song they are.
        def told_where_we_are():
            kinds = [message.type for message in daw.received]
            return kinds.count("clock") > 24 and ("continue" in kinds or "start" in kinds)

        assert again_and_again(lambda: daw.wait_for(lambda _received: told_where_we_are(), EACH))

        # Another one comes in, and all go by that.
        def plays():
            pads.send(START)
            for _ in range(72):
                pads.send(CLOCK)
                time.sleep(EACH_TICK)
            return any(line["source"] == "midi:pads" and line["running"] for line in shown_time(show.log()))

        assert again_and_again(plays)

        # Whoever follows us is told to begin again, at the beginning of that song or soon after it.
        assert again_and_again(lambda: plays() and daw.wait_for(lambda received: STOP in received, EACH))

        # It is gone: our own goes on.
        assert again_and_again(lambda: show.wait_for_log(lambda log: shown_time(log)[-1]["source"] == "internal", EACH))
        assert show.interrupt() == 0
