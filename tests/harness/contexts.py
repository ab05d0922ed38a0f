"""Browser contexts used again: one that was used holds every script of the app compiled, and its window stands already.

A page of the app in a new context costs two to three times the work of one in a context that has seen it.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Error, Page

CLEARED = "local_storage,indexeddb,cache_storage,service_workers,file_systems"


class Contexts:
    """Lends contexts one test at a time. What comes back is emptied of cookies, storage and pages before the next has it."""

    def __init__(self, browser: Browser, patience_ms: float) -> None:
        self._browser = browser
        self._patience_ms = patience_ms
        self._idle: dict[str, list[BrowserContext]] = {}
        self._kinds: dict[BrowserContext, str] = {}
        self._origins: dict[BrowserContext, set[str]] = {}

    async def take(self, **options: Any) -> BrowserContext:
        """A context made with these options of `Browser.new_context`, empty; nobody else has it until it is given back.

        Nothing moves in it unless `reduced_motion` says so: each frame is painted without a graphics card.
        """
        options = {"reduced_motion": "reduce", **options}
        kind = json.dumps(options, sort_keys=True)
        if idle := self._idle.get(kind):
            return idle.pop()
        context = await self._browser.new_context(**options)
        context.set_default_timeout(self._patience_ms)
        self._kinds[context] = kind
        origins = self._origins[context] = set()

        def watch(page: Page) -> None:
            page.on("framenavigated", lambda frame: origins.add(_origin(frame.url)))

        context.on("page", watch)
        return context

    async def page_of(self, context: BrowserContext) -> Page:
        """The empty page of a context that was just taken."""
        return context.pages[0] if context.pages else await context.new_page()

    async def give_back(self, context: BrowserContext, *, is_spent: bool = False) -> None:
        """`is_spent`: it is not used again, because the test changed what cannot be changed back (its clock)."""
        kind = self._kinds[context]
        try:
            if not is_spent:
                await self._empty(context)
        except Error:  # a page that crashed, a browser that is gone: the next test gets a new one
            is_spent = True
        if is_spent:
            del self._kinds[context], self._origins[context]
            await context.close()
        else:
            self._idle.setdefault(kind, []).append(context)

    async def _empty(self, context: BrowserContext) -> None:
        """Pages go first, so that none writes again what is cleared. An empty one stays: it keeps the window open."""
        await context.set_offline(False)
        await context.unroute_all()
        kept = await context.new_page()
        for page in context.pages:
            if page is not kept:
                await page.close()
        await context.clear_cookies()
        await context.clear_permissions()
        session = await context.new_cdp_session(kept)
        for origin in self._origins[context]:
            if origin:
                await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": CLEARED})
        await session.detach()
        self._origins[context].clear()

    async def close(self) -> None:
        for context in list(self._kinds):
            await context.close()


def _origin(address: str) -> str:
    """Empty for what is no place on the web, like about:blank."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""
