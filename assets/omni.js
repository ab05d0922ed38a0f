/* What the pages do in the browser alone: sidebar width, shortcuts, tabs, copying, showing a password, signing in and out, asking
   before unsaved changes are lost, and telling that Omni hangs.
   Everything hangs on the document, so it keeps working while React redraws. */
(() => {
  "use strict";
  const root = document.documentElement;
  const memory = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* a private window: the choice lasts for this page */ } },
  };

  if (memory.get("omni.sidebar") === "rail") root.classList.add("rail");

  const inField = (target) => target.closest && target.closest("input,textarea,select,[contenteditable=true]");
  const layerIsOpen = () => document.querySelector("[role=dialog],[role=alertdialog],[role=menu]");

  function say(button, text) {
    const label = button.querySelector("[data-label]") || button;
    const before = label.dataset.before || label.textContent;
    label.dataset.before = before;
    label.textContent = text;
    clearTimeout(label.timer);
    label.timer = setTimeout(() => { label.textContent = before; delete label.dataset.before; }, 2000);
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The clipboard needs https or localhost; the old way needs neither.
      const area = document.createElement("textarea");
      area.value = text;
      area.style.cssText = "position:fixed;opacity:0";
      button.after(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) return say(button, "Copy by hand");
    }
    say(button, "Copied");
  }

  document.addEventListener("click", (event) => {
    // The router turns the skip link into a change of address, which moves no focus.
    if (event.target.closest && event.target.closest("[data-skip]")) {
      event.preventDefault();
      document.getElementById("main").focus();
      return;
    }
    const button = event.target.closest && event.target.closest("[data-copy],[data-peek],[data-fold],[data-keys]");
    if (!button) return;
    if (button.dataset.copy !== undefined) copy(button);
    if (button.dataset.fold !== undefined) {
      const rail = root.classList.toggle("rail");
      memory.set("omni.sidebar", rail ? "rail" : "wide");
    }
    if (button.dataset.peek) {
      const field = document.getElementById(button.dataset.peek);
      const show = field.type === "password";
      field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
      field.focus();
    }
    if (button.dataset.keys !== undefined) memory.set("omni.keys", button.checked ? "on" : "off");
  });

  // 0 nothing, 1 too short, 2 long enough, 3 good, 4 very good: length counts most, as people guess short ones first.
  function strength(text) {
    if (!text) return 0;
    if (text.length < 12) return 1;
    const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(text)).length;
    const different = new Set(text).size;
    if (different < 6) return 2;
    return text.length >= 20 || (text.length >= 16 && kinds >= 3) ? 4 : text.length >= 15 || kinds >= 3 ? 3 : 2;
  }

  document.addEventListener("input", (event) => {
    const bar = event.target.dataset && event.target.dataset.strength && document.getElementById(event.target.dataset.strength);
    if (bar) bar.dataset.level = String(strength(event.target.value));
  });

  let prefix = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (memory.get("omni.keys") === "off" || inField(event.target) || layerIsOpen()) return;
    if (event.key === "?") {
      const help = document.querySelector("[data-help]");
      if (help) { event.preventDefault(); help.click(); }
      return;
    }
    if (event.key === "g") { prefix = event.timeStamp; return; }
    if (prefix && event.timeStamp - prefix < 1500 && /^[a-z]$/.test(event.key)) {
      const target = document.querySelector(`.sidebar [data-key="${event.key}"]`);
      if (target) { event.preventDefault(); target.click(); }
    }
    prefix = 0;
  });

  /* ---------- tabs: one stop for Tab, arrows move inside (WAI-ARIA); with data-by-hand Enter or Space picks ---------- */
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest && event.target.closest("[role=tab]");
    const list = tab && tab.closest("[role=tablist]");
    if (!list || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const step = getComputedStyle(list).direction === "rtl" ? -1 : 1;
    const here = tabs.indexOf(tab), last = tabs.length - 1;
    const next = { ArrowRight: here + step, ArrowLeft: here - step, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const target = tabs[(next + tabs.length) % tabs.length];
    target.focus();
    if (list.dataset.byHand === undefined) target.click();
  });

  /* ---------- unsaved changes: the browser asks before it leaves, the page before it goes on inside the app ---------- */
  // Against what was drawn: a list without a stored choice shows its first, a text area knows one kind of line end.
  const chosen = (list) => Math.max(0, [...list.options].findIndex((option) => option.defaultSelected));
  const differs = (field) => field.matches("input[type=checkbox],input[type=radio]") ? field.checked !== field.defaultChecked
    : field.matches("select") ? field.selectedIndex !== chosen(field)
    : field.matches("input:not([type=hidden]),textarea") && field.value !== field.defaultValue.replace(/\r\n?/g, "\n");
  const isUnsaved = () => document.querySelector("form[data-unsaved=true]")
    || [...document.querySelectorAll("form[data-watched]")].some((form) => [...form.elements].some(differs));
  let wanted = null, isLeaving = false;
  addEventListener("beforeunload", (event) => { if (!isLeaving && isUnsaved()) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='/']:not([target])");
    const ask = document.getElementById("ask-leave");
    if (isLeaving || !link || !ask || event.ctrlKey || event.metaKey || event.shiftKey || !isUnsaved()) return;
    event.preventDefault();
    event.stopPropagation();
    wanted = link;
    ask.click();
  }, true);

  /* ---------- what scrolls can be scrolled with the keyboard: it takes the focus while it is too small for its content ---------- */
  function letScroll() {
    for (const box of document.querySelectorAll(".scroll")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (scrolls !== box.hasAttribute("tabindex")) scrolls ? box.setAttribute("tabindex", "0") : box.removeAttribute("tabindex");
    }
  }
  /* ---------- a layer gives the focus back to what it came from: Radix does so only for layers with a trigger of their own ---------- */
  const openers = new Map(); // layer -> what had the focus before
  document.addEventListener("focusin", (event) => {
    const layer = event.target.closest && event.target.closest("[role=dialog],[role=alertdialog]");
    const from = event.relatedTarget;
    if (layer && from && !layer.contains(from) && !openers.has(layer)) openers.set(layer, from);
  });
  function giveFocusBack() {
    for (const [layer, from] of openers) {
      if (layer.isConnected) continue;
      openers.delete(layer);
      const isLost = !document.activeElement || document.activeElement === document.body;
      if (isLost && from.isConnected) from.focus();
    }
  }
  let looksDue = 0;
  const lookAtScrolls = () => { looksDue ||= setTimeout(() => { looksDue = 0; letScroll(); }, 200); };
  addEventListener("resize", lookAtScrolls);
  new MutationObserver(() => {
    lookAtScrolls();
    if (openers.size) setTimeout(giveFocusBack, 0);
  }).observe(root, { childList: true, subtree: true });

  async function post(path, body) {
    const answer = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin",
    });
    return answer.ok;
  }

  // The page's state is kept under a token in the session storage: a new person starts with a new one.
  const forget = () => { try { sessionStorage.clear(); } catch { /* nothing was kept */ } };

  /* ---------- a server that hangs: its connection stands, but nothing comes back ---------- */
  const ANSWER_MS = 3000, LOOKS_APART_MS = 2500, REST_MS = 10000;
  let askedAt = 0, isAsking = false, isDue = false;

  async function answers() {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_MS);
    try {
      const answer = await fetch("/health", { signal: patience.signal, credentials: "omit", cache: "no-store" });
      if (answer.status === 503) return false;
      const { parts } = await answer.json();
      return !parts || !parts.redis || parts.redis.status !== "down";
    } catch (error) {
      // Whatever else fails is a lost connection, which the page tells by itself, or no state of health to read.
      return error.name !== "AbortError";
    } finally {
      clearTimeout(timer);
    }
  }

  async function lookIfItHangs() {
    isDue = false;
    if (isAsking || !document.querySelector("[data-hangs]") || document.visibilityState !== "visible") return;
    isAsking = true;
    askedAt = Date.now();
    const ok = await answers();
    root.classList.toggle("hangs", !ok);
    isAsking = false;
    if (!ok) lookSoon();
  }

  function lookSoon() {
    if (isDue) return;
    isDue = true;
    setTimeout(lookIfItHangs, Math.max(0, askedAt + LOOKS_APART_MS - Date.now()));
  }

  // Whoever does something waits for what comes of it.
  for (const kind of ["submit", "click", "keydown"]) document.addEventListener(kind, lookSoon, true);
  setInterval(lookSoon, REST_MS);

  /* ---------- the focus belongs to the person: a message may take it only while they wait for the answer ---------- */
  let isBack = false;
  document.addEventListener("submit", () => { isBack = false; }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("button,[role=button]")) isBack = false;
  }, true);
  for (const kind of ["focusin", "input"]) {
    document.addEventListener(kind, (event) => { if (inField(event.target)) isBack = true; }, true);
  }

  window.omni = {
    async completeSignIn(ticket, next) {
      let ok = false;
      try { ok = await post("/auth/complete", { ticket }); } catch { /* the connection broke: said below */ }
      forget();
      const safe = /^\/(?![\/\\])/.test(next) ? next : "/";
      location.assign(ok ? safe : "/sign-in?again=1");
    },
    async signOut() {
      try { await post("/auth/sign-out", {}); } finally { forget(); location.assign("/sign-in"); }
    },
    startOver(path) { forget(); location.assign(path); },
    // The message may come a frame before React has drawn the error: look again for up to half a second. Whoever is back in a
    // field stays there: what they type next would go into another one.
    focusError(tries = 30) {
      if (isBack && inField(document.activeElement)) return;
      const wrong = document.querySelector("[aria-invalid=true]") || document.querySelector("form [role=alert]");
      if (wrong) wrong.focus();
      else if (tries) requestAnimationFrame(() => window.omni.focusError(tries - 1));
    },
    // Go where the person wanted to before they were asked.
    leave() {
      isLeaving = true;
      if (wanted) wanted.click();
      isLeaving = false;
    },
    keysAreOn: () => memory.get("omni.keys") !== "off",
  };
})();
