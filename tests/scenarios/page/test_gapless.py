"""The browser's player, to the sample: what it would play is rendered by the browser without a clock, and looked at.

No show is needed: player.js alone, with sounds that are one level from beginning to end, so that every gap is seen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import midifrag.page.web

SCRIPT = (Path(midifrag.page.web.__file__).parent / "player.js").read_text("utf-8")
RATE, FADE = 44_100, 0.005
#: Levels of the sounds, each of which is a second long.
FIRST, SECOND, THIRD = 0.5, 0.25, 0.125
PAGE = """data:text/html,<section class="player" data-plays="/slots/1.wav"><button class="player-toggle">play</button>
<button class="player-loop">loop</button></section>"""
#: Plays the first sound from 0 on, does at each moment what is asked, and answers with runs of [level, samples].
PLAYS = """
const [script, rate, seconds, levels, looped, acts, done] = arguments;
const offline = new OfflineAudioContext(1, rate * seconds, rate);
// The player's own is for one that a browser has put to sleep: here it would go on before its turn.
const goOn = offline.resume.bind(offline);
offline.resume = () => {};
window.AudioContext = function () { return offline; };
const wav = (level) => {
    const data = new DataView(new ArrayBuffer(44 + 4 * rate));
    const text = (at, s) => [...s].forEach((one, i) => data.setUint8(at + i, one.charCodeAt(0)));
    const long = (at, number) => data.setUint32(at, number, true);
    const short = (at, number) => data.setUint16(at, number, true);
    text(0, "RIFF"); long(4, 36 + 4 * rate); text(8, "WAVEfmt "); long(16, 16); short(20, 3); short(22, 1);
    long(24, rate); long(28, 4 * rate); short(32, 4); short(34, 32); text(36, "data"); long(40, 4 * rate);
    for (let i = 0; i < rate; i++) data.setFloat32(44 + 4 * i, level, true);
    return data.buffer;
};
window.fetch = async (url) => new Response(wav(levels[Number(url.split("=")[1])]));
(0, eval)(script);
const click = (css) => document.querySelector(css).click();
const deeds = {
    replace: () => window.player.replace("/slots/1.wav?n=1"),
    again: () => window.player.replace("/slots/1.wav?n=2"),
    stop: () => click(".player-toggle"),
    seek: () => window.player.play("/slots/1.wav?n=1"),
};
(async () => {
    if (looped) click(".player-loop");
    await window.player.play("/slots/1.wav?n=0");
    for (const [at, deed] of acts)
        offline.suspend(at).then(async () => { await deeds[deed](); await goOn(); });
    const sound = (await offline.startRendering()).getChannelData(0);
    const runs = [];
    for (const one of sound) {
        const level = Math.round(1000 * one) / 1000;
        if (runs.length && runs.at(-1)[0] === level) runs.at(-1)[1]++;
        else runs.push([level, 1]);
    }
    // Softer than any sound, from where there is one to where there is none any more.
    const least = 0.99 * Math.min(...levels), heard = [...sound.keys()].filter((i) => sound[i] >= least);
    const gap = heard.length ? heard.at(-1) - heard[0] + 1 - heard.length : -1;
    done({runs: runs.filter((run) => run[1] > rate / 1000), gap});
})().catch((error) => done(String(error)));
"""


@pytest.fixture
def plays(driver):
    """Renders what is played, as runs of ``(level, seconds)`` of more than a millisecond; no sample is missing."""
    before = driver.current_window_handle
    driver.switch_to.new_window("tab")

    def render(*acts, seconds=3, looped=True):
        driver.get(PAGE)
        found = driver.execute_async_script(PLAYS, SCRIPT, RATE, seconds, [FIRST, SECOND, THIRD], looped, acts)
        assert isinstance(found, dict), found
        assert found["gap"] == 0, f"{found['gap']} samples are missing"
        return [(level, samples / RATE) for level, samples in found["runs"]]

    yield render
    driver.close()
    driver.switch_to.window(before)


def near(*runs):
    """Runs of these levels and seconds, up to the fades at both of their ends."""
    return [(level, pytest.approx(seconds, abs=2 * FADE)) for level, seconds in runs]


def test_what_replaces_a_loop_begins_when_its_turn_ends_and_no_sample_is_missing(plays):
    assert plays((0.4, "replace")) == near((FIRST, 1.0), (SECOND, 2.0))
    assert plays((1.7, "replace")) == near((FIRST, 2.0), (SECOND, 1.0))


def test_what_comes_before_the_last_one_has_begun_takes_its_place(plays):
    assert plays((0.4, "replace"), (0.6, "again")) == near((FIRST, 1.0), (THIRD, 2.0))
    assert plays((0.4, "replace"), (0.99, "again")) == near((FIRST, 1.0), (SECOND, 1.0), (THIRD, 1.0))


def test_what_comes_just_before_the_end_of_a_turn_waits_for_the_next_one(plays):
    assert plays((0.99, "replace")) == near((FIRST, 2.0), (SECOND, 1.0))


def test_what_replaces_a_sound_that_does_not_loop_begins_at_once(plays):
    assert plays((0.4, "replace"), seconds=2, looped=False) == near((FIRST, 0.43), (SECOND, 1.0), (0.0, 0.57))


def test_a_loop_that_was_to_end_its_turn_first_is_stopped_at_once(plays):
    assert plays((0.4, "replace"), (0.6, "stop"), seconds=2) == near((FIRST, 0.6), (0.0, 1.4))


def test_a_loop_that_was_to_end_its_turn_first_gives_way_to_what_is_asked_for(plays):
    assert plays((0.4, "replace"), (0.6, "seek"), seconds=2) == near((FIRST, 0.6), (SECOND, 1.4))
