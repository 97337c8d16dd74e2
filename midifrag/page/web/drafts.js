// What is typed and not saved is kept in this browser: a reload, also of a page that was away, brings it back. Who closes
// it is asked.
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

  // --- forms --------------------------------------------------------------------------------------------------------

  const FORMS = "midifrag.forms";
  const mark = () => document.querySelector(".unsaved-mark");

  window.addEventListener("beforeunload", (event) => {
    // What loads the page anew by itself brings all of it back.
    if (mark()?.dataset.unsaved && !window.comesBack?.()) event.preventDefault();
  });

  function keepForms() {
    try {
      sessionStorage.setItem(FORMS, mark()?.dataset.drafts ?? "");
    } catch {
      // A browser that keeps nothing.
    }
  }

  function bringBackForms(there) {
    let kept = null;
    try {
      kept = sessionStorage.getItem(FORMS);
    } catch {
      // As above.
    }
    if (kept) there.dispatchEvent(new CustomEvent("drafts", { detail: kept }));
  }

  // --- when ---------------------------------------------------------------------------------------------------------

  document.addEventListener("input", (event) => event.target.closest?.(".prompt") && keep());
  // Also what came into the box without being typed.
  window.addEventListener("pagehide", () => {
    keep();
    keepForms();
  });

  let known = null, marked = null;
  new MutationObserver(() => {
    const there = mark();
    if (there && there !== marked) {
      marked = there;
      setTimeout(() => bringBackForms(there));
    }
    const box = document.querySelector(".prompt");
    if (box && box !== known) {
      known = box;
      // Once its own handlers are there.
      setTimeout(() => bringBack(box));
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
