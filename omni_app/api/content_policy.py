"""What a browser may do with an answer: Content-Security-Policy and its relatives. Why so: docs/decisions/content-policy.md.

Pages come from the prebuilt bundle, so the inline scripts each of them needs are known: their hashes stand in its policy, and no
other inline script runs. Answers of the API, files and assets may do nothing at all.
"""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from omni_app.settings import ROOT, load_settings

# Where `tools.build_frontend` leaves the pages and Reflex serves them from.
PAGES = ROOT / ".web" / "build" / "client"
HSTS_SECONDS = 365 * 24 * 3600

_INLINE_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL | re.IGNORECASE)
# `call_script` and callbacks of Reflex are eval, and Emotion writes style elements: see the decision. A mail shown in a frame of
# its own text takes on the page's policy, so frames and pictures are no looser here than there.
_PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The widget is a script of other sites' pages and no frame, so nothing of ours need be framed by them.
NOTHING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PERMISSIONS = (
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), serial=(), usb=()"
)
_DOCS = "/api/docs"


def hashes_of(page: str) -> tuple[str, ...]:
    """`'sha256-…'` of every inline script of an HTML page, in order, each once."""
    found: dict[str, None] = {}
    for script in _INLINE_SCRIPT.finditer(page):
        code = script["code"]
        if code and not re.search(r"\bsrc\s*=", script["attributes"]):
            # A browser hashes what its parser read, and a parser makes one kind of line end of three.
            digest = hashlib.sha256(code.replace("\r\n", "\n").replace("\r", "\n").encode()).digest()
            found[f"'sha256-{base64.b64encode(digest).decode()}'"] = None
    return tuple(found)


def page_policy(page: str) -> str:
    """The policy for one HTML page of ours."""
    return _PAGE.format(hashes="".join(f" {digest}" for digest in hashes_of(page)))


@lru_cache
def _built_policies(folder: Path) -> dict[str, str]:
    """Route -> policy, of every built page; read once, as the server reads the bundle once."""
    policies: dict[str, str] = {}
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix().removesuffix(".html")
        policies["/" + name.removesuffix("index").rstrip("/")] = page_policy(path.read_text())
    return policies


def is_page(path: str) -> bool:
    """Whether a path beside the API is answered with a page: assets have an ending, Reflex's own routes begin with `/_`."""
    last = path.rpartition("/")[2]
    return not path.startswith(("/_", "/assets/")) and ("." not in last or last.endswith(".html"))


def built_policy(path: str, folder: Path = PAGES) -> str:
    """The policy of the built page at `path`; of the page for unknown addresses when there is none."""
    policies = _built_policies(folder)
    route = "/" + path.strip("/").removesuffix(".html").removesuffix("index").rstrip("/")
    return policies.get(route) or policies.get("/404") or page_policy("")


def is_described(path: str) -> bool:
    """The API's documentation: the one page that is made anew, with its script inside it."""
    return path.rstrip("/") == _DOCS


@lru_cache
def transport_headers() -> tuple[tuple[bytes, bytes], ...]:
    """HSTS once the public address is https; never for a subdomain, which may not be ours."""
    if not load_settings().base_url.startswith("https://"):
        return ()
    return ((b"strict-transport-security", f"max-age={HSTS_SECONDS}".encode()),)
