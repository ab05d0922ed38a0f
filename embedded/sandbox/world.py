"""What the simulated providers share: accounts, threads, failures, webhooks, and the states a sent message goes through."""

import asyncio
import json
import secrets
import time
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.routing import BaseRoute

from embedded.sandbox.accounts import JSON, Account, Contact, Message, Outgoing
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.hooks import Hooks, Signer
from embedded.sandbox.store import Store

DEFAULT_DELAY_MS = 400
SLOW_SECONDS = 3.0


class Misused(Exception):
    """The control API was asked for something that cannot be; the text says what."""


class Provider(Signer, Protocol):
    """One provider's side."""

    kind: str
    hooks: tuple[str, ...]

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        """(credentials, options) of a new account; `given` may name some. Raises `Misused`."""
        ...

    def routes(self) -> list[BaseRoute]:
        """Its HTTP interface."""
        ...

    def inbound(self, account: Account, given: JSON) -> list[str]:
        """A customer does something. Returns the ids of the messages. Raises `Misused`."""
        ...

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        """The states an accepted message goes through by itself."""
        ...

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        """Tell Omni that a message got this far."""
        ...


class World:
    """The state of the simulator. `own_hosts` are the hosts webhooks may be sent to beside this machine."""

    def __init__(self, store: Store, public: str = "", local: str = "") -> None:
        self.store = store
        self.faults = Faults()
        self.providers: dict[str, Provider] = {}
        self._public, self._local = public.rstrip("/"), local.rstrip("/")
        self.hooks = Hooks(store, self.faults, self.providers, self.localise)
        self._steps: set[asyncio.TimerHandle] = set()
        self.mail_ports: dict[str, int] = {}
        self.base = ""
        """Where the simulator itself answers, for the addresses of files."""

    def localise(self, url: str) -> str:
        """The address on this machine of a public address of the product."""
        if self._public and self._local and url.startswith(self._public + "/"):
            return self._local + url[len(self._public) :]
        return url

    def check_url(self, url: str) -> None:
        """Webhooks go to this machine and to the product only. Raises `Misused`."""
        parts = urlsplit(url)
        hosts = {"localhost", "127.0.0.1", "::1", urlsplit(self._public).hostname}
        if url and (parts.scheme not in ("http", "https") or parts.hostname not in hosts):
            raise Misused(f"a webhook address must be on this machine: {url}")

    # --- accounts ---

    def open_account(self, given: JSON) -> Account:
        """Raises `Misused`."""
        provider = self.provider(str(given.get("provider", "")))
        credentials, options = provider.new_account(given)
        account = Account(
            id=str(given.get("id") or secrets.token_hex(6)),
            provider=provider.kind,
            name=str(given.get("name") or provider.kind),
            credentials=credentials,
            options={**options, **{k: v for k, v in dict(given.get("options", {})).items() if v is not None}},
            created_at=time.time(),
        )
        if self.store.account(account.id) is not None:
            raise Misused(f"there is an account {account.id} already")
        self.set_webhooks(account, given)
        self.store.keep_account(account)
        return account

    def set_webhooks(self, account: Account, given: JSON) -> None:
        """`webhook_url` for all hooks of the provider, `webhooks` {hook: address} for some."""
        provider = self.provider(account.provider)
        if "webhook_url" in given:
            account.webhooks = dict.fromkeys(provider.hooks, str(given["webhook_url"] or ""))
        named = {str(hook): str(url or "") for hook, url in dict(given.get("webhooks", {})).items()}
        if unknown := set(named) - set(provider.hooks):
            raise Misused(f"{provider.kind} has the webhooks {', '.join(provider.hooks)}, not {', '.join(sorted(unknown))}")
        account.webhooks = {**account.webhooks, **named}
        for url in account.webhooks.values():
            self.check_url(url)

    def provider(self, kind: str) -> Provider:
        """Raises `Misused`."""
        if kind not in self.providers:
            raise Misused(f"provider must be one of {', '.join(sorted(self.providers))}")
        return self.providers[kind]

    def account(self, account_id: str, provider: str = "") -> Account:
        """Raises `Misused`."""
        account = self.store.account(account_id)
        if account is None and not account_id and len(found := self.store.accounts(provider)) == 1:
            account = found[0]
        if account is None or provider not in ("", account.provider):
            raise Misused(f"there is no {provider} account {account_id or '(name one)'}")
        return account

    # --- in ---

    def hear(
        self,
        account: Account,
        address: str,
        message_id: str,
        kind: str,
        text: str,
        detail: JSON,
        *,
        name: str = "",
        at: float | None = None,
        **contact: Any,
    ) -> Message:
        """Keep what a customer wrote in the thread; it opens the reply window."""
        at = time.time() if at is None else at
        known = self.store.contact(account.id, address) or Contact(account_id=account.id, address=address)
        known.name = name or known.name
        known.last_inbound_at = max(at, known.last_inbound_at or 0.0)
        known.details |= contact
        self.store.keep_contact(known)
        return self.store.add_message(
            Message(
                id=message_id,
                account_id=account.id,
                provider=account.provider,
                direction="in",
                address=address,
                kind=kind,
                text=text,
                detail=detail,
                states=[],
                at=at,
            )
        )

    def post(self, account: Account, hook: str, body: Any, given: JSON, content_type: str = "application/json") -> int:
        """Send one webhook: `given["copies"]` times, spoilt as `given["malformed"]` says, after `given["delay"]` seconds."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        spoil = str(given.get("malformed", ""))
        outgoing = Outgoing(hook=hook, body=spoil_body(raw, spoil), content_type=content_type, spoil=spoil)
        for _ in range(max(1, min(int(given.get("copies", 1)), 100))):
            webhook_id = self.hooks.send(account, outgoing, float(given.get("delay", 0)))
        return webhook_id

    # --- out ---

    async def meet(self, account: Account, request: Request | None) -> Fault | None:
        """The failure the sending request meets; a slow one is waited out here, one before acceptance breaks the connection."""
        fault = self.faults.take(account)
        if fault is None:
            return None
        if fault.kind == "slow":
            await asyncio.sleep(SLOW_SECONDS if fault.seconds is None else fault.seconds)
        if fault.kind == "timeout_before_accept" and request is not None:
            await self.break_off(fault, request)
        return fault

    async def break_off(self, fault: Fault | None, request: Request) -> None:
        """Leave the caller without an answer when the failure says so, after `seconds`."""
        if fault is not None and fault.kind in ("timeout_before_accept", "timeout_after_accept"):
            await asyncio.sleep(fault.seconds or 0.0)
            request.scope["break_off"]()

    def accept(
        self, account: Account, address: str, message_id: str, kind: str, text: str, detail: JSON, fault: Fault | None = None
    ) -> Message:
        """Take a message of Omni's: one row each time, and its states follow."""
        message = self.store.add_message(
            Message(
                id=message_id,
                account_id=account.id,
                provider=account.provider,
                direction="out",
                address=address,
                kind=kind,
                text=text,
                detail=detail,
                states=[["accepted", time.time()]],
                at=time.time(),
            )
        )
        states = list(self.provider(account.provider).path_of(account, message))
        if fault is not None and fault.kind == "fail_later":
            self._walk(account, message, [*states[:1], "failed"], {"code": fault.code, "text": fault.text})
        elif account.options.get("statuses", "auto") == "auto":
            self._walk(account, message, states, {})
        return message

    def _walk(self, account: Account, message: Message, states: Sequence[str], error: JSON) -> None:
        if not states:
            return

        def step() -> None:
            self._steps.discard(handle)
            if self.store.account(account.id) is account:
                self.tell(account, message, states[0], error if states[0] == "failed" else {})
                self._walk(account, message, states[1:], error)

        delay = float(account.options.get("delay_ms", DEFAULT_DELAY_MS)) / 1000
        handle = asyncio.get_running_loop().call_later(delay, step)
        self._steps.add(handle)

    def tell(self, account: Account, message: Message, state: str, error: JSON) -> None:
        """A message got this far: note it and send the provider's webhook."""
        self.store.note_state(message, state)
        self.provider(account.provider).report(account, message, state, error)

    # --- all of it ---

    @property
    def is_idle(self) -> bool:
        """Whether no status is due and no webhook is on its way."""
        return not self._steps and self.hooks.is_idle

    def is_revoked(self, account: Account) -> bool:
        """Whether its key or token counts as withdrawn now."""
        return any(
            fault.kind == "revoked" and fault.account_id in ("", account.id) and fault.provider in ("", account.provider)
            for fault in self.faults.all()
        )

    def reset(self, *, keep_accounts: bool) -> None:
        """Forget threads, failures and webhooks; accounts too unless they are to stay."""
        for handle in self._steps:
            handle.cancel()
        self._steps.clear()
        self.hooks.forget()
        self.faults.clear()
        self.store.empty(keep_accounts=keep_accounts)

    async def stop(self) -> None:
        for handle in self._steps:
            handle.cancel()
        await self.hooks.stop()
        self.store.close()


def spoil_body(body: bytes, spoil: str) -> bytes:
    """What is wrong with a body on purpose; a wrong signature is not its matter."""
    if spoil == "truncated":
        return body[: max(1, len(body) * 2 // 3)]
    if spoil == "not_json":
        return b"\x00\xff<html>this is no JSON"
    if spoil == "wrong_shape":
        return b'{"object": 7, "entry": {"id": ["x"], "changes": "none"}, "update_id": "12", "message": []}'
    if spoil == "wrong_list":
        return b'[[1, 2], "text", {"event": {"a": 1}, "timestamp": "soon", "sg_event_id": 5}, null]\r\n'
    if spoil == "empty":
        return b""
    return body
