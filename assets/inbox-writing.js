/* What the composer does in the browser alone: drafts, canned answers by "/", signs of writing, pasted files.
   React owns the elements; this script reads their data-… attributes and acts whenever the page changed. */
(() => {
  "use strict";
  if (window.omniWriting) return;

  const find = (selector) => document.querySelector(selector);
  const composer = () => find("[data-composer]");
  const press = (selector) => { const target = find(selector); if (target && !target.disabled) target.click(); };
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  // React hears a change of a field only when the value was set behind its back.
  const setValue = (field, value) => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  let told = 0;
  function tell(name, what) {
    const field = find(`[data-tell-${name}]`);
    if (field) setValue(field, JSON.stringify({ ...what, n: ++told }));
    return Boolean(field);
  }

  /* ---------- drafts: {"conversation/kind": {id, text, sent, saved}}; the server keeps them too ---------- */
  const KEY = "omni.drafts";
  let drafts = {};
  try { drafts = JSON.parse(sessionStorage.getItem(KEY)) || {}; } catch { /* none kept, or no storage: start empty */ }
  const store = () => { try { sessionStorage.setItem(KEY, JSON.stringify(drafts)); } catch { /* kept for this page only */ } };
  // crypto.randomUUID needs https or localhost.
  const newId = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + n.toString(16).padStart(2, "0")).join("");
  };

  const keyOf = (form) => `${form.dataset.composer}/${form.dataset.kind}`;
  const draftOf = (key) => (drafts[key] ||= { id: newId(), text: "", sent: null, saved: "" });

  const pending = new Map(); // key -> timer
  const here = new Set(); // keys told while this conversation is open: what is here is newer than what the page came with
  function keepSoon(key) {
    clearTimeout(pending.get(key));
    pending.set(key, setTimeout(() => keepNow(key), 700));
  }
  function keepNow(key) {
    clearTimeout(pending.get(key));
    pending.delete(key);
    const draft = drafts[key], text = draft ? draft.text : "";
    if (draft && draft.saved === text) return;
    const [conversation, kind] = key.split("/");
    if (!tell("draft", { conversation, kind, text })) return;
    here.add(key);
    if (draft) { draft.saved = text; store(); }
  }
  const keepAll = () => { for (const key of [...pending.keys()]) keepNow(key); };

  function count(form) {
    const field = form.elements.text, limit = Number(field.dataset.limit), length = field.value.trim().length;
    const left = form.querySelector("[data-left]");
    const over = length - limit;
    write(left, over > 0 ? `${over.toLocaleString("en")} too many` : over > -500 ? `${(-over).toLocaleString("en")} left` : "");
    left.classList.toggle("bad", over > 0);
    form.querySelector("[type=submit]").disabled = over > 0;
  }

  // What was typed here and not told yet wins over what the server keeps; else the other tab's text is the newer one.
  function takeOver(form) {
    for (const kind of ["reply", "note"]) {
      const key = `${form.dataset.composer}/${kind}`, local = drafts[key];
      const saved = form.dataset[kind === "reply" ? "savedReply" : "savedNote"] || "";
      if (here.has(key)) continue;
      if (local && local.text !== local.saved) keepSoon(key);
      else if (saved) drafts[key] = { id: newId(), text: saved, sent: null, saved };
      else delete drafts[key];
    }
    store();
  }

  let focusNext = false;

  // A new composer in the page, or the other kind of text, gets its draft.
  function fillComposer() {
    const form = composer();
    if (!form) return;
    const opened = `${form.dataset.composer}/${form.dataset.opened}`;
    if (form.filledFor === keyOf(form) && form.openedFor === opened) return;
    keepAll();
    if (form.openedFor !== opened) {
      if (!(form.openedFor || "").startsWith(`${form.dataset.composer}/`)) here.clear();
      form.openedFor = opened;
      takeOver(form);
    }
    const wantsFocus = form.filledFor && form.filledFor.split("/")[0] === form.dataset.composer && form.wantsFocus;
    if (form.filledFor !== keyOf(form)) closeCanned();
    form.filledFor = keyOf(form);
    const draft = drafts[form.filledFor];
    const text = draft ? draft.text : "";
    if (form.elements.text.value !== text) form.elements.text.value = text;
    count(form);
    if (wantsFocus || focusNext) { form.wantsFocus = focusNext = false; form.elements.text.focus(); }
  }

  function setText(text) {
    const form = composer();
    if (!form) return;
    setValue(form.elements.text, text);
    form.elements.text.focus();
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.name !== "text" || !form || !form.dataset.composer) return;
    const key = keyOf(form);
    draftOf(key).text = event.target.value;
    store();
    keepSoon(key);
    count(form);
    lookForSlash(event.target);
    if (form.dataset.kind === "reply") showWriting(event.target.value);
  });

  // Before React reads the form. One id for one text: pressing twice sends once, a changed text is another message.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.composer) return;
    const key = keyOf(form), text = form.elements.text.value, draft = draftOf(key);
    const hasFiles = form.dataset.kind === "reply" && form.querySelector("[data-files]:not([data-files='0'])");
    if (!text.trim() && !hasFiles) {
      event.preventDefault();
      event.stopPropagation();
      form.elements.text.focus();
      return;
    }
    if (draft.sent !== null && draft.sent !== text) draft.id = newId();
    draft.sent = draft.text = text;
    form.elements.draft.value = draft.id;
    form.elements.conversation.value = form.dataset.composer;
    form.elements.kind.value = form.dataset.kind;
    clearTimeout(pending.get(key));
    pending.delete(key);
    rest();
    store();
  }, true);

  function sent(id) {
    const found = Object.entries(drafts).find(([, draft]) => draft.id === id);
    if (!found) return;
    const [key, draft] = found;
    const rest_ = draft.text === draft.sent ? "" : draft.text.startsWith(draft.sent) ? draft.text.slice(draft.sent.length).trimStart() : draft.text;
    if (rest_) { drafts[key] = { id: newId(), text: rest_, sent: null, saved: "" }; keepSoon(key); } else delete drafts[key];
    store();
    const form = composer();
    if (form && keyOf(form) === key) {
      form.elements.text.value = rest_;
      count(form);
      if (window.omniInbox) window.omniInbox.toEnd();
    }
  }

  /* ---------- signs of writing: told at most every two seconds, and once when it stops ---------- */
  let wroteAt = 0;
  function showWriting(text) {
    if (!text.trim()) return rest();
    if (Date.now() - wroteAt < 2000) return;
    wroteAt = Date.now();
    press("[data-writes]");
  }
  function rest() {
    if (Date.now() - wroteAt < 6000) press("[data-rests]");
    wroteAt = 0;
  }

  /* ---------- canned answers ---------- */
  const pop = () => find("[data-canned-pop]");
  const isOpen = () => { const list = pop(); return Boolean(list && !list.hidden); };
  const options = () => [...document.querySelectorAll("[data-canned]")].filter((item) => !item.hidden);
  let wanted = "", chosen = "";

  function lookForSlash(field) {
    const match = /(?:^|\s)\/([\w-]*)$/.exec(field.value.slice(0, field.selectionStart));
    if (match) openCanned(match[1]); else closeCanned();
  }

  function openCanned(query) {
    const list = pop();
    if (!list) return;
    if (list.hidden) { press("[data-need-canned]"); chosen = ""; }
    if (query.toLowerCase() !== wanted) chosen = "";
    wanted = query.toLowerCase();
    list.hidden = false;
    filterCanned();
  }

  function filterCanned() {
    let shown = 0;
    const all = document.querySelectorAll("[data-canned]");
    for (const item of all) {
      const words = item.dataset.find.toLowerCase();
      item.hidden = !(words.startsWith(wanted) || words.includes(` ${wanted}`) || (wanted.length > 1 && words.includes(wanted)));
      shown += item.hidden ? 0 : 1;
    }
    const none = pop().querySelector("[data-none]");
    if (none) none.hidden = shown > 0 || all.length === 0;
    choose(options().find((item) => item.id === chosen) || options()[0]);
  }

  function choose(item) {
    chosen = item ? item.id : "";
    for (const other of document.querySelectorAll("[data-canned]")) {
      const is = String(other === item);
      if (other.getAttribute("aria-selected") !== is) other.setAttribute("aria-selected", is);
    }
    const form = composer();
    if (form && chosen) form.elements.text.setAttribute("aria-activedescendant", chosen);
    if (item) item.scrollIntoView({ block: "nearest" });
  }

  function closeCanned() {
    const list = pop(), form = composer();
    if (list && !list.hidden) list.hidden = true;
    if (form) form.elements.text.removeAttribute("aria-activedescendant");
  }

  function insert(item) {
    const field = composer().elements.text;
    const before = field.value.slice(0, field.selectionStart).replace(/\/[\w-]*$/, ""), after = field.value.slice(field.selectionStart);
    closeCanned();
    setValue(field, before + item.dataset.canned + after);
    field.focus();
    field.selectionStart = field.selectionEnd = before.length + item.dataset.canned.length;
    closeCanned();
  }

  document.addEventListener("keydown", (event) => {
    const form = event.target.form;
    if (!isOpen() || !form || !form.dataset.composer || event.isComposing) return;
    const items = options(), at = items.findIndex((item) => item.id === chosen);
    const act = {
      ArrowDown: () => choose(items[(at + 1) % items.length]),
      ArrowUp: () => choose(items[(at - 1 + items.length) % items.length]),
      Enter: () => at >= 0 && insert(items[at]),
      Tab: () => at >= 0 && insert(items[at]),
      Escape: closeCanned,
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || (!items.length && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }, true);

  document.addEventListener("mousedown", (event) => {
    const item = event.target.closest && event.target.closest("[data-canned]");
    if (item) { event.preventDefault(); insert(item); }
    else if (isOpen() && !event.target.closest("[data-composer]")) closeCanned();
  });

  function startCanned() {
    const form = composer();
    if (!form) return;
    const field = form.elements.text;
    field.focus();
    if (!/(?:^|\s)\/[\w-]*$/.test(field.value)) setValue(field, field.value + (field.value && !/\s$/.test(field.value) ? " /" : "/"));
    else openCanned("");
  }

  /* ---------- the AI's draft, the kinds, pasted files ---------- */
  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-redraft],[data-canned-open],[data-kind-tab]");
    const form = composer();
    // Beside a template picker there is no such form yet: the one that comes takes the focus.
    if (target && !form && target.dataset.kindTab === "note") focusNext = true;
    if (!target || !form) return;
    if (target.dataset.cannedOpen !== undefined) startCanned();
    if (target.dataset.kindTab !== undefined) form.wantsFocus = true;
    if (target.dataset.redraft) {
      tell("redraft", { conversation: form.dataset.composer, style: target.dataset.redraft, text: form.elements.text.value });
    }
  });

  document.addEventListener("paste", (event) => {
    const files = event.clipboardData && [...event.clipboardData.files];
    const form = event.target.closest && event.target.closest("[data-composer]");
    const input = form && form.querySelector("[data-upload] input[type=file]");
    if (!files || !files.length || !input) return;
    event.preventDefault();
    const given = new DataTransfer();
    for (const file of files) given.items.add(file);
    input.files = given.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  /* ---------- whenever the page changed ---------- */
  function sync() {
    fillComposer();
    // The chooser's own field stands behind the button and cannot be named from the page's code.
    const chooser = find("[data-upload] input[type=file]:not([aria-label])");
    if (chooser) chooser.setAttribute("aria-label", "Attach a file");
    if (isOpen()) filterCanned();
  }
  const attributes = ["data-composer", "data-kind", "data-opened"];
  new MutationObserver(sync).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: attributes });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keepAll(); });
  window.omniWriting = { sent, setText, startCanned };
  sync();
})();
