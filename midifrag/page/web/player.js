// Plays slots and takes in this browser: from their waveforms, with a head that moves, loops, and switches without a gap.
"use strict";

(() => {
  // Seconds in which one sound gives way to another without a click, and ahead of which a switch is planned.
  const FADE = 0.005, AHEAD = 0.03;
  const LEVEL = "midifrag.level";

  let context = null, master = null;
  let current = null; // {url, buffer, source, gain, began, offset, ends}
  let leaving = null; // what gives way to it, at a moment that may be yet to come
  let asked = 0;
  let loops = false;
  let pair = null; // two addresses that are compared
  let output = "";

  const all = (css) => document.querySelectorAll(css);
  const bar = () => document.querySelector(".player");

  function opened() {
    if (!context) {
      context = new AudioContext();
      master = context.createGain();
      master.connect(context.destination);
      setLevel(level());
      if (output) context.setSinkId?.(output);
    }
    context.resume();
    return context;
  }

  // --- sound --------------------------------------------------------------------------------------------------------

  async function decoded(url) {
    const answer = await fetch(url, { cache: "no-cache" });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return opened().decodeAudioData(await answer.arrayBuffer());
  }

  // Starts a buffer at a moment of the context, from an offset in it; what sounds gives way to it then.
  function start(url, buffer, offset, when) {
    const at = Math.max(when, context.currentTime);
    stop(at);
    const source = context.createBufferSource(), gain = context.createGain();
    source.buffer = buffer;
    source.loop = loops;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(1, at + FADE);
    source.connect(gain).connect(master);
    source.start(at, offset);
    const sound = { url, buffer, source, gain, began: at, offset };
    source.onended = () => {
      if (current !== sound) return;
      current = null;
      draw(sound, 0);
      show();
    };
    current = sound;
    show();
    requestAnimationFrame(move);
  }

  function fade(sound, at) {
    const level = sound.gain.gain;
    level.cancelScheduledValues(at);
    level.setValueAtTime(1, at);
    level.linearRampToValueAtTime(0, at + FADE);
    sound.source.stop(at + FADE);
    sound.ends = at;
  }

  function stop(at) {
    // A loop that was to end its turn first does not: two would sound, or one that nobody can stop.
    if (leaving?.ends > at) fade(leaving, at);
    if (!current) return;
    const sound = current;
    current = null;
    sound.source.onended = null;
    if (sound.began < at) {
      leaving = sound;
      fade(sound, at);
    } else {
      // Nothing of it is heard; what it waited for ends as planned.
      sound.source.stop();
    }
    draw(sound, 0);
  }

  function position() {
    if (!current) return 0;
    const passed = Math.max(0, context.currentTime - current.began) + current.offset;
    return loops ? passed % current.buffer.duration : Math.min(passed, current.buffer.duration);
  }

  // --- what is asked for --------------------------------------------------------------------------------------------

  async function play(url, offset = 0) {
    const mine = ++asked;
    say("");
    try {
      const buffer = await decoded(url);
      // Who asks for another one meanwhile hears that one.
      if (mine === asked) start(url, buffer, Math.min(offset, buffer.duration), 0);
    } catch (error) {
      if (mine === asked) say(error.message);
    }
  }

  // Another fragment lies now where what sounds came from: a loop ends its turn first.
  async function replace(url) {
    if (!current || path(current.url) !== path(url)) return;
    const mine = ++asked;
    const buffer = await decoded(url).catch(() => null);
    if (!buffer || mine !== asked) return;
    let left = AHEAD;
    if (current && loops) {
      const begins = current.began - context.currentTime;
      left = begins > 0 ? begins : current.buffer.duration - position();
      // Too near to be planned: at the end of a turn it is all the same.
      while (left < AHEAD) left += current.buffer.duration;
    }
    start(url, buffer, 0, context.currentTime + left);
  }

  function seek(share) {
    if (current) start(current.url, current.buffer, share * current.buffer.duration, 0);
  }

  // A and B at the same place: what differs is the sound.
  function other() {
    if (!pair) return;
    const next = current && path(current.url) === path(pair[0]) ? 1 : 0;
    bar().dataset.side = "AB"[next];
    play(pair[next], current ? position() : 0);
  }

  const path = (url) => url.split("?")[0];

  function level() {
    let kept = 1;
    try {
      kept = Number(localStorage.getItem(LEVEL) ?? 1);
    } catch {
      // A browser that keeps nothing.
    }
    return kept >= 0 && kept <= 1 ? kept : 1;
  }

  function setLevel(value) {
    try {
      localStorage.setItem(LEVEL, value);
    } catch {
      // As above.
    }
    master?.gain.setTargetAtTime(value * value, context.currentTime, 0.01);
  }

  // --- what is seen -------------------------------------------------------------------------------------------------

  function draw(sound, share) {
    for (const wave of all(`[data-url="${path(sound.url)}"]`)) {
      wave.style.setProperty("--head", share);
      wave.toggleAttribute("data-head", current === sound);
    }
    const slider = document.querySelector(".player-at");
    if (slider && document.activeElement !== slider) slider.value = 1000 * share;
  }

  // Nothing is drawn while nothing sounds.
  function move() {
    if (!current) return;
    draw(current, position() / current.buffer.duration);
    requestAnimationFrame(move);
  }

  function show() {
    const shown = bar();
    if (!shown) return;
    shown.toggleAttribute("data-playing", !!current);
    shown.toggleAttribute("data-loops", loops);
    shown.querySelector(".player-loop")?.setAttribute("aria-pressed", loops);
  }

  function say(text) {
    const line = document.querySelector(".player-said");
    if (line) line.textContent = text;
  }

  async function outputs() {
    const choice = document.querySelector(".player-output");
    if (!choice || !("setSinkId" in AudioContext.prototype) || !navigator.mediaDevices) return;
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "audiooutput");
    choice.replaceChildren(...devices.map((one, at) => new Option(one.label || `${choice.title} ${at + 1}`, one.deviceId)));
    choice.toggleAttribute("data-offered", devices.length > 1);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches?.(".player-level")) setLevel(event.target.value / 100);
    if (event.target.matches?.(".player-at")) seek(event.target.value / 1000);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.(".player-output")) return;
    output = event.target.value;
    context?.setSinkId(output).catch((error) => say(error.message));
  });
  document.addEventListener(
    "click",
    (event) => {
      const wave = event.target.closest?.("[data-url]");
      if (wave && current && path(current.url) === wave.dataset.url && event.detail) {
        // It sounds: go to where it was clicked.
        event.stopPropagation();
        const box = wave.getBoundingClientRect();
        seek((event.clientX - box.left) / box.width);
      }
      if (event.target.closest?.(".player-loop")) {
        const at = position();
        loops = !loops;
        if (current) start(current.url, current.buffer, at, 0);
        show();
      }
      if (event.target.closest?.(".player-toggle") && bar()?.dataset.plays) {
        if (current) {
          asked++;
          stop(context.currentTime);
          show();
        } else play(bar().dataset.plays);
      }
      if (event.target.closest?.(".player-ab")) other();
    },
    true,
  );
  new MutationObserver((_changes, observer) => {
    const slider = document.querySelector(".player-level");
    if (!slider) return;
    observer.disconnect();
    slider.value = 100 * level();
    outputs();
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.player = {
    play,
    replace,
    compare: (a, b) => {
      pair = [a, b];
      other();
    },
    get url() {
      return current?.url ?? null;
    },
    get duration() {
      return current?.buffer.duration ?? 0;
    },
    get position() {
      return position();
    },
  };
})();
