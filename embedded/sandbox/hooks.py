"""Webhooks as providers send them: signed, in the order of the account, again with back-off until somebody says 2xx.

What is still to be sent survives a restart. Every attempt is kept with its status and time.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Protocol

import httpx2

from embedded.sandbox.accounts import JSON, Account, Outgoing
from embedded.sandbox.faults import Faults
from embedded.sandbox.store import MOST_LOGGED_BYTES, Store

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
PATIENCE_SECONDS = 15.0
STALE_SECONDS = 3 * 86_400
_SIGNATURES = ("x-hub-signature", "x-twilio-", "x-telegram-")


class Signer(Protocol):
    """What the queue needs to know of a provider."""

    most_attempts: int

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        """The headers that show who sent this to `url` at that time."""
        ...

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        """The address to GET and the body it must answer before anything is sent there; None when nothing is asked."""
        ...

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        """Whether this answer ends the matter although it is no 2xx."""
        ...


class Hooks:
    """The queues, one for each account. `localise` turns the product's public address into the one it has on this machine."""

    def __init__(self, store: Store, faults: Faults, providers: Mapping[str, Signer], localise: Callable[[str], str]) -> None:
        self._store = store
        self._faults = faults
        self._providers = providers
        self._localise = localise
        self._client = httpx2.AsyncClient(
            trust_env=False,
            timeout=PATIENCE_SECONDS,
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=4.0),
        )
        self._queues: dict[str, asyncio.Queue[int]] = defaultdict(asyncio.Queue)
        self._workers: dict[str, list[asyncio.Task[None]]] = {}
        self._late: set[asyncio.TimerHandle] = set()
        self._busy = 0
        self._overtaken: set[int] = set()

    def resume(self) -> None:
        """Take up what an earlier process did not get rid of."""
        for row in self._store.run("select id, account_id from webhooks where state = 'waiting' order by id").fetchall():
            self._put(row["account_id"], row["id"])

    async def stop(self) -> None:
        for tasks in self._workers.values():
            for task in tasks:
                task.cancel()
        for handle in self._late:
            handle.cancel()
        await self._client.aclose()

    def forget(self) -> None:
        """Drop everything that waits."""
        for tasks in self._workers.values():
            for task in tasks:
                task.cancel()
        for handle in self._late:
            handle.cancel()
        self._workers.clear()
        self._queues.clear()
        self._late.clear()
        self._overtaken.clear()
        self._busy = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sent or about to be; what waits for a further try does not count."""
        return self._busy == 0 and all(queue.empty() for queue in self._queues.values())

    def send(self, account: Account, outgoing: Outgoing, delay: float = 0.0) -> int:
        """Queue one request for the account's webhook of that name. Without an address it is only kept, to be read in the log."""
        url = outgoing.url or account.webhooks.get(outgoing.hook, "")
        done = self._store.run(
            "insert into webhooks (account_id, hook, url, method, content_type, headers, query, spoil, body, size, state, at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(account.id, outgoing.hook, url, outgoing.method, outgoing.content_type, json.dumps(dict(outgoing.headers))),
                *(outgoing.query, outgoing.spoil, outgoing.body, len(outgoing.body), "waiting" if url else "kept", time.time()),
            ),
        )
        webhook_id = int(done.lastrowid or 0)
        if url:
            self._put(account.id, webhook_id, delay)
        return webhook_id

    def send_again(self, webhook_id: int) -> bool:
        """The same request once more, signed anew."""
        row = self._row(webhook_id)
        if row is None:
            return False
        account = self._store.account(row["account_id"])
        if account is not None:
            self.send(account, _outgoing(row))
        return account is not None

    def signed(self, webhook_id: int) -> JSON | None:
        """The request as it goes (or went) out: address, headers, body."""
        row = self._row(webhook_id)
        account = None if row is None else self._store.account(row["account_id"])
        if row is None or account is None:
            return None
        outgoing = _outgoing(row)
        url = row["url"] + outgoing.query
        return {"url": url, "method": outgoing.method, "headers": self._headers(account, outgoing, url), "body": outgoing.body}

    def _row(self, webhook_id: int) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._store.run("select * from webhooks where id = ?", (webhook_id,)).fetchone()
        return row

    def _put(self, account_id: str, webhook_id: int, delay: float = 0.0) -> None:
        if account_id not in self._workers:
            account = self._store.account(account_id)
            lanes = 1 if account is None else int(account.options.get("parallel", 1))
            self._workers[account_id] = [asyncio.create_task(self._work(account_id)) for _ in range(max(1, min(lanes, 64)))]
        if delay <= 0:
            self._queues[account_id].put_nowait(webhook_id)
            return

        def now() -> None:
            self._late.discard(handle)
            self._queues[account_id].put_nowait(webhook_id)

        handle = asyncio.get_running_loop().call_later(delay, now)
        self._late.add(handle)

    async def _work(self, account_id: str) -> None:
        queue = self._queues[account_id]
        while True:
            webhook_id = await queue.get()
            self._busy += 1
            try:
                await self._deliver(webhook_id)
            finally:
                self._busy = max(0, self._busy - 1)

    async def _deliver(self, webhook_id: int) -> None:
        row = self._row(webhook_id)
        account = None if row is None else self._store.account(row["account_id"])
        if row is None or account is None or row["state"] != "waiting":
            return
        outgoing, provider = _outgoing(row), self._providers[account.provider]
        times = 1
        if not row["attempts"] and webhook_id not in self._overtaken:
            fault = self._faults.take(account, webhooks=True)
            if fault is not None and fault.kind == "disorder":
                self._overtaken.add(webhook_id)
                self._put(account.id, webhook_id, 0.5 if fault.seconds is None else fault.seconds)
                return
            times = 1 if fault is None else 2
        self._overtaken.discard(webhook_id)
        url = account.webhooks.get(outgoing.hook) or row["url"]
        if not await self._introduced(account, provider, url, webhook_id):
            status = 0
        else:
            for _ in range(times):
                status = await self._attempt(account, outgoing, url + outgoing.query, webhook_id)
        attempts = row["attempts"] + 1
        if 200 <= status < 300:
            state = "delivered"
        elif attempts >= provider.most_attempts or outgoing.spoil or (status and provider.gives_up(outgoing, status)):
            state = "dropped"
        else:
            state = "waiting"
            wait = float(account.options.get("retry_seconds", FIRST_WAIT_SECONDS)) * 2.0 ** min(attempts - 1, 10)
            self._put(account.id, webhook_id, min(wait, LONGEST_WAIT_SECONDS))
        keeps = state == "waiting" or row["size"] <= MOST_LOGGED_BYTES
        self._store.run(
            "update webhooks set state = ?, attempts = ?, url = ?, body = ? where id = ?",
            (state, attempts, url, outgoing.body if keeps else b"", webhook_id),
        )

    async def _introduced(self, account: Account, provider: Signer, url: str, webhook_id: int) -> bool:
        """Whether the address has shown that it is ours, asked once per address."""
        asked = provider.challenge(account, url)
        known = account.state.setdefault("verified", [])
        if asked is None or url in known:
            return True
        answer = await self._request(account, webhook_id, "GET", asked[0], b"", {})
        is_ours = answer is not None and answer.status_code == 200 and answer.text == asked[1]
        if is_ours:
            known.append(url)
            self._store.keep_account(account)
        return is_ours

    async def verify(self, account: Account, hook: str) -> bool:
        """Ask the address of a webhook for its challenge now."""
        url = account.webhooks.get(hook, "")
        account.state["verified"] = [known for known in account.state.get("verified", []) if known != url]
        return bool(url) and await self._introduced(account, self._providers[account.provider], url, 0)

    def _headers(self, account: Account, outgoing: Outgoing, url: str) -> dict[str, str]:
        at = time.time() - (STALE_SECONDS if outgoing.spoil == "stale" else 0)
        signed = dict(self._providers[account.provider].sign(account, outgoing, url, at))
        if outgoing.spoil == "no_signature":
            signed = {name: value for name, value in signed.items() if not name.lower().startswith(_SIGNATURES)}
        if outgoing.spoil == "bad_signature":
            signed = {name: _spoilt(name, value) for name, value in signed.items()}
        typed = {"content-type": outgoing.content_type} if outgoing.content_type and outgoing.method == "POST" else {}
        return {**typed, **outgoing.headers, **signed}

    async def _attempt(self, account: Account, outgoing: Outgoing, url: str, webhook_id: int) -> int:
        headers = self._headers(account, outgoing, url)
        answer = await self._request(account, webhook_id, outgoing.method, url, outgoing.body, headers)
        return 0 if answer is None else answer.status_code

    async def _request(
        self, account: Account, webhook_id: int, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx2.Response | None:
        began = time.perf_counter()
        answer: httpx2.Response | None = None
        try:
            answer = await self._client.request(method, self._localise(url), content=body or None, headers=dict(headers))
            status, detail = answer.status_code, answer.text[:500]
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            status, detail = 0, f"{type(error).__name__}: {error}"[:500]
        spent = (time.perf_counter() - began) * 1000
        self._store.run(
            "insert into attempts (webhook_id, account_id, at, status, ms, detail, headers) values (?, ?, ?, ?, ?, ?, ?)",
            (webhook_id, account.id, time.time(), status, round(spent, 1), detail, json.dumps(dict(headers))),
        )
        return answer


def _outgoing(row: sqlite3.Row) -> Outgoing:
    return Outgoing(
        hook=row["hook"],
        body=bytes(row["body"]),
        content_type=row["content_type"],
        method=row["method"],
        query=row["query"],
        spoil=row["spoil"],
        headers=json.loads(row["headers"]),
    )


def _spoilt(name: str, value: str) -> str:
    """Another signature of the same length and alphabet; other headers stay."""
    if not name.lower().startswith(_SIGNATURES) or name.lower().endswith("timestamp"):
        return value
    place = len(value) // 2
    with contextlib.suppress(IndexError):
        return value[:place] + ("a" if value[place] != "a" else "b") + value[place + 1 :]
    return value
