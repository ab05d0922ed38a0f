"""Ask before unsaved changes are lost: the script three kinds of forms share; each page has its own question."""

_SCRIPT = """
if (!window.GUARD) {
  window.GUARD = true;
  const isUnsaved = () => document.querySelector("FORM[data-unsaved=true]");
  addEventListener("beforeunload", (event) => { if (isUnsaved()) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='/']:not([target])");
    const ask = document.getElementById("ASK");
    if (!link || !ask || !isUnsaved() || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    window.omniLeave = link;
    ask.click();
  }, true);
}
"""


def guard_leaving(guard: str, form: str, ask: str) -> str:
    """A script for `rx.call_script`: the browser asks before it leaves, a link inside the app presses the button `ask` (an id).

    `form` selects the form, which carries data-unsaved="true" while it differs; `guard` is the name under which the page notes
    that it listens already. The link that was meant stands in `window.omniLeave`.
    """
    return _SCRIPT.replace("GUARD", guard).replace("FORM", form).replace("ASK", ask)
