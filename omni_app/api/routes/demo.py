"""/demo: the website of a clinic that embeds the widget as any customer would."""

import html
import json
import re
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from omni_app.infra.errors import NotFound
from omni_app.settings import ROOT, load_settings

router = APIRouter(include_in_schema=False)

SITE = ROOT / "omni_app" / "demo" / "site"
_SUFFIXES = {".css", ".svg", ".js", ".png", ".woff2"}
_HOST = re.compile(r"^[A-Za-z0-9.:\[\]-]{1,255}$")
_KEY = re.compile(r"^[A-Za-z0-9_-]{1,80}$")


def _demo_widget_key() -> str:
    path = load_settings().home / "demo.json"
    if not path.exists():
        raise NotFound("demo business")
    return str(json.loads(path.read_text())["widget_key"])


@router.get("/demo")
async def site(request: Request, business: str = "") -> Response:
    """The page; `?business=` shows another business's widget in the same place."""
    key = business if _KEY.match(business) else _demo_widget_key()
    host = request.headers.get("host", "")
    if not _HOST.match(host):
        raise NotFound("page")
    origin = f"{request.url.scheme}://{host}"
    socket = origin.replace("http", "ws", 1)
    page = (SITE / "index.html").read_text()
    page = page.replace("{{ORIGIN}}", html.escape(origin)).replace("{{WIDGET_KEY}}", html.escape(key))
    policy = (
        f"default-src 'none'; script-src {origin}; connect-src {origin} {socket}; style-src {origin}; img-src {origin} data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


@router.get("/demo/{name}")
async def part(name: str) -> Response:
    """A file of the site, by its exact name."""
    files: dict[str, Path] = {path.name: path for path in SITE.iterdir() if path.suffix in _SUFFIXES}
    if name not in files:
        raise NotFound("file")
    return FileResponse(files[name], headers={"Cache-Control": "public, max-age=300"})
