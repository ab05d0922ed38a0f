"""Mailbox: the mails Omni wrote to the person who is signed in."""

from dataclasses import dataclass

import reflex as rx

from omni_app.infra.errors import NotFound
from omni_app.notices.mailbox import list_mails, load_mail_page
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, handler, loader, parse_id, viewer_db
from omni_app.ui.components import badge, empty_state, loaded, mail_frame, page_header, pager, panel, segmented
from omni_app.ui.navigation import NavEntry
from omni_app.ui.shell import page
from omni_app.ui.words import when, zone_of

PAGE_SIZE = 20


@dataclass
class MailLine:
    id: str
    subject: str
    text: str
    at: str
    status: str
    error: str
    has_page: bool


class MailboxState(ViewerState, rx.State):
    mails: list[MailLine] = []
    number: int = 1
    pages: int = 1
    open_id: str = ""
    subject: str = ""
    text: str = ""
    at: str = ""
    status: str = ""
    error: str = ""
    html: str = ""
    is_plain: bool = False

    @loader
    async def load(self) -> None:
        await self._read(1)

    @handler
    async def turn(self, number: int) -> None:
        await self._read(max(1, int(number)))

    async def _read(self, number: int) -> None:
        viewer = await current_viewer(self)
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
        found = await list_mails(viewer.email, number, PAGE_SIZE)
        self.mails = [
            MailLine(
                id=str(mail.id),
                subject=mail.subject,
                text=mail.text,
                at=when(mail.created_at, zone),
                status=mail.status,
                error=mail.error,
                has_page=mail.has_html,
            )
            for mail in found.items
        ]
        self.number, self.pages = found.page, max(1, -(-found.total // PAGE_SIZE))
        await self._show(self.mails[0] if self.mails else None)

    @handler
    async def read(self, mail_id: str) -> None:
        mail = next((mail for mail in self.mails if mail.id == mail_id), None)
        if mail is None:
            raise NotFound("mail")
        await self._show(mail)

    async def _show(self, mail: MailLine | None) -> None:
        mail = mail or MailLine(id="", subject="", text="", at="", status="", error="", has_page=False)
        viewer = await current_viewer(self)
        # Only the open mail's page is read: one with pictures weighs more than a whole list of texts.
        self.html = await load_mail_page(viewer.email, parse_id(mail.id, "mail")) if mail.has_page else ""
        self.open_id, self.subject, self.text, self.at = mail.id, mail.subject, mail.text, mail.at
        self.status, self.error = mail.status, mail.error

    @handler
    async def set_look(self, look: str) -> None:
        self.is_plain = look == "text"


def _line(mail: rx.Var[MailLine]) -> rx.Component:
    return rx.el.button(
        rx.el.span(
            rx.el.span(mail.subject, class_name="med trunc grow"), rx.el.span(mail.at, class_name="t1 mut"), class_name="row"
        ),
        type="button",
        class_name="m",
        custom_attrs={"aria-current": rx.cond(mail.id == MailboxState.open_id, "true", "false")},
        on_click=MailboxState.read(mail.id),
    )


def _status() -> rx.Component:
    return rx.match(
        MailboxState.status,
        ("sent", badge("Sent", "good")),
        ("failed", badge("Not sent", "bad")),
        ("queued", badge("On its way", "info")),
        badge("Kept here"),
    )


def _reader() -> rx.Component:
    has_page = MailboxState.html != ""
    look = segmented(
        [("page", "Mail"), ("text", "Plain text")],
        rx.cond(MailboxState.is_plain, "text", "page"),
        MailboxState.set_look,
        "How to show it",
    )
    return rx.el.article(
        rx.el.div(rx.el.h2(MailboxState.subject, class_name="h2 grow", dir="auto"), _status(), class_name="row"),
        rx.el.div(
            rx.el.p(
                "From Omni, ",
                MailboxState.at,
                rx.cond((MailboxState.status == "failed") & (MailboxState.error != ""), ". " + MailboxState.error, ""),
                class_name="mut t1",
            ),
            rx.cond(has_page, look),
            class_name="row between",
            style={"flexWrap": "wrap", "gap": "8px"},
        ),
        rx.cond(
            has_page & ~MailboxState.is_plain,
            rx.el.div(mail_frame(MailboxState.html, MailboxState.subject, MailboxState.open_id), style={"marginTop": "14px"}),
            # The columns of a report stand under each other in a font of one width only.
            rx.el.pre(
                MailboxState.text,
                dir="auto",
                style={"fontFamily": rx.cond(has_page, "var(--mono)", "inherit"), "fontSize": rx.cond(has_page, "12.5px", "")},
            ),
        ),
        class_name="read",
        aria_live="polite",
    )


@page(
    "/mailbox",
    title="Mailbox",
    on_load=MailboxState.load,
    nav=NavEntry(group="Set up", label="Mailbox", icon="mail", order=50),
)
def mailbox() -> rx.Component:
    content = rx.cond(
        MailboxState.mails.length() > 0,
        rx.el.div(
            rx.el.div(
                rx.foreach(MailboxState.mails, _line),
                pager(MailboxState.number, MailboxState.pages, MailboxState.turn),
                class_name="list",
                aria_label="Mails",
            ),
            _reader(),
            class_name="mails",
        ),
        empty_state("No mail yet", "Omni writes when someone is invited, a password changes or a report is due.", "mail"),
    )
    return rx.el.div(
        page_header("Mailbox", "What Omni wrote to you. Until a mail server is set up, mails stay here."),
        panel(loaded(MailboxState, content, "Mail could not be loaded", MailboxState.load)),
        class_name="page",
    )
