"""What the sandbox page shows and does."""

import asyncio
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from omni_app.channels.simulating import (
    Played,
    clear_faults,
    list_phones,
    play_fault,
    say,
    send_webhook_again,
    watch_phone,
)
from omni_app.conversations.addressed import find_conversation
from omni_app.infra.errors import Invalid, NotFound, Unavailable
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.sandbox.acting import act, press_choice, propose_customer, read_address, write_mail
from omni_app.ui.pages.sandbox.showing import (
    BubbleLine,
    HookLine,
    PhoneLine,
    ThreadLine,
    bubble_lines,
    fault_words,
    hook_line,
    made_thread,
    phone_line,
    thread_line,
)
from omni_app.ui.words import zone_of

LIVE_KINDS = ("message.created", "message.changed", "channel.changed")
# How long a webhook that is sent once more is waited for.
PATIENCE_SECONDS = 2.0

_EMPTY_COMPOSER = "document.getElementById('sandbox-composer')?.reset(); document.getElementById('f-text')?.focus()"
_FOCUS_COMPOSER = "requestAnimationFrame(() => document.getElementById('f-text')?.focus())"
_FOCUS_NAME = "requestAnimationFrame(() => document.getElementById('f-name')?.focus())"


class SandboxState(ViewerState, rx.State):
    phones: list[PhoneLine] = []
    phone: str = ""
    kind: str = ""
    channel: str = ""
    trouble: str = ""
    threads: list[ThreadLine] = []
    address: str = ""
    name: str = ""
    bubbles: list[BubbleLine] = []
    conversation: str = ""
    """The id of this customer's conversation in the inbox; empty before there is one."""
    hooks: list[HookLine] = []
    faults: list[str] = []
    is_new: bool = False
    new_name: str = ""
    new_address: str = ""
    is_away: bool = False
    """The simulator did not answer when something changed."""
    is_gone: bool = False
    """The simulator has no account for this connection."""

    @rx.var
    def is_mail(self) -> bool:
        return self.channel == "email"

    @loader
    async def load(self) -> None:
        await watch(self, SandboxState.on_live, LIVE_KINDS, every=0.5)
        await self._read_phones()
        if self.phones:
            await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        if not self.phone:
            return
        if note.get("kind") == "channel.changed":
            await self._read_phones()
        try:
            await self._read()
        except Unavailable:
            self.is_away = True

    @handler
    async def pick_phone(self, phone_id: str) -> None:
        line = next((one for one in self.phones if one.id == phone_id), None)
        if line is None:
            raise NotFound("sandbox connection")
        self._take(line)
        await self._read()

    @handler
    async def pick_thread(self, address: str) -> None:
        self.address, self.is_new = str(address)[:320], False
        await self._read()

    @handler
    async def begin_new(self) -> Any:
        self.new_name, self.new_address = propose_customer(self.channel, len(self.threads))
        self.is_new = True
        return rx.call_script(_FOCUS_NAME)

    @handler
    async def stop_new(self) -> None:
        self.is_new = False

    @handler
    async def start(self, form: dict[str, Any]) -> Any:
        """Become another customer; they exist for Omni once they write."""
        name = form_text(form, "name")
        address = read_address(self.channel, self.kind, form_text(form, "address"))
        if not 1 <= len(name) <= 80:
            raise Invalid("Give this customer a name of at most 80 letters.", "name")
        self.address, self.name, self.is_new, self.bubbles, self.conversation = address, name, False, [], ""
        if not any(line.address == address for line in self.threads):
            self.threads = [made_thread(address, name), *self.threads]
        await self._read()
        return rx.call_script(_FOCUS_COMPOSER)

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        self.busy = "send"
        yield
        text, kind, subject = form_text(form, "text"), form_text(form, "kind") or "text", form_text(form, "subject")
        last = next((one.id for one in reversed(self.bubbles) if one.is_ours), "")
        given = write_mail(kind, text, subject[:200], self.name, last) if self.is_mail else act(self.channel, kind, text, last)
        await self._say(given)
        await self._read()
        yield rx.call_script(_EMPTY_COMPOSER)

    @handler
    async def press(self, title: str, message_id: str) -> None:
        await self._say(press_choice(self.kind, str(title)[:200], str(message_id)[:300]))
        await self._read()

    @handler
    async def play(self, form: dict[str, Any]) -> Any:
        count = form_text(form, "count") or "1"
        if not (count.isascii() and count.isdigit()):
            raise Invalid("Write a whole number.", "count")
        viewer = await current_viewer(self)
        await play_fault(viewer.scope(), self._connection(), form_text(form, "fault"), int(count[:4]))
        await self._read()
        return said("The provider fails as you chose")

    @handler
    async def clear(self) -> Any:
        viewer = await current_viewer(self)
        await clear_faults(viewer.scope(), self._connection())
        await self._read()
        return said("The provider works again")

    @handler
    async def again(self, hook_id: str) -> Any:
        if not (str(hook_id).isascii() and str(hook_id).isdigit()):
            raise NotFound("webhook")
        viewer = await current_viewer(self)
        newest = self.hooks[0].id if self.hooks else ""
        await send_webhook_again(viewer.scope(), self._connection(), int(hook_id))
        for _ in range(int(PATIENCE_SECONDS / 0.2)):
            await self._read()
            if self.hooks and self.hooks[0].id != newest and self.hooks[0].tries:
                break
            await asyncio.sleep(0.2)
        return said("Sent once more. Omni notices that it knows it")

    async def _say(self, given: dict[str, Any]) -> None:
        if not self.address:
            raise Invalid("Choose who you are first.")
        viewer = await current_viewer(self)
        await say(viewer.scope(), self._connection(), {**given, "from": self.address, "name": self.name})

    def _connection(self) -> UUID:
        return parse_id(self.phone, "sandbox connection")

    def _take(self, line: PhoneLine) -> None:
        self.phone, self.kind, self.channel, self.trouble = line.id, line.kind, line.channel, line.trouble
        self.address, self.name, self.is_new, self.conversation = "", "", False, ""
        self.threads, self.bubbles = [], []

    async def _read_phones(self) -> None:
        async with viewer_db(self) as db:
            self.phones = [phone_line(one) for one in await list_phones(db)]
        chosen = next((line for line in self.phones if line.id == self.phone), None)
        if chosen is not None:
            self.trouble = chosen.trouble
        elif self.phones:
            self._take(self.phones[0])
        else:
            self.phone = ""

    async def _read(self) -> None:
        """Everything of the chosen connection, from the simulator. Raises `Unavailable`."""
        viewer, connection_id = await current_viewer(self), self._connection()
        try:
            played = await watch_phone(viewer.scope(), connection_id, self.address)
        except NotFound:
            self.is_gone = True
            return
        address = self.address or (played.threads[0].address if played.threads else "")
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            conversation_id = await find_conversation(db, connection_id, address) if address else None
        self.is_gone = self.is_away = False
        self.address, self.conversation = address, str(conversation_id or "")
        self._show(played, zone)

    def _show(self, played: Played, zone: ZoneInfo) -> None:
        known = [thread_line(one, zone) for one in played.threads]
        addresses = {line.address for line in known}
        # Who has not written yet exists on this page only.
        fresh = [line for line in self.threads if line.address == self.address and line.address not in addresses]
        self.threads = [*fresh, *known]
        self.name = next((line.name for line in self.threads if line.address == self.address), self.name)
        self.bubbles = bubble_lines(played.messages, zone)
        self.hooks = [hook_line(one, zone) for one in played.webhooks]
        self.faults = [fault_words(one) for one in played.faults]
