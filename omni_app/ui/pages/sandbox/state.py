"""What the sandbox page shows and does."""

import html
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from omni_app.channels.simulating import (
    FAULTS,
    PlayedMessage,
    clear_faults,
    list_faults,
    list_messages,
    list_phones,
    list_threads,
    list_webhooks,
    play_fault,
    say,
    send_webhook_again,
)
from omni_app.infra.errors import Invalid, NotFound
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.words import when, zone_of

LIVE_KINDS = ("message.created", "message.changed", "channel.changed")

# A small picture and a second of silence, so that files can be tried without having any at hand.
_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGM8c+YMAwMDEwMDAwMDAwAWXgJ3yU2IVQAAAABJRU5ErkJggg=="
_SILENCE = "T2dnUwACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ=="

KINDS = [
    ("text", "Text"),
    ("image", "Picture"),
    ("voice", "Voice note"),
    ("document", "Document"),
    ("location", "Location"),
    ("reaction", "Reaction 👍 to the last answer"),
    ("unsupported", "Something no program can show"),
    ("batch", "Three messages at once"),
    ("twice", "The same message twice"),
]
MAIL_KINDS = [
    ("text", "Mail"),
    ("html", "Mail with HTML, signature and a quote"),
    ("file", "Mail with a file"),
    ("auto", "Automatic reply (out of office)"),
    ("latin", "Mail in another character set"),
    ("twice", "The same mail twice"),
]

_STATES = {
    "sent": "sent",
    "processed": "sent",
    "delivered": "delivered",
    "read": "read",
    "open": "opened",
    "failed": "failed",
    "typing": "read, is typing",
    "bounce": "came back",
    "dropped": "not sent",
}


@dataclass
class PhoneLine:
    id: str
    channel: str
    name: str


@dataclass
class ThreadLine:
    address: str
    name: str
    last: str
    at: str


@dataclass
class BubbleLine:
    id: str
    is_ours: bool
    text: str
    subject: str
    at: str
    state: str
    choices: list[str] = field(default_factory=list)


@dataclass
class HookLine:
    id: str
    what: str
    at: str
    answer: str
    is_good: bool
    tries: int


class SandboxState(ViewerState, rx.State):
    phones: list[PhoneLine] = []
    phone: str = ""
    channel: str = ""
    threads: list[ThreadLine] = []
    address: str = ""
    name: str = ""
    bubbles: list[BubbleLine] = []
    hooks: list[HookLine] = []
    faults: list[str] = []
    is_new: bool = False
    draft_key: int = 0
    """Grows when a message was sent, so that the box is empty again."""
    is_away: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, SandboxState.on_live, LIVE_KINDS, every=0.5)
        async with viewer_db(self) as db:
            phones = await list_phones(db)
        self.phones = [PhoneLine(id=str(one.connection_id), channel=one.channel, name=one.name) for one in phones]
        if self.phones and self.phone not in {line.id for line in self.phones}:
            self.phone, self.channel, self.address = self.phones[0].id, self.phones[0].channel, ""
        if self.phones:
            await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        if self.phone:
            await self._read()

    @handler
    async def pick_phone(self, phone_id: str) -> None:
        line = next((one for one in self.phones if one.id == phone_id), None)
        if line is None:
            raise NotFound("sandbox connection")
        self.phone, self.channel, self.address, self.is_new = line.id, line.channel, "", False
        await self._read()

    @handler
    async def pick_thread(self, address: str) -> None:
        self.address, self.is_new = str(address)[:320], False
        await self._read()

    @handler
    async def set_new(self, is_new: bool) -> None:
        self.is_new = bool(is_new)

    @handler
    async def start(self, form: dict[str, Any]) -> None:
        """Become another customer; they exist for Omni once they write."""
        address, name = form_text(form, "address"), form_text(form, "name")
        if self.channel == "email" and "@" not in address:
            raise Invalid("Write a mail address, like ann@example.com.", "address")
        if self.channel != "email":
            digits = "".join(filter(str.isdigit, address))
            if not 8 <= len(digits) <= 15:
                raise Invalid("Write a number with its country code, like +1 902 555 0123.", "address")
            address = digits
        if not 1 <= len(name) <= 80:
            raise Invalid("Give this customer a name.", "name")
        self.address, self.name, self.is_new, self.bubbles = address[:320], name, False, []
        if not any(line.address == address for line in self.threads):
            self.threads = [ThreadLine(address=address, name=name, last="", at=""), *self.threads]

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        self.busy = "send"
        yield
        text, kind, subject = form_text(form, "text"), form_text(form, "kind") or "text", form_text(form, "subject")
        if not text and kind in {"text", "twice", "batch", "html", "latin", "auto"}:
            raise Invalid("Write what the customer says.", "text")
        await self._say(self._given(kind, text, subject))
        self.draft_key += 1
        await self._read()

    @handler
    async def press(self, title: str, message_id: str) -> None:
        await self._say({"type": "button_reply", "text": str(title)[:200], "reply_id": str(title)[:200], "reply_to": message_id})
        await self._read()

    async def _say(self, given: dict[str, Any]) -> None:
        if not self.address:
            raise Invalid("Choose who you are first.")
        viewer = await current_viewer(self)
        sender = {"from": self.address, "name": self.name}
        await say(viewer.scope(), parse_id(self.phone, "sandbox connection"), {**given, **sender})

    def _given(self, kind: str, text: str, subject: str) -> dict[str, Any]:
        if self.channel == "email":
            return self._mail(kind, text, subject)
        if kind == "batch":
            return {"messages": [{"text": f"{text} ({number})"} for number in (1, 2, 3)]}
        if kind == "twice":
            return {"text": text, "copies": 2}
        if kind == "reaction":
            last = next((one.id for one in reversed(self.bubbles) if one.is_ours), "")
            if not last:
                raise Invalid("There is no answer to react to yet.", "text")
            return {"type": "reaction", "target": last, "emoji": "👍"}
        files = {
            "image": {"name": "photo.png", "media_type": "image/png", "data": _PICTURE},
            "voice": {"name": "note.ogg", "media_type": "audio/ogg", "data": _SILENCE},
            "document": {"name": "letter.txt", "media_type": "text/plain", "data": "SGVsbG8gZnJvbSB0aGUgc2FuZGJveC4="},
        }
        if kind in files:
            return {"type": kind, "text": text, "file": files[kind]}
        return {"type": kind, "text": text}

    def _mail(self, kind: str, text: str, subject: str) -> dict[str, Any]:
        last = next((one.id for one in reversed(self.bubbles) if one.is_ours), "")
        given: dict[str, Any] = {"text": text, "subject": subject}
        if last and not subject:
            given["reply_to"] = last
        elif not subject:
            given["subject"] = "A question"
        if kind == "html":
            given["html"] = (
                f"<p>{_escaped(text)}</p><p>--<br>{_escaped(self.name)}<br>Sent from my phone</p>"
                '<div class="gmail_quote">On Monday, somebody wrote:<blockquote>What was said before.</blockquote></div>'
            )
            given["text"] = (
                f"{text}\n\n-- \n{self.name}\nSent from my phone\n\nOn Monday, somebody wrote:\n> What was said before."
            )
        elif kind == "file":
            given["files"] = [{"name": "letter.txt", "media_type": "text/plain", "data": "SGVsbG8gZnJvbSB0aGUgc2FuZGJveC4="}]
        elif kind == "auto":
            given["headers"] = {"Auto-Submitted": "auto-replied"}
        elif kind == "latin":
            given["charset"] = "iso-8859-1"
        elif kind == "twice":
            given["copies"] = 2
        return given

    @handler
    async def play(self, form: dict[str, Any]) -> Any:
        count = form_text(form, "count") or "1"
        if not count.isdigit():
            raise Invalid("Write a whole number.", "count")
        viewer = await current_viewer(self)
        await play_fault(viewer.scope(), parse_id(self.phone, "sandbox connection"), form_text(form, "fault"), int(count[:4]))
        await self._read()
        return said("The provider will fail as you chose")

    @handler
    async def clear(self) -> Any:
        viewer = await current_viewer(self)
        await clear_faults(viewer.scope(), parse_id(self.phone, "sandbox connection"))
        await self._read()
        return said("Everything works again")

    @handler
    async def again(self, hook_id: str) -> Any:
        if not str(hook_id).isdigit():
            raise NotFound("webhook")
        viewer = await current_viewer(self)
        await send_webhook_again(viewer.scope(), parse_id(self.phone, "sandbox connection"), int(hook_id))
        await self._read()
        return said("Sent once more: Omni has to notice that it has it already")

    async def _read(self) -> None:
        viewer, connection_id = await current_viewer(self), parse_id(self.phone, "sandbox connection")
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
        scope = viewer.scope()
        threads = await list_threads(scope, connection_id)
        known = [
            ThreadLine(address=one.address, name=one.name or one.address, last=one.last_text, at=when(one.last_at, zone))
            for one in threads
        ]
        fresh = [line for line in self.threads if line.address == self.address and not line.last]
        self.threads = [*[line for line in fresh if line.address not in {one.address for one in known}], *known]
        if not self.address and self.threads:
            self.address = self.threads[0].address
        self.name = next((line.name for line in self.threads if line.address == self.address), self.name)
        messages = await list_messages(scope, connection_id, self.address) if self.address else []
        self.bubbles = [_bubble(one, when(one.at, zone)) for one in messages]
        self.hooks = [
            HookLine(
                id=str(one.id),
                what=one.hook,
                at=when(one.at, zone),
                answer=f"{one.status or 'no answer'} after {one.milliseconds} ms" if one.tries else "on its way",
                is_good=200 <= one.status < 300,
                tries=one.tries,
            )
            for one in await list_webhooks(scope, connection_id)
        ]
        self.faults = [
            FAULTS.get(one.kind, one.kind) + (f" ({one.left} more)" if one.left is not None else "")
            for one in await list_faults(scope, connection_id)
        ]


def _bubble(message: PlayedMessage, at: str) -> BubbleLine:
    shown = message.text or {"image": "Picture", "audio": "Voice note", "voice": "Voice note"}.get(message.kind, message.kind)
    return BubbleLine(
        id=message.id,
        is_ours=message.is_ours,
        text=shown,
        subject=message.subject,
        at=at,
        state=_STATES.get(message.state, message.state) if message.is_ours else "",
        choices=list(message.choices),
    )


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
