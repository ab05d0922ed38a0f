"""Which scripts a page may run: those it was built with, by their hashes, and no other."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from omni_app.api import content_policy
from omni_app.settings import load_settings


def digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def test_inline_scripts_are_named_by_their_hashes() -> None:
    page = '<script src="/omni.js"></script><script>one()</script><SCRIPT type="module">two()\r\n</SCRIPT><script>one()</script>'
    assert content_policy.hashes_of(page) == (digest("one()"), digest("two()\n"))
    policy = content_policy.page_policy(page)
    assert f"script-src 'self' 'unsafe-eval' {digest('one()')} {digest('two()' + chr(10))};" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    for name in ("index", "404", "team", "knowledge/documents", "knowledge/index"):
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<script>{name}</script>")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "index"),
        ("/index.html", "index"),
        ("/team", "team"),
        ("/team/", "team"),
        ("/team.html", "team"),
        ("/knowledge/", "knowledge/index"),
        ("/knowledge/documents", "knowledge/documents"),
        ("/customers/0190", "404"),
        ("/no/such/page", "404"),
    ],
)
def test_each_page_has_its_own_policy(pages: Path, path: str, page: str) -> None:
    assert content_policy.built_policy(path, pages) == content_policy.page_policy(f"<script>{page}</script>")


def test_pages_are_told_from_what_lies_beside_them() -> None:
    assert all(content_policy.is_page(path) for path in ("/", "/team", "/team/", "/index.html"))
    assert not any(content_policy.is_page(path) for path in ("/assets/x.js", "/omni.js", "/favicon.svg", "/_event", "/_upload"))


@pytest.fixture
def fresh_headers() -> Iterator[None]:
    content_policy.transport_headers.cache_clear()
    yield
    load_settings.cache_clear()
    content_policy.transport_headers.cache_clear()


@pytest.mark.parametrize(("address", "is_sent"), [("https://omni.example", True), ("http://omni.example", False)])
def test_https_is_held_on_to(monkeypatch: pytest.MonkeyPatch, fresh_headers: None, address: str, is_sent: bool) -> None:
    monkeypatch.setenv("PUBLIC_URL", address)
    load_settings.cache_clear()
    headers = dict(content_policy.transport_headers())
    monkeypatch.undo()
    assert (b"strict-transport-security" in headers) == is_sent
    assert b"includesubdomains" not in headers.get(b"strict-transport-security", b"").lower()
