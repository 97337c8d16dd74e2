// What a page does while its server cannot be reached: presses are left out and told, and the page comes back by itself.
"use strict";

(() => {
  const words = JSON.parse(document.currentScript.dataset.words);
  // Events that act at once. What is typed or chosen waits until it can be sent.
  const ACTS = new Set(["click", "pointerdown", "key", "keydown", "padkey", "change", "drop"]);
  // Milliseconds between two questions whether the server is there, how long it may take to answer, and between two tries.
  const ASK_EVERY = 1000, SILENT = 2500, TRY_EVERY = 1000;

  let socket;
  let asked = null; // when the oldest question without an answer was asked
  let server = null; // what the server's clock showed, and when that was heard here
  let coming = false;
  window.comesBack = () => coming;
  // What the show's clock shows now, in seconds; null until it has been heard.
  window.showClock = () => server && server.now + (performance.now() - server.heard) / 1000;

  // --- presses ------------------------------------------------------------------------------------------------------

  const here = () => socket.connected && (asked === null || performance.now() - asked < SILENT);

  function acts(message) {
    const events = mounted_app?.elements[message.id]?.events ?? [];
    return ACTS.has(events.find((one) => one.listener_id === message.listener_id)?.type);
  }

  function leaveOut() {
    const count = Number(sessionStorage.leftOut ?? 0) + 1;
    sessionStorage.leftOut = count;
    say(words.leaving_out.replace("{count}", count));
  }

  function tellLeftOut() {
    const count = sessionStorage.leftOut;
    delete sessionStorage.leftOut;
    if (count) Quasar.Notify.create({ message: words.left_out.replace("{count}", count), type: "warning", timeout: 0, closeBtn: true });
  }

  // The line that NiceGUI shows while there is no connection, with one more sentence of ours.
  function say(sentence) {
    const popup = document.getElementById("popup");
    let line = document.getElementById("popup-said");
    if (!line) {
      line = document.createElement("span");
      line.id = "popup-said";
      popup.append(line);
    }
    line.textContent = sentence;
    popup.ariaHidden = false;
  }

  function connected() {
    coming = false;
    asked = null;
    document.getElementById("popup").ariaHidden = true;
    document.getElementById("popup-said")?.remove();
    tellLeftOut();
    ask();
  }

  function ask() {
    if (!socket.connected) return;
    if (asked !== null) {
      if (!here()) document.getElementById("popup").ariaHidden = false;
      return;
    }
    asked = performance.now();
    send.call(socket, "beat", {}, (now) => {
      const silent = performance.now() - asked >= SILENT;
      asked = null;
      server = { now, heard: performance.now() };
      if (silent) connected();
    });
  }

  // --- coming back --------------------------------------------------------------------------------------------------

  // Loaded anew only once there is an answer: what a browser shows instead would stay for ever.
  async function comeBack() {
    if (coming) return;
    coming = true;
    while (coming && !socket.connected) {
      const status = await fetch("/page.css", { cache: "no-store", signal: AbortSignal.timeout(5 * TRY_EVERY) }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return window.location.reload();
      if (status === 401) say(words.token_gone);
      await new Promise((done) => setTimeout(done, TRY_EVERY));
    }
    coming = false;
  }

  let sockets = true;
  function refused(error) {
    if (error.message === "timeout" && sockets) {
      // Where something on the way lets no WebSocket through.
      sockets = false;
      socket.io.opts.transports = ["polling", "websocket"];
    } else {
      comeBack();
    }
  }

  // --- NiceGUI's socket, as soon as it makes it ---------------------------------------------------------------------

  let send;
  function watch(made) {
    socket = made;
    send = socket.emit;
    socket.emit = function (name, message, ...rest) {
      if (name === "event" && acts(message)) {
        if (!here()) {
          leaveOut();
          return this;
        }
        if (server) message.at = window.showClock();
      }
      return send.call(this, name, message, ...rest);
    };
    setTimeout(() => {
      // NiceGUI would load the page anew whether there is an answer or not.
      socket.off("connect_error");
      socket.on("connect_error", refused);
      socket.on("connect", connected);
      socket.on("pads", (said) => said.forEach(window.showPad));
      // NiceGUI loads the page anew then.
      socket.on("try_reconnect", () => (coming = true));
      if (socket.connected) connected();
    });
    setInterval(ask, ASK_EVERY);
  }

  Object.defineProperty(window, "socket", {
    configurable: true,
    get: () => socket,
    set: watch,
  });
})();
