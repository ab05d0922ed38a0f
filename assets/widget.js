/* Omni chat widget. One tag on any website:
 *   <script async src="https://your-omni/widget.js" data-business="YOUR_WIDGET_KEY"></script>
 * No dependency. Lives in a shadow root, styles itself through constructed style sheets and builds every node by DOM calls, so
 * it runs under a page's `default-src 'none'; script-src <omni>; connect-src <omni> ws(s)://<omni>` and no text is ever markup.
 * Embedding, texts and keyboard: docs/widget.md.
 */
(() => {
  "use strict";

  const script = document.currentScript || document.querySelector("script[data-business][src]");
  const business = script && script.dataset.business;
  const ONCE = Symbol.for("omni.widget");
  if (window[ONCE]) return;
  if (!business) {
    console.warn("Omni: the script tag lacks data-business.");
    return;
  }
  window[ONCE] = true;

  const origin = new URL(script.src).origin;
  const forcedLanguage = script.dataset.lang;

  const MAX_LENGTH = 8000; // characters, counted as the server counts them: by code point
  const COUNT_FROM = 7500;
  const FIRST_RETRY = 500; // ms; doubles up to LAST_RETRY, with jitter
  const LAST_RETRY = 15000;
  const PING_EVERY = 25000;
  const ANSWER_WITHIN = 10000; // a connection silent for longer after a hello or ping is dead
  const STRIP_AFTER = 3000;
  const TYPING_AFTER = 300;
  const TYPING_FOR = { assistant: 60000, staff: 6000 };

  // ---------------------------------------------------------------- texts

  const TEXTS = {
    en: {
      open: "Open chat", hide: "Hide chat", close: "Close chat", unread: "{n} unread", dialog: "Chat with {name}",
      dismiss: "Dismiss greeting", log: "Messages", quick: "Suggested replies", write: "Write a message",
      writeTo: "Write to {name}", send: "Send", person: "Talk to a person", askTeam: "Yes, ask the team",
      sources: "Sources", assistant: "Assistant", you: "You", team: "Team", now: "now", sent: "Sent", read: "Read",
      waiting: "Waiting to send", again: "Try again", edit: "Edit", remove: "Remove", typing: "{name} is typing",
      offline: "You are offline. We send your message as soon as you are back.", connecting: "Connecting again…",
      asking: "Asking the team…", asked: "You asked for a person", joined: "{name} is here now",
      back: "The assistant answers again", closed: "You can write again at any time.",
      gone: "This chat is not available any more.", failed: "This was not sent.", left: "{n} left",
      over: "{n} over the limit",
    },
    ar: {
      open: "فتح المحادثة", hide: "إخفاء المحادثة", close: "إغلاق", unread: "{n} غير مقروءة", dialog: "محادثة مع {name}",
      dismiss: "إخفاء الترحيب", log: "الرسائل", quick: "ردود مقترحة", write: "اكتب رسالة",
      writeTo: "اكتب إلى {name}", send: "إرسال", person: "التحدث مع موظف", askTeam: "نعم، اسألوا الفريق",
      sources: "المصادر", assistant: "المساعد", you: "أنت", team: "الفريق", now: "الآن", sent: "أُرسلت", read: "قُرئت",
      waiting: "بانتظار الإرسال", again: "إعادة المحاولة", edit: "تعديل", remove: "حذف", typing: "{name} يكتب",
      offline: "أنت غير متصل. سنرسل رسالتك فور عودة الاتصال.", connecting: "جارٍ إعادة الاتصال…",
      asking: "نسأل الفريق…", asked: "طلبت التحدث مع موظف", joined: "{name} معك الآن",
      back: "المساعد يجيب من جديد", closed: "يمكنك الكتابة من جديد في أي وقت.",
      gone: "هذه المحادثة لم تعد متاحة.", failed: "لم تُرسل.", left: "بقي {n}",
      over: "{n} فوق الحد",
    },
  };
  let language = "en";

  const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

  /** A text of the widget; an inserted value of another direction is isolated, so that it cannot turn the sentence around. */
  function say(key, values) {
    const isolate = (value) => (language === "ar" || TURNS.test(value) ? `\u2068${value}\u2069` : value);
    return TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => isolate(values[name]));
  }

  // ---------------------------------------------------------------- look

  const STYLE = `
    :host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto!important}
    *{box-sizing:border-box;margin:0;padding:0}
    [hidden]{display:none!important}
    button,textarea{font:inherit;color:inherit;letter-spacing:inherit;background:none;border:0;border-radius:0}
    button{cursor:pointer;-webkit-tap-highlight-color:transparent}
    .ow{--ow-primary:var(--brand);--ow-on-primary:var(--on-brand);--ow-ink:var(--brand-ink);--ow-bg:#fff;--ow-text:#16262b;
      --ow-muted:#55666b;--ow-bubble:#eef2f3;--ow-line:#dfe6e8;--ow-bad:#bd272d;--ow-radius:16px;
      --ow-font:"Inter Variable",Inter,"Noto Sans Arabic Variable",ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
      --ow-shadow:0 0 0 1px rgba(16,38,43,.06),0 20px 48px -12px rgba(16,38,43,.28),0 6px 16px -6px rgba(16,38,43,.14);
      color-scheme:light;position:fixed;inset-inline-end:28px;bottom:24px;display:flex;flex-direction:column;align-items:flex-end;
      gap:14px;font-family:var(--ow-font);color:var(--ow-text);font-size:14px;line-height:21px;letter-spacing:-.003em;text-align:start}
    :focus-visible{outline:2px solid var(--ow-ink);outline-offset:2px}
    .ow-sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    .i{width:18px;height:18px;display:block;flex:none;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
    .i.xs{width:13px;height:13px}
    .ow-panel{display:flex;flex-direction:column;width:376px;height:560px;max-height:calc(100vh - 110px);background:var(--ow-bg);
      border-radius:var(--ow-radius);box-shadow:var(--ow-shadow);overflow:hidden;animation:owin .18s cubic-bezier(.2,0,0,1)}
    .ow-head{display:flex;align-items:center;gap:10px;padding-block:12px;padding-inline:14px 8px;background:var(--brand);color:var(--on-brand);flex:none}
    .ow-head>.grow{min-width:0;flex:1}
    .ow-head b,.ow-head small>.ow-iso{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
    .ow-head b{display:block;font-weight:600;font-size:15px;line-height:20px;letter-spacing:-.01em}
    .ow-head small{display:flex;align-items:center;gap:6px;font-size:12px;line-height:16px;opacity:.92}
    .ow-head :focus-visible{outline-color:currentColor;outline-offset:-3px}
    .ow-mark,.ow-face{width:36px;height:36px;display:grid;place-items:center;font-weight:600;font-size:13px;flex:none}
    .ow-mark{border-radius:10px;background:color-mix(in srgb,var(--on-brand) 16%,transparent)}
    .ow-face{border-radius:99px;background:var(--on-brand);color:var(--brand)}
    .ow-on{width:7px;height:7px;border-radius:9px;background:#5fe0a8;flex:none}
    .ow-ib{width:40px;height:40px;display:grid;place-items:center;border-radius:10px;flex:none}
    .ow-ib:hover{background:color-mix(in srgb,currentColor 12%,transparent)}
    .ow-ib .i{width:20px;height:20px}
    .ow-bar{display:flex;gap:8px;align-items:center;padding:9px 14px;font-size:13px;line-height:18px;background:var(--ow-bubble);flex:none}
    .ow-scroll{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:14px;display:flex;flex-direction:column;gap:10px;outline-offset:-3px!important}
    .ow-log{margin-top:auto;display:flex;flex-direction:column;gap:10px}
    .ow-m{max-width:84%;align-self:flex-start;display:flex;flex-direction:column;align-items:flex-start;gap:4px;position:relative}
    .ow-m.me{align-self:flex-end;align-items:flex-end}
    .ow-b{max-width:100%;padding:8px 12px;border-radius:14px;border-end-start-radius:4px;background:var(--ow-bubble)}
    .me>.ow-b{background:var(--ow-primary);color:var(--ow-on-primary);border-radius:14px;border-end-end-radius:4px}
    .ow-t{display:block;unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}
    .ow-t a{color:inherit;text-decoration:underline;text-underline-offset:2px}
    .ow-iso{unicode-bidi:isolate}
    .wait>.ow-b{opacity:.72}
    .wait>.ow-meta{animation:owlate 1ms .6s both}
    .ow-meta{display:flex;flex-wrap:wrap;align-items:center;gap:5px;font-size:12px;line-height:16px;color:var(--ow-muted);padding:0 2px}
    .ow-meta.bad{color:var(--ow-bad)}
    .ow-meta button{min-height:26px;padding:0 6px;border-radius:6px;font-weight:550;text-decoration:underline;text-underline-offset:2px;color:var(--ow-text)}
    .ow-ev{align-self:center;max-width:90%;font-size:12px;line-height:16px;color:var(--ow-muted);text-align:center;display:flex;flex-wrap:wrap;justify-content:center;gap:6px;align-items:center;position:relative}
    .ow-src{display:flex;flex-wrap:wrap;gap:6px;margin-top:2px}
    .ow-src button{position:relative;z-index:0;display:inline-flex;align-items:center;gap:5px;max-width:100%;min-height:26px;padding:3px 9px;border-radius:99px;font-size:12px;line-height:16px;text-align:start}
    .ow-src button::before{content:"";position:absolute;z-index:-1;inset:var(--chip-inset,0) 0;border-radius:14px;box-shadow:inset 0 0 0 1px var(--ow-line)}
    .ow-src button:hover::before,.ow-src [aria-expanded=true]::before{background:var(--ow-bubble)}
    .ow-quote{padding-block:2px;padding-inline:10px 2px;border-inline-start:2px solid var(--ow-line);font-size:13px;line-height:19px;color:var(--ow-muted)}
    .ow-q{display:flex;flex-direction:column;gap:8px;align-items:flex-end}
    .ow-q button{min-height:36px;padding:6px 14px;border-radius:99px;box-shadow:inset 0 0 0 1.5px color-mix(in srgb,var(--ow-primary) 45%,transparent);color:var(--ow-ink);font-weight:550;text-align:start}
    .ow-q button:hover{background:color-mix(in srgb,var(--ow-primary) 8%,transparent)}
    .ow-typing{align-self:flex-start;display:inline-flex;gap:4px;padding:13px 14px}
    .ow-typing i{width:7px;height:7px;border-radius:9px;background:var(--ow-muted);animation:owt 1.2s infinite cubic-bezier(.2,0,0,1)}
    .ow-typing i:nth-child(2){animation-delay:.15s}.ow-typing i:nth-child(3){animation-delay:.3s}
    .ow-in{display:flex;align-items:flex-end;gap:4px;margin:0 12px;padding-block:4px;padding-inline:12px 4px;min-height:48px;border:1px solid var(--ow-line);border-radius:12px;flex:none}
    .ow-in:focus-within{outline:2px solid var(--ow-ink);outline-offset:-1px}
    .ow-in textarea{flex:1;min-width:0;min-height:38px;max-height:122px;padding:9px 0 8px;resize:none;outline:0;color:var(--ow-text);overflow-y:auto}
    .ow-in textarea::placeholder{color:var(--ow-muted);opacity:1}
    .ow-send{width:40px;height:40px;border-radius:9px;display:grid;place-items:center;background:var(--ow-primary);color:var(--ow-on-primary);flex:none}
    .ow-send[disabled]{background:var(--ow-bubble);color:var(--ow-muted);cursor:default}
    .ow-count{padding:4px 14px 0;font-size:12px;line-height:16px;text-align:end;color:var(--ow-muted)}
    .ow-count.bad{color:var(--ow-bad)}
    .ow-foot{padding:7px 12px 10px;text-align:center;font-size:12px;line-height:16px;color:var(--ow-muted);flex:none}
    .ow-launch{position:relative;width:56px;height:56px;border-radius:99px;background:var(--ow-primary);color:var(--ow-on-primary);display:grid;place-items:center;
      box-shadow:0 0 0 1.5px color-mix(in srgb,var(--ow-on-primary) 55%,transparent),0 8px 24px -6px rgba(16,38,43,.45)}
    .ow-launch .i{width:24px;height:24px}
    .ow-launch em{position:absolute;top:-2px;inset-inline-end:-2px;min-width:20px;height:20px;padding:0 5px;border-radius:99px;background:var(--accent);color:var(--on-accent);font:600 12px/20px var(--ow-font);text-align:center;box-shadow:0 0 0 2px #fff}
    .ow-tease{position:relative;max-width:260px;border-radius:14px;border-end-end-radius:4px;background:var(--ow-bg);box-shadow:var(--ow-shadow);animation:owin .18s cubic-bezier(.2,0,0,1)}
    .ow-tease>button:first-child{display:block;width:100%;padding-block:11px;padding-inline:14px 38px;border-radius:inherit;text-align:start}
    .ow-x{position:absolute;top:4px;inset-inline-end:4px;width:28px;height:28px;display:grid;place-items:center;border-radius:8px;color:var(--ow-muted)}
    @keyframes owin{from{opacity:0;transform:translateY(8px)}}
    @keyframes owlate{from{opacity:0}to{opacity:1}}
    @keyframes owt{0%,60%,100%{opacity:.3;transform:none}30%{opacity:1;transform:translateY(-3px)}}
    @media (max-width:640px){
      .ow{inset-inline-end:16px;bottom:16px}
      .ow-panel{position:fixed;inset:var(--ow-top,0) 0 auto;width:100%;height:var(--ow-height,100dvh);max-height:none;border-radius:0;z-index:1}
      .ow-ib,.ow-send,.ow-x{width:44px;height:44px}.ow-x{top:0;inset-inline-end:0}
      .ow-tease>button:first-child{min-height:44px;padding-inline-end:44px}
      .ow-q button,.ow-src button,.ow-meta button{min-height:44px}.ow-meta button{padding:0 10px}
      .ow-src{--chip-inset:6px;gap:0 6px;margin-block:-4px}.ow-src button{padding:9px 12px}
      .ow-in textarea{font-size:16px;min-height:42px;padding-block:10px}
    }
    @media (prefers-color-scheme:dark){
      .ow{--ow-primary:var(--brand-night);--ow-on-primary:var(--on-brand-night);--ow-ink:var(--brand-night);--ow-bg:#14191b;--ow-text:#e9eff0;--ow-muted:#a3b1b5;
        --ow-bubble:#232a2d;--ow-line:#2e373a;--ow-bad:#ff9592;--ow-shadow:0 0 0 1px rgba(255,255,255,.09),0 20px 48px -12px rgba(0,0,0,.7);color-scheme:dark}
      .ow-launch em{box-shadow:0 0 0 2px #14191b}
    }
    @media (prefers-reduced-motion:reduce){.ow-panel,.ow-tease,.ow-typing i{animation:none}.ow-typing i{opacity:.7}}
    @media (forced-colors:active){.ow-panel,.ow-tease,.ow-b,.ow-launch,.ow-send,.ow-q button,.ow-src button{border:1px solid}}
    @media print{.ow{display:none}}`;

  // Lucide, 24 × 24
  const ICONS = {
    chat: ["M2.992 16.342a2 2 0 0 1 .094 1.167l-1.065 3.29a1 1 0 0 0 1.236 1.168l3.413-.998a2 2 0 0 1 1.099.092 10 10 0 1 0-4.777-4.719"],
    down: ["m6 9 6 6 6-6"],
    cross: ["M18 6 6 18", "m6 6 12 12"],
    up: ["m5 12 7-7 7 7", "M12 19V5"],
    clock: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M12 6v6l4 2"],
    alert: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M12 8v4", "M12 16h.01"],
    faq: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3", "M12 17h.01"],
    file: ["M6 22a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h8a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 8v12a2 2 0 0 1-2 2z", "M14 2v5a1 1 0 0 0 1 1h5", "M10 9H8", "M16 13H8", "M16 17H8"],
    sparkles: ["M11.017 2.814a1 1 0 0 1 1.966 0l1.051 5.558a2 2 0 0 0 1.594 1.594l5.558 1.051a1 1 0 0 1 0 1.966l-5.558 1.051a2 2 0 0 0-1.594 1.594l-1.051 5.558a1 1 0 0 1-1.966 0l-1.051-5.558a2 2 0 0 0-1.594-1.594l-5.558-1.051a1 1 0 0 1 0-1.966l5.558-1.051a2 2 0 0 0 1.594-1.594z", "M20 2v4", "M22 4h-4"],
    user: ["m16 11 2 2 4-4", "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2", "M13 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0"],
    cut: ["M12 20h.01", "M8.5 16.429a5 5 0 0 1 7 0", "M5 12.859a10 10 0 0 1 5.17-2.69", "M19 12.859a10 10 0 0 0-2.007-1.523", "M2 8.82a15 15 0 0 1 4.177-2.643", "M22 8.82a15 15 0 0 0-11.288-3.764", "m2 2 20 20"],
  };

  const SVG = "http://www.w3.org/2000/svg";

  function icon(name, size = "") {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", `i ${size}`);
    svg.setAttribute("aria-hidden", "true");
    for (const d of ICONS[name]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  }

  /** An element; functions among the attributes are listeners, strings among the children become text, never markup. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  /** Text from others: its direction is its own and its bidi controls end with it. */
  function foreign(tag, text, name = "ow-iso") {
    const node = el(tag, { class: name, dir: "auto" });
    node.textContent = text;
    return node;
  }

  const LINK = /https?:\/\/[^\s<>"'\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;

  /** Fills `node` with `text`, web addresses as links. */
  function fillWithLinks(node, text) {
    let from = 0;
    for (const match of text.matchAll(LINK)) {
      const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
      let url;
      try {
        url = new URL(address);
      } catch {
        continue;
      }
      const link = el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" });
      link.textContent = address;
      node.append(text.slice(from, match.index), link);
      from = match.index + address.length;
    }
    node.append(text.slice(from));
  }

  // ---------------------------------------------------------------- colours

  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const isHex = (value) => /^#[0-9a-f]{6}$/i.test(value || "");

  /** WCAG contrast of two "#rrggbb" colours. */
  function contrast(one, other) {
    const [dark, light] = [one, other]
      .map((hex) => rgb(hex).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)))
      .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
      .sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  /** The brand's hue, light enough to be read on the dark panel. */
  function nightShades(hex) {
    const [r, g, b] = rgb(hex);
    const max = Math.max(r, g, b);
    const span = max - Math.min(r, g, b);
    const light = max - span / 2;
    const turn = !span ? 0 : max === r ? (g - b) / span : max === g ? (b - r) / span + 2 : (r - g) / span + 4;
    const hue = Math.round((turn * 60 + 360) % 360);
    const pure = span ? Math.min(55, Math.round((span / (1 - Math.abs(2 * light - 1))) * 100)) : 0;
    return [`hsl(${hue} ${pure}% 72%)`, `hsl(${hue} ${pure}% 10%)`];
  }

  function paint(root, colors) {
    const brand = isHex(colors.primary) ? colors.primary : "#0f4c5c";
    const onBrand = isHex(colors.on_primary) ? colors.on_primary : contrast(brand, "#ffffff") >= 4.5 ? "#ffffff" : "#16262b";
    const accent = isHex(colors.accent) ? colors.accent : "#b84a1e";
    const [night, onNight] = nightShades(brand);
    const shades = {
      brand, "on-brand": onBrand, "brand-night": night, "on-brand-night": onNight, accent,
      "on-accent": contrast(accent, "#ffffff") >= 4.5 ? "#ffffff" : "#16262b",
      // a pale brand colour cannot be read as text on the white panel
      "brand-ink": contrast(brand, "#ffffff") >= 4.5 ? brand : "#16262b",
    };
    for (const [name, value] of Object.entries(shades)) root.style.setProperty(`--${name}`, value);
  }

  // ---------------------------------------------------------------- what the browser keeps

  // One key per unacknowledged message: two tabs never overwrite each other's.
  const PREFIX = `omni:${business}:`;
  const PENDING = "pending:";
  const memory = (() => {
    const inRam = new Map();
    let disk = null;
    try {
      disk = window.localStorage;
      disk.setItem(`${PREFIX}probe`, "1");
      disk.removeItem(`${PREFIX}probe`);
    } catch {
      disk = null; // blocked by the browser: everything lives until the page is left
    }
    return {
      get: (key) => (inRam.has(key) ? inRam.get(key) : disk && disk.getItem(PREFIX + key)),
      set(key, value) {
        inRam.delete(key);
        try {
          if (!disk) throw new Error("no storage");
          disk.setItem(PREFIX + key, value);
        } catch {
          inRam.set(key, value); // full
        }
      },
      drop(key) {
        inRam.delete(key);
        if (disk) disk.removeItem(PREFIX + key);
      },
      keys() {
        const kept = disk ? Object.keys(disk).filter((key) => key.startsWith(PREFIX)) : [];
        return [...new Set([...inRam.keys(), ...kept.map((key) => key.slice(PREFIX.length))])];
      },
    };
  })();

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only on https and localhost
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // ---------------------------------------------------------------- state

  let config = null;
  let session = memory.get("session") || null;
  let conversation = null; // as the server sends it
  const messages = []; // acknowledged, by seq
  const pending = new Map(); // id -> {id, kind: "say"|"person", text, at: ms, error?, retry?}, not yet acknowledged
  let seen = 0; // every seq up to here is in `messages`
  const ahead = new Set(); // seqs that arrived before the ones below them
  let link = "idle"; // idle | connecting | up | lost
  let isOpen = false;
  let isGone = false;
  let typing = null; // "assistant" | "staff"
  let notice = ""; // an error that belongs to no message

  for (const key of memory.keys()) if (key.startsWith(PENDING)) recall(key);

  function recall(key) {
    try {
      const item = JSON.parse(memory.get(key));
      if (item && item.id) pending.set(item.id, item);
    } catch {
      memory.drop(key);
    }
  }

  function keep(item) {
    pending.set(item.id, item);
    memory.set(PENDING + item.id, JSON.stringify(item));
  }

  function settle(id) {
    memory.drop(PENDING + id);
    return pending.delete(id);
  }

  const waitingItems = () => [...pending.values()].sort((a, b) => a.at - b.at);
  const lastSeq = () => (messages.length ? messages[messages.length - 1].seq : 0);
  const isFromTeam = (message) => message.role === "assistant" || message.role === "staff";
  const readUpTo = () => Number(memory.get("read")) || 0;
  const isFirstVisit = () => !session && !memory.get("greeted");

  /** Takes a message in once, whatever tells us about it first: its own frame, the replay or the acknowledgement. */
  function take(message) {
    if (!message || typeof message.text !== "string" || !(message.seq > 0)) return;
    if (message.client_id) settle(message.client_id);
    const twin = messages.find((known) => known.seq === message.seq || (message.id && known.id === message.id));
    if (twin) {
      // An acknowledged message holds no server id and only the browser's clock until its own frame comes.
      if (!twin.id) Object.assign(twin, message, { client_id: twin.client_id });
      return;
    }
    if (typing === (message.role === "staff" ? "staff" : "assistant") && isFromTeam(message)) setTyping(null);
    let at = messages.length;
    while (at && messages[at - 1].seq > message.seq) at -= 1;
    messages.splice(at, 0, message);
    ahead.add(message.seq);
    while (ahead.delete(seen + 1)) seen += 1;
  }

  /** Forgets what belongs to another session or conversation; unsent messages stay. */
  function forget() {
    messages.length = 0;
    ahead.clear();
    seen = 0;
    conversation = null;
    memory.drop("read");
  }

  // ---------------------------------------------------------------- connection

  let socket = null;
  let isWelcome = false;
  let welcomedAt = 0;
  let offered = null; // the session token of the last hello
  let attempt = 0;
  let lostAt = 0;
  let retryTimer, pingTimer, deadline, stripTimer;

  function connect() {
    clearTimeout(retryTimer);
    if (socket || isGone) return;
    if (link === "idle") link = "connecting";
    let mine;
    try {
      mine = new WebSocket(`${origin.replace(/^http/, "ws")}/chat/ws?business=${encodeURIComponent(business)}`);
    } catch {
      onLost();
      return;
    }
    socket = mine;
    mine.onopen = () => {
      offered = session;
      // The address without its query: that part may hold what is none of our business.
      const page = { url: location.origin + location.pathname, title: document.title };
      transmit({ t: "hello", session, seen, page, lang: language });
    };
    mine.onmessage = (event) => mine === socket && receive(event.data);
    mine.onclose = (event) => mine === socket && onLost(event.code);
    expectAnswer();
  }

  function transmit(frame) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  function expectAnswer() {
    clearTimeout(deadline);
    deadline = setTimeout(hangUp, ANSWER_WITHIN);
  }

  /** Lets the connection go without waiting for the other side, which may be out of reach. */
  function discard() {
    const old = socket;
    socket = null;
    isWelcome = false;
    if (old) old.close();
  }

  function hangUp() {
    if (socket) {
      discard();
      onLost();
    } else render();
  }

  function onLost(code, wait) {
    socket = null;
    isWelcome = false;
    if (welcomedAt && Date.now() - welcomedAt > ANSWER_WITHIN) attempt = 0; // it was a good one
    welcomedAt = 0;
    clearTimeout(pingTimer);
    clearTimeout(deadline);
    setTyping(null);
    if (code === 4404) isGone = true;
    if (isGone) {
      link = "lost";
      render();
      return;
    }
    if (link !== "lost") {
      link = "lost";
      clearTimeout(stripTimer);
      stripTimer = setTimeout(render, STRIP_AFTER);
      lostAt = Date.now();
    }
    const backOff = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** attempt) * (0.5 + Math.random() / 2);
    attempt += 1;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, Math.max(backOff, wait || 0));
    render();
  }

  function reconnectNow() {
    if (!shouldConnect()) return;
    attempt = 0;
    if (isWelcome && socket.readyState === WebSocket.OPEN) {
      beat();
      return;
    }
    discard();
    connect();
  }

  const shouldConnect = () => Boolean(config && (isOpen || session || pending.size));

  function beat() {
    clearTimeout(pingTimer);
    pingTimer = setTimeout(beat, PING_EVERY);
    transmit({ t: "ping" });
    expectAnswer();
    // Also what another tab left behind; the server takes each id once.
    for (const item of waitingItems()) if (Date.now() - item.at > PING_EVERY) post(item);
  }

  function post(item) {
    if (!isWelcome || item.error) return;
    transmit(item.kind === "person" ? { t: "person", id: item.id } : { t: "say", id: item.id, text: item.text });
  }

  function receive(raw) {
    clearTimeout(deadline);
    let frame;
    try {
      frame = JSON.parse(raw);
    } catch {
      return;
    }
    if (frame.t === "welcome") onWelcome(frame);
    else if (frame.t === "ack") onAck(frame);
    else if (frame.t === "message") take(frame.message);
    else if (frame.t === "typing") setTyping(frame.on ? frame.who : null);
    else if (frame.t === "state") onState(frame.conversation);
    else if (frame.t === "error") onError(frame);
    if (frame.t !== "pong") render();
    markRead();
  }

  function onWelcome(frame) {
    const stored = memory.get("session");
    if (stored && stored !== offered && stored !== frame.session) {
      adopt(stored); // another tab was first
      return;
    }
    if (session && session !== frame.session) forget(); // the server no longer knew the old one
    session = frame.session;
    memory.set("session", session);
    if (isAnother(frame.conversation) && seen) {
      startOver();
      return;
    }
    conversation = frame.conversation;
    for (const message of frame.messages || []) take(message);
    seen = Math.max(seen, lastSeq()); // the replay is complete
    for (const seq of ahead) if (seq <= seen) ahead.delete(seq);
    link = "up";
    notice = "";
    isWelcome = true;
    welcomedAt = Date.now();
    clearTimeout(stripTimer);
    clearTimeout(pingTimer);
    pingTimer = setTimeout(beat, PING_EVERY);
    for (const item of waitingItems()) post(item);
  }

  const isAnother = (next) => Boolean(conversation && conversation.id && next && next.id && next.id !== conversation.id);

  /** Asks for everything again: numbers of another conversation or session mean nothing here. */
  function startOver() {
    forget();
    attempt = 0;
    discard();
    connect();
  }

  function adopt(token) {
    session = token;
    startOver();
  }

  function onAck({ id, seq }) {
    const item = pending.get(id);
    if (item && item.kind === "say") {
      take({ id: null, client_id: id, seq, role: "customer", text: item.text, at: new Date(item.at).toISOString() });
    }
    settle(id);
    notice = "";
  }

  function onState(next) {
    if (isAnother(next)) {
      startOver();
      return;
    }
    const before = speakerName();
    conversation = next;
    const after = speakerName();
    if (before !== after) announce(after ? say("joined", { name: after }) : say("back"));
  }

  function onError(frame) {
    const item = frame.id && pending.get(frame.id);
    if (item) keep({ ...item, error: frame.message || say("failed"), retry: Boolean(frame.retry) });
    else if (frame.code === "gone") isGone = true;
    else if (frame.code === "unauthorized") {
      session = null;
      memory.drop("session");
      startOver();
    } else {
      notice = frame.message || "";
      if (!isWelcome && frame.retry_after) {
        discard();
        onLost(0, frame.retry_after * 1000);
      }
    }
  }

  function markRead() {
    if (!isOpen || document.hidden || lastSeq() <= readUpTo()) return;
    memory.set("read", String(lastSeq()));
    transmit({ t: "read", seq: lastSeq() });
    render();
  }

  window.addEventListener("online", reconnectNow);
  window.addEventListener("offline", hangUp);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    reconnectNow();
    markRead();
  });
  window.addEventListener("storage", (event) => {
    if (event.key && event.key.startsWith(PREFIX + PENDING)) {
      const key = event.key.slice(PREFIX.length);
      if (memory.get(key) === null) pending.delete(key.slice(PENDING.length));
      else recall(key);
    } else if (event.key === `${PREFIX}session`) {
      const stored = memory.get("session"); // not event.newValue: the last writer counts
      if (stored && stored !== session) adopt(stored);
    } else if (event.key !== `${PREFIX}read` && event.key !== `${PREFIX}greeted`) return;
    render();
  });

  // ---------------------------------------------------------------- what the visitor does

  let lastAt = 0;

  function submit(kind, text) {
    lastAt = Math.max(Date.now(), lastAt + 1); // keeps the order of two messages of one millisecond
    const item = { id: newId(), kind, text, at: lastAt };
    keep(item);
    if (isWelcome) post(item);
    else connect();
    ui.pinned = true;
    render();
  }

  function sendDraft() {
    // A half surrogate, as cut emoji leave behind, is no character and no JSON reader has to take it.
    const text = ui.field.value.replace(/\p{Surrogate}/gu, "\ufffd").trim();
    if (!text || [...text].length > MAX_LENGTH || isGone) return;
    ui.field.value = "";
    onDraft();
    submit("say", text);
  }

  function tryAgain(item) {
    const { error, retry, ...fresh } = item;
    keep(fresh);
    if (isWelcome) post(fresh);
    focusAfterPress();
    render();
  }

  function withdraw(item, edit) {
    settle(item.id);
    if (edit && !ui.field.value) ui.field.value = item.text;
    onDraft();
    focusAfterPress(edit);
    render();
  }

  /** The pressed button is about to vanish. On touch the text field would push the keyboard over the answer. */
  function focusAfterPress(write) {
    if (write || !matchMedia("(pointer:coarse)").matches) ui.field.focus();
    else ui.scroller.focus();
  }

  // ---------------------------------------------------------------- view

  const ui = { nodes: new Map(), pinned: true };
  const phone = matchMedia("(max-width:640px)");

  function build() {
    const host = document.createElement("omni-widget");
    const shadow = host.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.append(el("style", {}, STYLE)); // browsers before constructed sheets; a strict page refuses it there
    }

    ui.face = el("span", { "aria-hidden": "true" });
    ui.title = foreign("span", "");
    ui.dot = el("i", { class: "ow-on" });
    ui.status = foreign("span", "");
    const head = el("div", { class: "ow-head" }, ui.face, el("div", { class: "grow" }, el("b", {}, ui.title), el("small", {}, ui.dot, ui.status)),
      el("button", { type: "button", class: "ow-ib", "aria-label": say("close"), click: () => close() }, icon("down")));

    ui.barText = el("span");
    ui.bar = el("div", { class: "ow-bar", hidden: true }, icon("cut"), ui.barText);
    ui.barStatus = el("div", { role: "status" }, ui.bar);

    ui.log = el("div", { class: "ow-log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": say("log") });
    ui.typing = el("div", { role: "status" });
    ui.quick = el("div", { class: "ow-q", role: "group", "aria-label": say("quick") });
    ui.scroller = el("div", { class: "ow-scroll", tabindex: "0", role: "group", "aria-label": say("log"), scroll: onScroll }, ui.log, ui.typing, ui.quick);

    ui.field = el("textarea", { rows: "1", dir: "auto", enterkeyhint: "send", input: onDraft, keydown: onFieldKey });
    ui.send = el("button", { type: "button", class: "ow-send", "aria-label": say("send"), disabled: true, click: () => {
      sendDraft();
      ui.field.focus();
    } }, icon("up"));
    ui.count = el("div", { class: "ow-count", role: "status", hidden: true });
    ui.foot = foreign("div", "", "ow-foot");
    ui.announcer = el("div", { class: "ow-sr", role: "status" });

    ui.panel = el("div", { class: "ow-panel", id: "panel", role: "dialog", "aria-label": say("dialog", { name: config.name }), hidden: true },
      head, ui.barStatus, ui.scroller, el("div", { class: "ow-in" }, ui.field, ui.send), ui.count, ui.foot, ui.announcer);

    ui.tease = el("div", { class: "ow-tease", hidden: true },
      el("button", { type: "button", click: () => open() }, foreign("span", config.greeting, "ow-t")),
      el("button", { type: "button", class: "ow-x", "aria-label": say("dismiss"), click: dismissTease }, icon("cross", "xs")));
    ui.badge = el("em", { "aria-hidden": "true", hidden: true });
    ui.launch = el("button", { type: "button", class: "ow-launch", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": "panel",
      click: () => (isOpen ? close() : open()) }, icon("chat"), ui.badge);

    ui.root = el("div", { class: "ow", lang: language, dir: config.dir, keydown: onKey }, ui.tease, ui.panel, ui.launch);
    paint(ui.root, config.colors);
    shadow.append(ui.root);
    document.body.append(host);

    phone.addEventListener("change", applyMode);
    if (window.visualViewport) {
      // The on-screen keyboard of a phone covers the page instead of shrinking it.
      for (const event of ["resize", "scroll"]) visualViewport.addEventListener(event, fitKeyboard);
    }
    setInterval(() => isOpen && render(), 30000); // "now" becomes a time
  }

  function fitKeyboard() {
    ui.panel.style.setProperty("--ow-height", `${visualViewport.height}px`);
    ui.panel.style.setProperty("--ow-top", `${visualViewport.offsetTop}px`);
    if (ui.pinned) toBottom();
  }

  const speakerName = () => (conversation && conversation.speaker === "human" && ((conversation.agent || {}).name || say("team"))) || "";
  const firstName = (name) => name.split(/\s+/)[0];

  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function announce(text) {
    if (ui.announcer) ui.announcer.textContent = text;
  }

  function render() {
    if (!ui.root) return;
    renderHead();
    renderBar();
    renderLog();
    renderQuick();
    renderTyping();
    renderLauncher();
    const agent = speakerName();
    ui.field.placeholder = agent ? say("writeTo", { name: firstName(agent) }) : say("write");
    ui.field.setAttribute("aria-label", ui.field.placeholder);
    ui.field.disabled = isGone;
    setText(ui.foot, conversation && conversation.status === "closed" ? say("closed") : config.foot);
    if (ui.pinned) toBottom();
  }

  function renderHead() {
    const agent = speakerName();
    const isLost = link === "lost";
    const isAsking = !agent && conversation && conversation.status === "waiting";
    ui.face.className = agent ? "ow-face" : "ow-mark";
    setText(ui.face, agent ? (conversation.agent || {}).initials || initials(agent) : initials(config.name));
    setText(ui.title, agent || config.name);
    setText(ui.status, isLost ? say("connecting") : agent ? config.name : isAsking ? say("asking") : config.statusLine);
    ui.dot.hidden = isLost;
  }

  const initials = (name) => name.split(/\s+/).map((word) => [...word][0] || "").slice(0, 2).join("").toUpperCase();

  function renderBar() {
    const isLate = link === "lost" && (!navigator.onLine || Date.now() - lostAt >= STRIP_AFTER);
    const text = isGone ? say("gone") : isLate ? say("offline") : notice;
    setText(ui.barText, text);
    ui.bar.hidden = !text;
  }

  function renderLog() {
    const rows = config.greeting ? [{ key: "greeting", role: "assistant", text: config.greeting }] : [];
    for (const message of messages) rows.push({ ...message, key: message.client_id || message.id });
    for (const item of waitingItems()) rows.push({ ...item, key: item.id, role: item.kind === "person" ? "asked" : "customer", item });
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, node] of ui.nodes) {
      if (wanted.has(key)) continue;
      node.remove();
      ui.nodes.delete(key);
    }
    const lastFromTeam = messages.filter(isFromTeam).reduce((top, message) => Math.max(top, message.seq), 0);
    let place = ui.log.firstChild;
    for (const row of rows) {
      let node = ui.nodes.get(row.key);
      if (!node) {
        node = row.role === "system" || row.role === "asked" ? newEvent(row) : newMessage(row);
        ui.nodes.set(row.key, node);
      }
      // A node that stands right stays untouched, or a screen reader would read it again.
      if (node === place) place = place.nextSibling;
      else ui.log.insertBefore(node, place);
      renderMeta(node, row, lastFromTeam);
    }
  }

  function speakerOf(row) {
    if (row.role === "customer") return say("you");
    return row.role === "staff" ? row.author || say("team") : say("assistant");
  }

  function newMessage(row) {
    const text = el("span", { class: "ow-t", dir: "auto" });
    fillWithLinks(text, row.text);
    const node = el("div", { class: row.role === "customer" ? "ow-m me" : "ow-m" },
      foreign("span", `${speakerOf(row)}: `, "ow-sr"), el("div", { class: "ow-b" }, text));
    if (row.sources && row.sources.length) node.append(...newSources(row.sources));
    node.append(el("div", { class: "ow-meta" }));
    return node;
  }

  function newEvent(row) {
    return el("div", { class: "ow-ev" }, icon("user", "xs"), foreign("span", row.role === "asked" ? say("asked") : row.text, "ow-t"), el("span", { class: "ow-meta" }));
  }

  function newSources(sources) {
    const chips = el("div", { class: "ow-src", role: "group", "aria-label": say("sources") });
    const quotes = sources.map((source) => {
      const quote = el("div", { class: "ow-quote", hidden: true }, foreign("span", source.quote || source.title, "ow-t"));
      const chip = el("button", { type: "button", "aria-expanded": "false", click: () => {
        quote.hidden = !quote.hidden;
        chip.setAttribute("aria-expanded", String(!quote.hidden));
        if (ui.pinned && !quote.hidden) toBottom();
      } }, icon(source.kind === "faq" ? "faq" : "file", "xs"), foreign("span", source.title));
      chips.append(chip);
      return quote;
    });
    return [chips, ...quotes];
  }

  function renderMeta(node, row, lastFromTeam) {
    const { item } = row;
    const isWaiting = Boolean(item && !item.error);
    node.classList.toggle("wait", isWaiting);
    const words = [];
    if (isWaiting) words.push(say("waiting"));
    else if (item) words.push(item.error);
    else if (row.role === "customer") words.push(row.seq < lastFromTeam ? say("read") : say("sent"));
    else if (row.role !== "system") words.push(row.role === "staff" ? firstName(speakerOf(row)) : say("assistant"));
    if (!item && row.at) words.push(timeOf(row.at));
    const meta = node.lastChild;
    const look = JSON.stringify([words, item && item.error && item.retry]);
    if (meta.dataset.look === look) return;
    meta.dataset.look = look;
    meta.className = item && item.error ? "ow-meta bad" : "ow-meta";
    const mark = isWaiting ? "clock" : item ? "alert" : row.role === "assistant" ? "sparkles" : null;
    meta.replaceChildren(...(mark ? [icon(mark, "xs")] : []), row.role === "system" ? " · " : "", ...words.flatMap((word, n) => [n ? " · " : "", foreign("span", word)]));
    if (!item || !item.error) return;
    meta.setAttribute("role", "alert");
    const act = (key, press) => meta.append(el("button", { type: "button", click: press }, say(key)));
    if (item.retry) act("again", () => tryAgain(item));
    else if (item.kind === "say") act("edit", () => withdraw(item, true));
    act("remove", () => withdraw(item, false));
  }

  function timeOf(at) {
    const then = new Date(at);
    if (Number.isNaN(then.getTime())) return "";
    const age = Date.now() - then;
    if (age < 60000) return say("now");
    const day = then.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    return then.toLocaleString(language === "en" ? navigator.language : language, { ...day, hour: "numeric", minute: "2-digit" });
  }

  function renderQuick() {
    const last = messages[messages.length - 1];
    const items = waitingItems();
    const isPersonDue = speakerName() || (conversation && conversation.status === "waiting") || items.some((item) => item.kind === "person");
    const choices = [];
    if (!isGone && !items.length) {
      if (!last) for (const text of config.suggestions) choices.push([text, () => submit("say", text)]);
      if (!isPersonDue && (!last || last.role === "assistant")) {
        choices.push([say(last && last.offer_person ? "askTeam" : "person"), () => submit("person")]);
      }
    }
    const look = JSON.stringify(choices);
    if (ui.quick.dataset.look === look) return;
    ui.quick.dataset.look = look;
    const hadFocus = ui.quick.contains(ui.root.getRootNode().activeElement);
    ui.quick.hidden = !choices.length;
    ui.quick.replaceChildren(...choices.map(([text, choose]) => el("button", { type: "button", dir: "auto", class: "ow-iso", click: () => {
      choose();
      focusAfterPress();
    } }, text)));
    if (hadFocus) focusAfterPress();
  }

  let typingTimer, typingEnd;

  function setTyping(who) {
    clearTimeout(typingEnd);
    if (who && TYPING_FOR[who]) typingEnd = setTimeout(setTyping, TYPING_FOR[who], null);
    if (who === typing) return;
    typing = who;
    clearTimeout(typingTimer);
    if (who) typingTimer = setTimeout(render, TYPING_AFTER);
    ui.typingFrom = Date.now() + TYPING_AFTER;
    render();
  }

  function renderTyping() {
    const isShown = Boolean(typing) && Date.now() >= ui.typingFrom;
    if (isShown === Boolean(ui.typing.firstChild)) return;
    const name = typing === "staff" ? firstName(speakerName() || say("team")) : say("assistant");
    ui.typing.replaceChildren(...(isShown ? [el("div", { class: "ow-m" }, el("span", { class: "ow-sr" }, say("typing", { name })),
      el("div", { class: "ow-b ow-typing", "aria-hidden": "true" }, el("i"), el("i"), el("i")))] : []));
  }

  function renderLauncher() {
    const isGreeting = isFirstVisit();
    const read = readUpTo();
    const unread = messages.filter((message) => isFromTeam(message) && message.seq > read).length;
    const count = isOpen ? 0 : unread || (isGreeting ? 1 : 0);
    ui.tease.hidden = isOpen || !isGreeting || !config.greeting;
    ui.badge.hidden = !count;
    setText(ui.badge, count > 99 ? "99+" : String(count));
    ui.launch.setAttribute("aria-label", isOpen ? say("hide") : count ? `${say("open")}, ${say("unread", { n: count })}` : say("open"));
    ui.launch.setAttribute("aria-expanded", String(isOpen));
  }

  function dismissTease() {
    memory.set("greeted", "1");
    ui.launch.focus();
    render();
  }

  function onScroll() {
    ui.pinned = ui.scroller.scrollHeight - ui.scroller.scrollTop - ui.scroller.clientHeight < 40;
  }

  function toBottom() {
    ui.scroller.scrollTop = ui.scroller.scrollHeight;
  }

  function onDraft() {
    const length = [...ui.field.value.trim()].length;
    const left = MAX_LENGTH - length;
    ui.send.disabled = !length || left < 0 || isGone;
    ui.count.hidden = length < COUNT_FROM;
    ui.count.className = left < 0 ? "ow-count bad" : "ow-count";
    setText(ui.count, ui.count.hidden ? "" : left < 0 ? say("over", { n: -left }) : say("left", { n: left }));
    ui.field.style.height = "auto";
    ui.field.style.height = `${ui.field.scrollHeight}px`;
  }

  // ---------------------------------------------------------------- keyboard, opening, closing

  function onFieldKey(event) {
    // keyCode 229: Safari ends the composition before its Enter arrives
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    sendDraft();
  }

  function onKey(event) {
    if (!isOpen || event.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab" && phone.matches) keepFocusInside(event);
  }

  /** Only in full screen: what lies behind cannot be seen, so the focus must not go there. */
  function keepFocusInside(event) {
    const stops = [...ui.panel.querySelectorAll("button:not([disabled]),textarea:not([disabled]),a[href],[tabindex='0']")].filter((node) => node.getClientRects().length);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (ui.root.getRootNode().activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  let pageOverflow = null;

  function applyMode() {
    const isFull = isOpen && phone.matches;
    if (isFull) ui.panel.setAttribute("aria-modal", "true");
    else ui.panel.removeAttribute("aria-modal");
    const page = document.documentElement.style;
    if (isFull && pageOverflow === null) {
      pageOverflow = page.overflow;
      page.overflow = "hidden";
    } else if (!isFull && pageOverflow !== null) {
      page.overflow = pageOverflow;
      pageOverflow = null;
    }
  }

  // The panel stays open while a visitor walks through the site in one tab.
  function rememberOpen(value) {
    try {
      window.sessionStorage.setItem(`${PREFIX}open`, value);
    } catch {
      // blocked: the panel starts closed on the next page
    }
  }

  function wasOpen() {
    try {
      return window.sessionStorage.getItem(`${PREFIX}open`) === "1";
    } catch {
      return false;
    }
  }

  let isOpenWanted = false;

  function open(isQuiet) {
    if (!config) {
      isOpenWanted = true;
      return;
    }
    if (!isOpen) {
      isOpen = true;
      memory.set("greeted", "1");
      rememberOpen("1");
      ui.panel.hidden = false;
      ui.pinned = true;
      applyMode();
      connect();
      render();
      onDraft();
      markRead();
    }
    if (isQuiet !== true) ui.field.focus();
  }

  function close() {
    isOpenWanted = false;
    if (!isOpen) return;
    const hadFocus = document.activeElement === ui.root.getRootNode().host;
    isOpen = false;
    rememberOpen("0");
    ui.panel.hidden = true;
    applyMode();
    render();
    if (hadFocus) ui.launch.focus();
  }

  window.Omni = { open: () => open(), close: () => close() };

  // ---------------------------------------------------------------- start

  const RTL = /^(ar|arc|ckb|dv|fa|he|ks|ps|sd|ug|ur|yi)\b/i;
  const text = (value, otherwise) => (typeof value === "string" && value ? value : otherwise);

  function begin(given) {
    const wanted = forcedLanguage || given.lang || document.documentElement.lang || "en";
    const short = wanted.toLowerCase().split(/[-_]/)[0];
    language = TEXTS[short] ? short : "en";
    config = {
      name: text(given.name, location.hostname),
      greeting: text(given.greeting, ""),
      statusLine: text(given.status_line, ""),
      foot: text(given.foot, ""),
      suggestions: (Array.isArray(given.suggestions) ? given.suggestions : []).filter((item) => text(item, "")).slice(0, 4),
      colors: given.colors || {},
      dir: !forcedLanguage && given.dir ? given.dir : RTL.test(wanted) ? "rtl" : "ltr",
    };
    build();
    render();
    if (isOpenWanted) open();
    else if (wasOpen() && !phone.matches) open(true);
    if (shouldConnect()) connect();
  }

  async function loadConfig(tries) {
    try {
      const answer = await fetch(`${origin}/chat/${encodeURIComponent(business)}/config`, { credentials: "omit" });
      if (answer.ok) {
        begin(await answer.json());
        return;
      }
      if (answer.status === 404) {
        console.warn("Omni: this widget key is unknown.");
        return;
      }
    } catch (error) {
      if (config) throw error; // not the network: our own start failed
    }
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** tries) * (0.5 + Math.random() / 2);
    setTimeout(loadConfig, wait, tries + 1);
  }

  if (document.body) loadConfig(0);
  else document.addEventListener("DOMContentLoaded", () => loadConfig(0));
})();
