"""What the simulated providers remember, in one SQLite file: a restart keeps accounts, threads and webhooks still to be sent.

Bounded: of messages, media and finished webhooks only the newest stay. One connection, used from the event loop: a write takes
some ten microseconds, since nothing is forced to disk.
"""

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.sandbox.accounts import JSON, Account, Contact, Message

MOST_MESSAGES = 50_000
MOST_WEBHOOKS = 5_000
MOST_MAILS = 5_000
MOST_CONTACTS = 20_000
MOST_MEDIA_BYTES = 200 * 1024 * 1024
# Longer bodies of delivered webhooks are not kept for the log.
MOST_LOGGED_BYTES = 64 * 1024
_TRIM_EVERY = 500

_SCHEMA = """
create table if not exists accounts (id text primary key, provider text, name text, credentials text, options text,
  webhooks text, state text, created_at real);
create table if not exists contacts (account_id text, address text, name text, last_inbound_at real, details text,
  primary key (account_id, address));
create table if not exists messages (seq integer primary key autoincrement, id text, account_id text, provider text,
  direction text, address text, kind text, text text, detail text, states text, at real);
create index if not exists messages_id on messages (account_id, id);
create index if not exists messages_thread on messages (account_id, address);
create table if not exists media (seq integer primary key autoincrement, id text unique, account_id text, name text,
  media_type text, sha256 text, data blob, at real);
create table if not exists webhooks (id integer primary key autoincrement, account_id text, hook text, url text, method text,
  content_type text, headers text, query text, spoil text, body blob, size integer, state text,
  attempts integer default 0, at real);
create index if not exists webhooks_state on webhooks (state);
create table if not exists attempts (id integer primary key autoincrement, webhook_id integer, account_id text, at real,
  status integer, ms real, detail text, headers text);
create index if not exists attempts_webhook on attempts (webhook_id);
create table if not exists mailbox (account_id text, uid integer, flags text, raw blob, at real, primary key (account_id, uid));
"""
_TABLES = ("accounts", "contacts", "messages", "media", "webhooks", "attempts", "mailbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file a customer or Omni uploaded."""

    id: str
    account_id: str
    name: str
    media_type: str
    sha256: str
    data: bytes


class Store:
    """The file. `path` ":memory:" keeps nothing."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("pragma journal_mode = wal; pragma synchronous = off;" + _SCHEMA)
        self._accounts = {account.id: account for account in self._read_accounts()}
        self._written = 0

    def close(self) -> None:
        self._db.close()

    def run(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        return self._db.execute(statement, tuple(values))

    def empty(self, *, keep_accounts: bool = False) -> None:
        """Forget everything, or everything but the accounts."""
        for table in _TABLES:
            if not (keep_accounts and table == "accounts"):
                self.run(f"delete from {table}")  # noqa: S608
        if not keep_accounts:
            self._accounts.clear()

    # --- accounts ---

    def _read_accounts(self) -> list[Account]:
        return [
            Account(
                id=row["id"],
                provider=row["provider"],
                name=row["name"],
                credentials=json.loads(row["credentials"]),
                options=json.loads(row["options"]),
                webhooks=json.loads(row["webhooks"]),
                state=json.loads(row["state"]),
                created_at=row["created_at"],
            )
            for row in self.run("select * from accounts order by created_at")
        ]

    def keep_account(self, account: Account) -> None:
        """Write a new or changed account."""
        self._accounts[account.id] = account
        texts = map(json.dumps, (account.credentials, account.options, account.webhooks, account.state))
        self.run(
            "insert or replace into accounts values (?, ?, ?, ?, ?, ?, ?, ?)",
            (account.id, account.provider, account.name, *texts, account.created_at),
        )

    def account(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def accounts(self, provider: str = "") -> list[Account]:
        return [account for account in self._accounts.values() if provider in ("", account.provider)]

    def find_account(self, provider: str, **credentials: str) -> Account | None:
        """The account of a provider that has all these credentials."""
        for account in self._accounts.values():
            if account.provider == provider and all(account.credentials.get(key) == value for key, value in credentials.items()):
                return account
        return None

    def remove_account(self, account_id: str) -> None:
        self._accounts.pop(account_id, None)
        self.run("delete from accounts where id = ?", (account_id,))
        for table in _TABLES[1:]:
            self.run(f"delete from {table} where account_id = ?", (account_id,))  # noqa: S608

    # --- customers ---

    def contact(self, account_id: str, address: str) -> Contact | None:
        row = self.run("select * from contacts where account_id = ? and address = ?", (account_id, address)).fetchone()
        return None if row is None else _contact(row)

    def contacts(self, account_id: str) -> list[Contact]:
        return [_contact(row) for row in self.run("select * from contacts where account_id = ? order by rowid", (account_id,))]

    def keep_contact(self, contact: Contact) -> None:
        self.run(
            "insert or replace into contacts values (?, ?, ?, ?, ?)",
            (contact.account_id, contact.address, contact.name, contact.last_inbound_at, json.dumps(contact.details)),
        )

    # --- messages ---

    def add_message(self, message: Message) -> Message:
        found = self.run(
            "insert into messages (id, account_id, provider, direction, address, kind, text, detail, states, at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(message.id, message.account_id, message.provider, message.direction, message.address, message.kind),
                *(message.text, json.dumps(message.detail), json.dumps(message.states), message.at),
            ),
        )
        message.seq = int(found.lastrowid or 0)
        self._trim()
        return message

    def note_state(self, message: Message, state: str) -> None:
        message.states.append([state, time.time()])
        self.run("update messages set states = ? where seq = ?", (json.dumps(message.states), message.seq))

    def message(self, account_id: str, message_id: str) -> Message | None:
        row = self.run(
            "select * from messages where account_id = ? and id = ? order by seq desc limit 1", (account_id, message_id)
        ).fetchone()
        return None if row is None else _message(row)

    def messages(
        self, *, account: str = "", provider: str = "", direction: str = "", address: str = "", after: int = 0, limit: int = 1000
    ) -> list[Message]:
        """Oldest first, of those the newest `limit` after seq `after`."""
        wanted = {"account_id": account, "provider": provider, "direction": direction, "address": address}
        wanted = {name: value for name, value in wanted.items() if value}
        where = " and ".join(["seq > ?", *[f"{name} = ?" for name in wanted]])
        rows = self.run(
            f"select * from messages where {where} order by seq desc limit ?",  # noqa: S608
            (after, *wanted.values(), limit),
        )
        return [_message(row) for row in rows][::-1]

    def count_messages(self, account: str = "", direction: str = "") -> int:
        return int(
            self.run(
                "select count(*) from messages where ? in ('', account_id) and ? in ('', direction)", (account, direction)
            ).fetchone()[0]
        )

    # --- files ---

    def add_media(self, account_id: str, name: str, media_type: str, data: bytes, media_id: str = "") -> Media:
        media = Media(
            id=media_id or secrets.token_hex(12),
            account_id=account_id,
            name=name,
            media_type=media_type,
            sha256=hashlib.sha256(data).hexdigest(),
            data=data,
        )
        self.run(
            "insert into media (id, account_id, name, media_type, sha256, data, at) values (?, ?, ?, ?, ?, ?, ?)",
            (media.id, account_id, name, media_type, media.sha256, data, time.time()),
        )
        self._trim_media()
        return media

    def media(self, media_id: str) -> Media | None:
        row = self.run("select * from media where id = ?", (media_id,)).fetchone()
        if row is None:
            return None
        return Media(
            id=row["id"],
            account_id=row["account_id"],
            name=row["name"],
            media_type=row["media_type"],
            sha256=row["sha256"],
            data=row["data"],
        )

    def remove_media(self, media_id: str) -> None:
        self.run("delete from media where id = ?", (media_id,))

    # --- bounds ---

    def _trim(self) -> None:
        self._written += 1
        if self._written % _TRIM_EVERY:
            return
        self.run("delete from messages where seq <= (select max(seq) from messages) - ?", (MOST_MESSAGES,))
        self.run("delete from webhooks where state <> 'waiting' and id <= (select max(id) from webhooks) - ?", (MOST_WEBHOOKS,))
        self.run("delete from mailbox where rowid <= (select max(rowid) from mailbox) - ?", (MOST_MAILS,))
        # A row is written anew with each message, so those silent for longest go first.
        self.run("delete from contacts where rowid <= (select max(rowid) from contacts) - ?", (MOST_CONTACTS,))
        self.run("delete from attempts where id <= (select max(id) from attempts) - ?", (2 * MOST_WEBHOOKS,))

    def _trim_media(self) -> None:
        over = int(self.run("select coalesce(sum(length(data)), 0) from media").fetchone()[0]) - MOST_MEDIA_BYTES
        for row in self.run("select id, length(data) as size from media order by seq").fetchall() if over > 0 else ():
            if over <= 0:
                break
            self.remove_media(row["id"])
            over -= row["size"]


def _contact(row: sqlite3.Row) -> Contact:
    return Contact(
        account_id=row["account_id"],
        address=row["address"],
        name=row["name"],
        last_inbound_at=row["last_inbound_at"],
        details=json.loads(row["details"]),
    )


def _message(row: sqlite3.Row) -> Message:
    detail: JSON = json.loads(row["detail"])
    return Message(
        seq=row["seq"],
        id=row["id"],
        account_id=row["account_id"],
        provider=row["provider"],
        direction=row["direction"],
        address=row["address"],
        kind=row["kind"],
        text=row["text"],
        detail=detail,
        states=json.loads(row["states"]),
        at=row["at"],
    )
