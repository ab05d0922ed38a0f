"""Failures to play, each for a counted number of requests."""

import itertools
import random
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from embedded.sandbox.accounts import JSON, Account

FaultKind = Literal[
    "rate_limited",
    "server_error",
    "slow",
    "timeout_after_accept",
    "timeout_before_accept",
    "duplicate",
    "disorder",
    "revoked",
    "window_closed",
    "reject",
    "fail_later",
]
"""rate_limited: 429 with Retry-After. server_error: 500. slow: answers after `seconds`. timeout_*: the connection breaks without
an answer, after or before the message was taken. revoked: the key or token is no longer valid. window_closed: only templates go
out. reject: refused for good with `code` and `text`. fail_later: accepted, then reported as failed. Of webhooks: duplicate: sent
twice; disorder: sent `seconds` late, so that what follows comes first."""
KINDS: tuple[str, ...] = get_args(FaultKind)
OF_WEBHOOKS = ("duplicate", "disorder")
_UNTIL_CLEARED = ("revoked", "window_closed")


@dataclass(slots=True, kw_only=True)
class Fault:
    """`left` requests are still to fail, None until cleared; of those that come `share` (0 to 1) are hit."""

    id: int
    kind: str
    account_id: str = ""
    provider: str = ""
    left: int | None = 1
    seconds: float | None = None
    retry_after: int = 1
    code: str = ""
    text: str = ""
    share: float = 1.0

    def as_json(self) -> JSON:
        return asdict(self)


class Faults:
    """The failures in force, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._dice = random.Random(5)

    def add(self, given: JSON) -> Fault:
        """Raises ValueError when the kind is unknown or a number is none."""
        kind = str(given.get("kind", ""))
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        count = given.get("count", None if kind in _UNTIL_CLEARED else 1)
        fault = Fault(
            id=next(self._ids),
            kind=kind,
            account_id=str(given.get("account", "")),
            provider=str(given.get("provider", "")),
            left=None if count is None else int(count),
            seconds=None if given.get("seconds") is None else float(given["seconds"]),
            retry_after=int(given.get("retry_after", 1)),
            code=str(given.get("code", "")),
            text=str(given.get("text", "")),
            share=float(given.get("share", 1.0)),
        )
        self._faults.append(fault)
        return fault

    def take(self, account: Account, *, webhooks: bool = False, but: tuple[str, ...] = ()) -> Fault | None:
        """The failure this request meets, counted down; None when it meets none."""
        for fault in self._faults:
            if (fault.kind in OF_WEBHOOKS) != webhooks or fault.kind in but:
                continue
            if fault.account_id not in ("", account.id) or fault.provider not in ("", account.provider):
                continue
            if fault.share < 1.0 and self._dice.random() >= fault.share:
                continue
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    def clear(self, fault_id: int | None = None, account_id: str = "") -> None:
        """End one, those of an account, or all."""
        if fault_id is None and not account_id:
            self._faults.clear()
        self._faults = [
            fault for fault in self._faults if fault.id != fault_id and (not account_id or fault.account_id != account_id)
        ]

    def all(self) -> list[Fault]:
        return list(self._faults)
