// What is typed into the prompt box is kept in this browser: a reload, also of a page that was away, brings it back.
"use strict";

(() => {
  const KEY = "midifrag.prompt";
  const FIELDS = ".prompt .prompt-text textarea, .prompt input.q-field__native";

  function nameOf(field) {
    if (field.matches("textarea")) return "prompt";
    const named = [...field.closest(".field").classList].find((one) => one.startsWith("field-"));
    return named?.slice("field-".length);
  }

  function keep() {
    const fields = [...document.querySelectorAll(FIELDS)];
    if (!fields.length) return;
    const typed = Object.fromEntries(fields.filter((field) => field.value).map((field) => [nameOf(field), field.value]));
    try {
      localStorage.setItem(KEY, JSON.stringify(typed));
    } catch {
      // A browser that keeps nothing.
    }
  }

  function bringBack(box) {
    let typed = null;
    try {
      typed = localStorage.getItem(KEY);
    } catch {
      // As above.
    }
    if (typed && typed !== "{}") box.dispatchEvent(new CustomEvent("draft", { detail: typed }));
  }

  document.addEventListener("input", (event) => event.target.closest?.(".prompt") && keep());
  // Also what came into the box without being typed.
  window.addEventListener("pagehide", keep);

  let known = null;
  new MutationObserver(() => {
    const box = document.querySelector(".prompt");
    if (box && box !== known) {
      known = box;
      // Once its own handlers are there.
      setTimeout(() => bringBack(box));
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
