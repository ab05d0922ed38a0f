/* What the inbox does in the browser alone: scrolling, running times, the customer drawer, signs of presence, sound, shortcuts.
   `inbox-writing.js` does the composer.
   React owns the elements; this script reads their data-… attributes and acts whenever the page changed. */
(() => {
  "use strict";
  if (window.omniInbox) return;

  const find = (selector) => document.querySelector(selector);
  const click = (selector) => { const target = find(selector); if (target && !target.disabled) { target.click(); return true; } return false; };
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  /* ---------- the thread: stay at the end, or say what is new below ---------- */
  const view = { thread: "", last: 0, first: 0, grown: "", atEnd: true, below: 0, unseen: 0, asked: "" };
  const box = () => find("[data-thread]");

  function toEnd() {
    const thread = box();
    if (!thread) return;
    thread.scrollTop = thread.scrollHeight;
    view.atEnd = true;
    view.unseen = 0;
    showJump();
  }

  function showJump() {
    const jump = find("[data-jump]");
    if (!jump) return;
    write(jump.lastElementChild, view.unseen ? `${view.unseen} new` : "");
    jump.toggleAttribute("data-shown", view.unseen > 0);
  }

  function measure(thread) {
    view.below = thread.scrollHeight - thread.scrollTop;
    view.atEnd = view.below - thread.clientHeight < 48;
    if (view.atEnd && view.unseen) { view.unseen = 0; showJump(); }
  }

  const resized = new ResizeObserver(() => { if (view.atEnd) toEnd(); });

  function followThread() {
    const thread = box();
    if (!thread) { view.thread = ""; return; }
    if (!thread.watched) {
      thread.watched = true;
      thread.addEventListener("scroll", () => measure(thread), { passive: true });
      resized.observe(thread);
      view.thread = "";
    }
    const last = Number(thread.dataset.last), lines = thread.querySelectorAll("[data-seq]");
    const first = lines.length ? Number(lines[0].dataset.seq) : 0;
    if (thread.dataset.thread !== view.thread) {
      Object.assign(view, { thread: thread.dataset.thread, last, first });
      toEnd();
    } else {
      // Earlier messages came above: what was on the screen stays where it was.
      if (first < view.first) thread.scrollTop = thread.scrollHeight - view.below;
      if (last > view.last) {
        const newest = [...lines].filter((line) => Number(line.dataset.seq) > view.last).pop();
        if (newest && newest.matches(".msg:not(.out)")) ring();
        if (view.atEnd) toEnd();
        else { view.unseen += [...lines].filter((line) => Number(line.dataset.seq) > view.last).length; showJump(); }
      }
      // A note came, or the answer that streams has grown.
      else if (thread.dataset.grown !== view.grown && view.atEnd) toEnd();
      Object.assign(view, { last, first });
    }
    view.grown = thread.dataset.grown;
    markSeen(thread);
  }

  function markSeen(thread) {
    const now = `${thread.dataset.thread}/${thread.dataset.last}`;
    if (document.visibilityState !== "visible" || view.asked === now) return;
    if (Number(thread.dataset.last) > Number(thread.dataset.read)) {
      view.asked = now;
      click("[data-seen]");
    }
  }

  /* ---------- running times ---------- */
  const AMBER = 5, RED = 15; // minutes somebody waits for a person

  function span(minutes) {
    if (minutes < 1) return "";
    if (minutes < 60) return `${minutes} min`;
    return minutes < 1440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
  }

  function showUntil() {
    for (const time of document.querySelectorAll("time[data-until]")) {
      const at = new Date(time.dataset.until), today = new Date();
      if (Number.isNaN(at.getTime())) continue;
      const clock = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
      const sameDay = at.toDateString() === today.toDateString();
      const near = at - today < 6 * 86400000;
      const day = sameDay ? "" : near ? `${at.toLocaleDateString("en", { weekday: "short" })} ` : `${at.getDate()} ${at.toLocaleDateString("en", { month: "long" })} `;
      write(time, `Until ${day}${clock}`);
    }
  }

  function runTimes() {
    showUntil();
    for (const time of document.querySelectorAll("time[data-at]")) {
      const waits = time.dataset.waits;
      const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(waits || time.dataset.at)) / 60000));
      write(time, waits ? (`waits ${span(minutes) || "<1 min"}`) : span(minutes) || "now");
      const tone = !waits || minutes < AMBER ? "" : minutes < RED ? "warn" : "bad";
      if ((time.dataset.tone || "") !== tone) time.dataset.tone = tone;
    }
  }

  /* ---------- the customer drawer of narrow windows ---------- */
  let opener = null;
  const drawerIsOpen = () => Boolean(find(".inbox[data-drawer-open]"));

  function setDrawer(open) {
    const inbox = find(".inbox");
    if (!inbox) return;
    inbox.toggleAttribute("data-drawer-open", open);
    // What lies under the drawer is out of reach of Tab too.
    for (const pane of inbox.querySelectorAll(":scope > .queue, :scope > .conv")) pane.inert = open;
    if (open) {
      opener = document.activeElement;
      const close = find(".profile [data-drawer=close]");
      if (close) close.focus();
    } else if (opener) { opener.focus(); opener = null; }
  }

  matchMedia("(min-width: 1241px)").addEventListener("change", (wide) => { if (wide.matches && drawerIsOpen()) setDrawer(false); });

  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-drawer],[data-jump]");
    if (!target) return;
    if (target.dataset.drawer) setDrawer(target.dataset.drawer === "open");
    else toEnd();
  });

  /* ---------- presence: an open thread in a visible window says so every ten seconds ---------- */
  setInterval(() => { if (document.visibilityState === "visible" && box()) click("[data-beat]"); }, 10000);
  // The best that can be done when the whole page goes; if it does not arrive, the mark ends by itself.
  addEventListener("pagehide", () => click("[data-leaves]"));

  /* ---------- sound: off until somebody turns it on in this browser ---------- */
  const soundIsOn = () => { try { return localStorage.getItem("omni.sound") === "on"; } catch { return false; } };
  let audio = null;

  function ring() {
    if (!soundIsOn() || typeof AudioContext === "undefined") return;
    audio ||= new AudioContext();
    const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime;
    tone.frequency.setValueAtTime(660, at);
    tone.frequency.setValueAtTime(880, at + 0.09);
    volume.gain.setValueAtTime(0.08, at);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.32);
  }

  function toggleSound() {
    try { localStorage.setItem("omni.sound", soundIsOn() ? "off" : "on"); } catch { /* a private window: it stays off */ }
    ring();
  }

  function showSound() {
    const state = find("[data-sound-state]");
    if (state) write(state, soundIsOn() ? "On" : "Off");
  }

  // Somebody new waits for a person.
  let waiting = null;
  function hearWaiting() {
    const count = find(".queue [data-waiting]");
    if (!count) return;
    const now = Number(count.dataset.waiting);
    if (waiting !== null && now > waiting) ring();
    waiting = now;
  }

  /* ---------- focus: a button that was pressed and went must not take the focus with it ---------- */
  function refocus(tries = 20) {
    const lost = !document.activeElement || document.activeElement === document.body;
    const thread = box();
    if (lost && thread) thread.focus({ preventScroll: true });
    // React may take the button away some frames later.
    if (tries) requestAnimationFrame(() => refocus(tries - 1));
  }

  /* ---------- shortcuts ---------- */
  const inField = (target) => target.closest && target.closest("input,textarea,select,[contenteditable=true]");
  const layerIsOpen = () => find("[role=dialog],[role=alertdialog],[role=menu]");
  let prefix = 0;

  function step(by) {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next && next !== rows[at]) { next.scrollIntoView({ block: "nearest" }); next.click(); }
  }

  function writeA(kind) {
    const form = find("[data-composer]");
    // Where only a template may go out there is no such form; a note has one all the same.
    if (!form) { click(`[data-kind-tab=${kind}]`); return; }
    if (form.dataset.kind !== kind) click(`[data-kind-tab=${kind}]`);
    else form.elements.text.focus();
  }

  const letters = {
    j: () => step(1),
    k: () => step(-1),
    r: () => writeA("reply"),
    n: () => writeA("note"),
    c: () => click("[data-new]"),
    s: () => { if (!find("[data-search]")) click("[data-search-open]"); else find("[data-search]").focus(); },
    "/": () => { if (window.omniWriting) window.omniWriting.startCanned(); },
    z: () => {
      const menu = find("[data-hotkey=z]");
      if (menu) { menu.focus(); menu.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })); }
    },
    t: () => click("[data-hotkey=t]"),
    h: () => click("[data-hotkey=h]"),
    e: () => click("[data-hotkey=e]"),
  };

  document.addEventListener("keydown", (event) => {
    if (!find(".inbox") || event.isComposing) return;
    const field = inField(event.target);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field && field.form && field.form.dataset.composer) {
      event.preventDefault();
      if (!field.form.querySelector("[type=submit]").disabled) field.form.requestSubmit();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !layerIsOpen()) {
      if (drawerIsOpen()) setDrawer(false);
      else if (field && field.dataset.search !== undefined) click("[data-search-close]");
      // Not to the body: who works by keys goes on from the messages.
      else if (field) { if (box()) box().focus(); else field.blur(); }
      return;
    }
    if (!window.omni || !window.omni.keysAreOn() || field || layerIsOpen()) return;
    // After "g" a letter is the name of a page.
    const follows = prefix && event.timeStamp - prefix < 1500;
    prefix = event.key === "g" ? event.timeStamp : 0;
    const act = letters[event.key];
    if (act && !follows) { event.preventDefault(); act(); }
  });

  /* ---------- whenever the page changed ---------- */
  function sync() {
    if (!find(".inbox")) return;
    followThread();
    runTimes();
    showSound();
    hearWaiting();
  }

  const attributes = ["data-thread", "data-last", "data-grown", "data-at", "data-waits", "data-until", "data-waiting"];
  new MutationObserver(sync).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: attributes });
  document.addEventListener("visibilitychange", sync);
  setInterval(() => { if (find(".inbox")) runTimes(); }, 10000);
  const writing = (name) => (value) => { if (window.omniWriting) window.omniWriting[name](value); };
  window.omniInbox = { sent: writing("sent"), setText: writing("setText"), toEnd, refocus, toggleSound };
  sync();
})();
