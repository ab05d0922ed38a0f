/* What the inbox does in the browser alone for channels: the countdown of a reply window, the preview of a template, the choice of
   an emoji.
   React owns the elements; this script reads their data-… attributes and acts whenever the page changed. */
(() => {
  "use strict";
  if (window.omniChannels) return;

  const find = (selector) => document.querySelector(selector);
  const write = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

  /* ---------- the window: free text until it closes ---------- */
  const DAY = 24 * 60, AMBER = 120, RED = 30; // minutes
  let asked = "";

  function words(minutes) {
    if (minutes < 1) return "<1 min";
    const hours = Math.floor(minutes / 60), rest = minutes % 60;
    return hours ? (rest ? `${hours} h ${rest} min` : `${hours} h`) : `${rest} min`;
  }

  function countDown() {
    const mark = find("[data-closes]");
    if (!mark || !mark.dataset.closes) return;
    const left = Date.parse(mark.dataset.closes) - Date.now();
    if (Number.isNaN(left)) return;
    if (left <= 0) {
      write(mark.querySelector("time"), "Closed");
      // Once for each window: the server says whether it is, and its answer changes what stands here.
      if (asked !== mark.dataset.closes) { asked = mark.dataset.closes; const look = find("[data-look]"); if (look) look.click(); }
      return;
    }
    const minutes = Math.floor(left / 60000), tone = minutes < RED ? "bad" : minutes < AMBER ? "warn" : "good";
    write(mark.querySelector("time"), `Closes in ${words(minutes)}`);
    if (mark.dataset.tone !== tone) mark.dataset.tone = tone;
    const part = Math.min(1, minutes / DAY).toFixed(3);
    if (mark.style.getPropertyValue("--left") !== part) mark.style.setProperty("--left", part);
  }

  /* ---------- emojis: arrows go along the row, Escape and a click elsewhere close it, the focus returns ---------- */
  const shut = (box) => { box.open = false; box.querySelector("summary").focus(); };
  const openOnes = () => document.querySelectorAll(".emojis[open]");
  const closeEmojis = () => openOnes().forEach(shut);

  document.addEventListener("keydown", (event) => {
    const box = event.target.closest && event.target.closest(".emojis[open]");
    if (!box) return;
    if (event.key === "Escape") { event.stopPropagation(); shut(box); return; }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], all = [...box.querySelectorAll("button")];
    if (!step || !all.length) return;
    event.preventDefault();
    const at = all.indexOf(document.activeElement), way = getComputedStyle(box).direction === "rtl" ? -step : step;
    all[at < 0 ? 0 : (at + way + all.length) % all.length].focus();
  }, true);
  document.addEventListener("click", (event) => openOnes().forEach((box) => { if (!box.contains(event.target)) box.open = false; }));

  /* ---------- a template with its variables filled in; what is still empty stays visible as its name ---------- */
  function fill(target, text, values) {
    target.replaceChildren();
    let at = 0;
    for (const match of text.matchAll(/\{\{\s*([\w.]+)\s*\}\}/g)) {
      target.append(text.slice(at, match.index));
      const value = values(match[1]), gap = document.createElement("span");
      gap.className = value ? "" : "gap";
      gap.textContent = value || match[1];
      target.append(gap);
      at = match.index + match[0].length;
    }
    target.append(text.slice(at));
  }

  function preview() {
    for (const shown of document.querySelectorAll("[data-template]")) {
      const form = shown.closest("form");
      if (!form) continue;
      for (const part of shown.querySelectorAll("[data-part]")) {
        const fields = form.elements, isHeader = part.dataset.part === "header";
        const values = (name) => {
          const field = isHeader ? fields[`var.header:${name}`] || fields.header_text : fields[`var.${name}`];
          return field ? field.value.trim() : "";
        };
        const now = JSON.stringify([part.dataset.text, [...fields].filter((field) => field.name).map((field) => field.value)]);
        if (part.filledWith === now) continue;
        part.filledWith = now;
        fill(part, part.dataset.text, values);
      }
    }
  }

  // Enter in a line of the mail's head must not send the mail.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === "reply-cc" && !event.ctrlKey && !event.metaKey) event.preventDefault();
  });

  function sync() {
    if (!find(".inbox")) return;
    countDown();
    preview();
  }

  document.addEventListener("input", preview);
  const attributes = ["data-closes", "data-template", "data-text"];
  new MutationObserver(sync).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: attributes });
  document.addEventListener("visibilitychange", sync);
  setInterval(() => { if (find(".inbox")) countDown(); }, 5000);
  window.omniChannels = { sync, closeEmojis };
  sync();
})();
