"""Reports: the preview, the settings and what was sent."""

import re
from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid
from omni_app.insights.report_content import NAMES
from omni_app.insights.report_periods import KINDS, check_kind
from omni_app.insights.report_rules import load_rules, set_rules
from omni_app.insights.reports import Recipient, SendView, ask_report, list_sends, load_recipients, preview_report
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.words import count, when, zone_of

PAGE_SIZE = 10
HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]
FIELDS = {"daily": "Daily", "weekly": "Weekly", "monthly": "Monthly"}

_FARED = {"sent": "sent", "kept": "kept in the mailbox", "queued": "on its way", "failed": "not sent", "": "sent long ago"}


@dataclass
class SendLine:
    """`status`: waiting, sent, failed, skipped, nobody. `people` has a line for each address."""

    id: str
    name: str
    period: str
    at: str
    by: str
    status: str
    people: list[str]


class ReportsState(ViewerState, rx.State):
    kind: str = "weekly"
    is_plain: bool = False
    preview_for: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    is_empty: bool = False

    kinds: list[str] = []
    hour: str = "9"
    recipients: str = ""
    skip_empty: bool = True
    stamp: int = 0
    """Grows when the settings were read, so that the form shows them."""
    place: str = ""
    gets: str = ""
    """Who gets reports now, in words."""

    sends: list[SendLine] = []
    number: int = 1
    pages: int = 1

    @loader
    async def load(self) -> None:
        await watch(self, ReportsState.on_live, ("report",), every=1.0)
        self.is_plain = False
        await self._read()
        await self._read_sends(1)

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read_sends(self.number)

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            rules = await load_rules(db)
            gets = await load_recipients(db, rules)
            self.place = (await load_business(db)).timezone
        self.kinds, self.hour, self.skip_empty = list(rules.kinds), str(rules.hour), rules.skip_empty
        self.recipients = "\n".join(rules.recipients)
        self.gets = _names(gets) + ("" if rules.recipients or not gets else " (owners)")
        self.stamp += 1

    async def _read_sends(self, number: int) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            found = await list_sends(db, number, PAGE_SIZE)
        self.sends = [
            SendLine(
                id=str(send.id),
                name=NAMES[send.span.kind],
                period=send.span.title(),
                at=when(send.created_at, zone),
                by=send.asked_by,
                status=_status(send),
                people=[_fared(recipient) for recipient in send.recipients],
            )
            for send in found.items
        ]
        self.number, self.pages = found.page, max(1, -(-found.total // PAGE_SIZE))

    @handler
    async def turn(self, number: int) -> None:
        await self._read_sends(max(1, int(number)))

    @handler
    async def refresh(self) -> None:
        await self._read_sends(self.number)

    @handler
    async def show_first(self) -> Any:
        """The preview takes a second to draw, so it comes after the rest of the page."""
        self.busy = "preview"
        yield
        await self._preview(self.kind)

    @handler
    async def show(self, kind: str) -> Any:
        self.kind, self.preview_for, self.busy = check_kind(kind), "", "preview"
        yield
        await self._preview(kind)

    async def _preview(self, kind: str) -> None:
        viewer = await current_viewer(self)
        preview = await preview_report(viewer.scope(), kind)
        self.subject, self.html, self.text = preview.subject, preview.html, preview.text
        self.is_empty = preview.is_empty
        self.preview_for = f"{kind}-{preview.span.start}-{self.stamp}"

    @handler
    async def set_look(self, look: str) -> None:
        self.is_plain = look == "text"

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        ticked = [kind for kind in KINDS if isinstance(form, dict) and form.get(kind) in ("on", True)]
        hour = form_text(form, "hour")
        if hour not in dict(HOURS):
            raise Invalid("Choose an hour.", field="hour")
        addresses = [part for part in re.split(r"[\s,;]+", form_text(form, "recipients")) if part]
        skips = isinstance(form, dict) and form.get("skip_empty") in ("on", True)
        async with viewer_db(self) as db:
            await set_rules(db, kinds=ticked, hour=int(hour), recipients=addresses, skip_empty=skips)
        await self._read()
        yield said("Settings saved" if ticked else "Saved. No report goes out.")

    @handler
    async def send(self, to: str) -> Any:
        self.busy = f"send-{to}"
        yield
        viewer = await current_viewer(self)
        async with viewer_db(self) as db:
            sent = await ask_report(db, self.kind, "me" if to == "me" else "all", viewer.email)
        await self._read_sends(1)
        yield said(f"The {self.kind} report is on its way to {_names(sent)}")


def _names(emails: list[str]) -> str:
    if len(emails) <= 2:
        return " and ".join(emails) or "nobody"
    return f"{emails[0]} and {count(len(emails) - 1, 'other')}"


def _status(send: SendView) -> str:
    if send.status == "sent" and any(recipient.status == "failed" for recipient in send.recipients):
        return "failed"
    return send.status


def _fared(recipient: Recipient) -> str:
    why = f": {recipient.error}" if recipient.status == "failed" and recipient.error else ""
    return f"{recipient.email}, {_FARED.get(recipient.status, recipient.status)}{why}"
