// Bar and beat, counted here: the show says how its time runs, and nothing more for as long as it runs so.
"use strict";

(() => {
  const words = JSON.parse(document.currentScript.dataset.words);
  // Quarter notes within which a beat counts as begun, and milliseconds between two looks for the show's clock.
  const ON = 1e-3, LOOK = 200;

  let timer = null;

  // The text of a moment (seconds of the show's clock), whether a bar begins, and in how many seconds that is over.
  function at(line, now) {
    if (!line.running) return { text: words.stands, first: false, left: null };
    const position = line.position + ((now - line.at) * line.bpm) / 60 + ON;
    const bar = Math.floor(position / line.bar), beat = Math.floor((position - bar * line.bar) / line.beat);
    const end = bar * line.bar + (beat + 1) * line.beat;
    const text = words.bar_and_beat.replace("{bar}", bar + 1).replace("{beat}", beat + 1);
    return { text, first: beat === 0, left: ((end - position) * 60) / line.bpm };
  }

  function draw() {
    clearTimeout(timer);
    const place = document.querySelector(".time-beat"), line = place?.dataset.line;
    if (!line) return;
    const now = window.showClock?.() ?? null;
    if (now === null) {
      timer = setTimeout(draw, LOOK);
      return;
    }
    const { text, first, left } = at(JSON.parse(line), now);
    if (place.textContent !== text) place.textContent = text;
    place.toggleAttribute("data-first", first);
    if (left !== null) timer = setTimeout(draw, Math.max(1, 1000 * left));
  }

  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-line"], childList: true, subtree: true });
  window.beatAt = at;
})();
