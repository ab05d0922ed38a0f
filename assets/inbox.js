/* What the inbox does in the browser alone: drafts, scrolling, running times, the customer drawer, shortcuts.
   React owns the elements; this script reads their data-… attributes and acts whenever the page changed. */
(() => {
  "use strict";
  if (window.omniInbox) return;

  const find = (selector) => document.querySelector(selector);
  const click = (selector) => { const target = find(selector); if (target && !target.disabled) { target.click(); return true; } return false; };
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  /* ---------- drafts: {conversation: {id, text, sent}}; gone with the tab, and at sign-out ---------- */
  const KEY = "omni.drafts";
  let drafts = {};
  try { drafts = JSON.parse(sessionStorage.getItem(KEY)) || {}; } catch { /* none kept, or no storage: start empty */ }
  const keep = () => { try { sessionStorage.setItem(KEY, JSON.stringify(drafts)); } catch { /* kept for this page only */ } };
  // crypto.randomUUID needs https or localhost.
  const newId = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + n.toString(16).padStart(2, "0")).join("");
  };

  const draftOf = (conversation) => (drafts[conversation] ||= { id: newId(), text: "", sent: null });

  function count(form) {
    const field = form.elements.text, limit = Number(field.dataset.limit), length = field.value.trim().length;
    const left = form.querySelector("[data-left]");
    const over = length - limit;
    write(left, over > 0 ? `${over.toLocaleString("en")} too many` : over > -500 ? `${(-over).toLocaleString("en")} left` : "");
    left.classList.toggle("bad", over > 0);
    form.querySelector("[type=submit]").disabled = over > 0;
  }

  // A new composer in the page gets the draft of its conversation.
  function fillComposer() {
    const form = find("[data-composer]");
    if (!form || form.filledFor === form.dataset.composer) return;
    form.filledFor = form.dataset.composer;
    const draft = drafts[form.filledFor];
    form.elements.text.value = draft ? draft.text : "";
    count(form);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.name !== "text" || !form || !form.dataset.composer) return;
    draftOf(form.dataset.composer).text = event.target.value;
    keep();
    count(form);
  });

  // Before React reads the form. One id for one text: pressing twice sends once, a changed text is another message.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.composer) return;
    const text = form.elements.text.value, draft = draftOf(form.dataset.composer);
    if (!text.trim()) {
      event.preventDefault();
      event.stopPropagation();
      form.elements.text.focus();
      return;
    }
    if (draft.sent !== null && draft.sent !== text) draft.id = newId();
    draft.sent = draft.text = text;
    form.elements.draft.value = draft.id;
    form.elements.conversation.value = form.dataset.composer;
    keep();
  }, true);

  function sent(id) {
    const found = Object.entries(drafts).find(([, draft]) => draft.id === id);
    if (!found) return;
    const [conversation, draft] = found;
    const rest = draft.text === draft.sent ? "" : draft.text.startsWith(draft.sent) ? draft.text.slice(draft.sent.length).trimStart() : draft.text;
    drafts[conversation] = { id: newId(), text: rest, sent: null };
    if (!rest) delete drafts[conversation];
    keep();
    const form = find("[data-composer]");
    if (form && form.dataset.composer === conversation) {
      form.elements.text.value = rest;
      count(form);
      toEnd();
    }
  }

  /* ---------- the thread: stay at the end, or say what is new below ---------- */
  const view = { thread: "", last: 0, first: 0, atEnd: true, below: 0, unseen: 0, asked: "" };
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
        if (view.atEnd) toEnd();
        else { view.unseen += [...lines].filter((line) => Number(line.dataset.seq) > view.last).length; showJump(); }
      }
      Object.assign(view, { last, first });
    }
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

  function runTimes() {
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
    if (open) {
      opener = document.activeElement;
      const close = find(".profile [data-drawer=close]");
      if (close) close.focus();
    } else if (opener) { opener.focus(); opener = null; }
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-drawer],[data-jump]");
    if (!target) return;
    if (target.dataset.drawer) setDrawer(target.dataset.drawer === "open");
    else toEnd();
  });

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

  const letters = {
    j: () => step(1),
    k: () => step(-1),
    r: () => { const form = find("[data-composer]"); if (form) form.elements.text.focus(); },
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
      else if (field) field.blur();
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
    fillComposer();
    followThread();
    runTimes();
  }

  const attributes = ["data-thread", "data-last", "data-composer", "data-at", "data-waits"];
  new MutationObserver(sync).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: attributes });
  document.addEventListener("visibilitychange", sync);
  setInterval(() => { if (find(".inbox")) runTimes(); }, 10000);
  window.omniInbox = { sent };
  sync();
})();
