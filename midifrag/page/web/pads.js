// What pads do in a browser: presses by pointer and by key, and names that fit.
"use strict";

(() => {
  // Pixels that a finger may move which presses a pad in something that scrolls.
  const STILL = 10;
  // Sizes of a pad's name in pixels: the largest is a share of the pad's height, but no less than on a small pad.
  const SMALLEST = 10, SMALL = 17, LARGEST = 40, SHARE = 0.19;
  // Keys by where they lie, whatever stands on them.
  const CODES = /^(Digit[1-4]|Key[QWERASDFZXCV])$/;
  const FIELDS = "input, textarea, select, [contenteditable='true']";

  // --- presses ------------------------------------------------------------------------------------------------------

  function scrolls(element) {
    for (let around = element.parentElement; around; around = around.parentElement) {
      const how = getComputedStyle(around).overflowY;
      if ((how === "auto" || how === "scroll") && around.scrollHeight > around.clientHeight + 1) return true;
    }
    return false;
  }

  // Emits where on a pad it is pressed, 0 at its lower edge to 1 at its upper edge.
  window.pressPad = (event, emit) => {
    // On a Mac, a click with Ctrl asks for a menu.
    if (event.button !== 0 || (event.pointerType === "mouse" && event.ctrlKey)) return;
    const pad = event.currentTarget, box = pad.getBoundingClientRect();
    const where = (box.bottom - event.clientY) / box.height;
    if (event.pointerType !== "touch" || !scrolls(pad)) {
      emit(where);
      return;
    }
    // It may be the start of a scroll: only a finger that leaves where it came has pressed.
    const over = new AbortController(), signal = over.signal;
    const ends = (how) => (one) => {
      if (one.pointerId !== event.pointerId) return;
      over.abort();
      if (how === "up" && Math.hypot(one.clientX - event.clientX, one.clientY - event.clientY) <= STILL) emit(where);
    };
    pad.addEventListener("pointerup", ends("up"), { signal });
    pad.addEventListener("pointercancel", ends("cancel"), { signal });
  };

  const busy = () => document.querySelector(".q-dialog, .q-menu") || document.activeElement?.closest(FIELDS);

  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    const takes = document.querySelector(".takes"), step = { ArrowDown: "next", ArrowUp: "previous" }[event.code];
    if (step && !modified && takes?.offsetParent && !busy()) {
      event.preventDefault();
      takes.dispatchEvent(new CustomEvent("takekey", { detail: step }));
    }
    if (event.repeat || modified || !CODES.test(event.code) || busy()) return;
    const panel = document.querySelector(".pads-panel");
    // Not on another tab: nobody presses what they do not see.
    if (panel?.offsetParent) panel.dispatchEvent(new CustomEvent("padkey", { detail: event.code }));
  });

  // A finger that is held down presses; it asks for no menu.
  document.addEventListener("contextmenu", (event) => {
    if (event.target.closest?.(".pad")) event.preventDefault();
  });

  // A click on the tab that is shown is none to Quasar, though another one may be on its way.
  document.addEventListener("click", (event) => {
    event.target.closest?.(".tabs .q-tab--active")?.dispatchEvent(new CustomEvent("stay"));
  });

  // What is dragged over a tab opens it.
  document.addEventListener("dragenter", (event) => {
    const tab = event.target.closest?.(".tabs .q-tab:not(.q-tab--active)");
    if (tab && event.dataTransfer?.types.includes("text/midifrag-take")) tab.click();
  });

  // --- how they look ------------------------------------------------------------------------------------------------

  // Shows what a press did ahead of Vue, which comes to the same: it goes through the whole page for that. What it has
  // written is written over and not replaced, since it knows its nodes.
  window.showPad = (look) => {
    const pad = getElement(look.id);
    if (!pad) return;
    const write = (css, text) => {
      const node = pad.querySelector(css)?.firstChild;
      if (node && node.nodeValue !== text) node.nodeValue = text;
    };
    pad.className = look.classes;
    pad.style.cssText = look.style;
    pad.dataset.state = look.state;
    pad.querySelector(".pad-badge").classList.toggle("hidden", !look.badge);
    write(".pad-icon", look.badge);
    write(".pad-state", look.word);
    write(".pad-label", look.label);
    write(".pad-landing", look.landing);
  };

  // --- what stands on the keys --------------------------------------------------------------------------------------

  let layout = null;
  function name(key) {
    const said = layout?.get(key.dataset.code);
    if (said) key.textContent = said;
  }
  const nameKeys = (root) => root.querySelectorAll(".pad-key[data-code]").forEach(name);
  navigator.keyboard?.getLayoutMap?.().then(
    (map) => {
      layout = map;
      nameKeys(document);
    },
    () => {},
  );

  // --- names that fit -----------------------------------------------------------------------------------------------

  const seen = new WeakMap();

  function fit(label) {
    const pad = label.closest(".pad");
    if (!pad || !label.clientHeight) return;
    const state = [label.textContent, label.clientWidth, label.clientHeight].join("\n");
    if (seen.get(label) === state) return;
    seen.set(label, state);
    label.removeAttribute("data-cut");
    const fits = (size) => {
      label.style.fontSize = `${size}px`;
      return label.scrollHeight <= label.clientHeight && label.scrollWidth <= label.clientWidth;
    };
    let low = SMALLEST, high = Math.max(SMALL, Math.min(LARGEST, Math.floor(pad.clientHeight * SHARE)));
    if (fits(high)) return;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    if (fits(low)) return;
    // Too long for any size: as many lines as there is room for.
    label.style.setProperty("--lines", Math.max(1, Math.floor(label.clientHeight / (low * 1.15))));
    label.setAttribute("data-cut", "");
  }

  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));

  function fitAll() {
    document.querySelectorAll(".pad-label").forEach((label) => {
      seen.delete(label);
      fit(label);
    });
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      const target = change.target.nodeType === Node.ELEMENT_NODE ? change.target : change.target.parentElement;
      const label = target?.closest(".pad-label");
      if (label) fit(label);
      for (const added of change.addedNodes) {
        if (added.nodeType !== Node.ELEMENT_NODE) continue;
        const labels = added.matches(".pad-label") ? [added] : added.querySelectorAll(".pad-label");
        labels.forEach((one) => sizes.observe(one));
        nameKeys(added);
      }
    }
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });
  // Each letter is as wide as its font has it.
  document.fonts.addEventListener("loadingdone", fitAll);
})();
