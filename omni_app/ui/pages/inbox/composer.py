"""Where staff write: a reply to the customer, or a note to the team.

The text is the browser's own until it is sent: `inbox.js` keeps it, shows the canned answers for "/", and tells the server what
was typed so far through hidden fields.
"""

import reflex as rx

from omni_app.conversations.receiving import MAX_TEXT
from omni_app.ui.components import badge, button, icon, icon_button
from omni_app.ui.pages.inbox.copies_state import CopiesState
from omni_app.ui.pages.inbox.file_shapes import File
from omni_app.ui.pages.inbox.presence_state import PresenceState
from omni_app.ui.pages.inbox.template_picker import template_picker
from omni_app.ui.pages.inbox.thread_state import ThreadState
from omni_app.ui.pages.inbox.window_state import WindowState
from omni_app.ui.pages.inbox.writing_state import UPLOAD, Canned, WritingState

HEAD = ThreadState.head
IS_NOTE = WritingState.kind == "note"


def countdown() -> rx.Component:
    """How long free text may be sent; `inbox-channels.js` keeps it current and presses the button when the time is up."""
    return rx.cond(
        WindowState.closes_at != "",
        rx.fragment(
            rx.el.span(
                rx.el.span(class_name="ring"),
                rx.el.time(date_time=WindowState.closes_at),
                class_name="win",
                title="After that only templates may be sent, until the customer writes again",
                custom_attrs={"data-closes": WindowState.closes_at},
            ),
            rx.el.button(
                type="button",
                hidden=True,
                tab_index=-1,
                aria_hidden="true",
                on_click=WindowState.look,
                custom_attrs={"data-look": ""},
            ),
        ),
    )


def _hint() -> rx.Component:
    """What a reply does besides being sent."""
    reply = rx.match(
        HEAD.holder,
        ("ai", rx.el.span(icon("sparkles", "xs"), "The AI answers. Your reply takes over.", class_name="hint-line")),
        ("nobody", rx.el.span(icon("hand", "xs"), "No one has it. Your reply takes it.", class_name="hint-line")),
        ("member", rx.el.span(icon("user_check", "xs"), HEAD.holder_name, " has this conversation.", class_name="hint-line")),
        rx.fragment(),
    )
    note = rx.el.span(icon("at_sign", "xs"), "Name a colleague with @, like @Maya.", class_name="hint-line warn")
    return rx.cond(IS_NOTE, note, reply)


# Picking one moves the focus into the text, so an arrow alone must not pick.
_BY_HAND = {"data-by-hand": ""}


def tab(kind: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        role="tab",
        class_name="tab",
        tab_index=rx.cond(WritingState.kind == kind, 0, -1),
        custom_attrs={"aria-selected": rx.cond(WritingState.kind == kind, "true", "false"), "data-kind-tab": kind},
        on_click=WritingState.pick(kind),
    )


def _canned_item(canned: rx.Var[Canned]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span("/" + canned.shortcut, class_name="mut"), rx.el.b(canned.title, class_name="trunc"), class_name="row"
        ),
        rx.el.p(canned.text, class_name="trunc mut t1", dir="auto"),
        id="canned-" + canned.id,
        role="option",
        custom_attrs={"data-canned": canned.text, "data-find": canned.shortcut + " " + canned.title, "aria-selected": "false"},
        key=canned.id,
    )


def _canned() -> rx.Component:
    """The list that "/" opens; `inbox.js` shows, filters and inserts."""
    return rx.el.div(
        rx.el.ul(
            rx.foreach(WritingState.canned, _canned_item),
            role="listbox",
            aria_label="Canned answers",
            id="canned-list",
        ),
        rx.cond(
            WritingState.canned_loaded & (WritingState.canned.length() == 0),
            rx.el.p("No canned answers yet. ", rx.el.a("Write one", href="/canned", class_name="link"), class_name="mut t1"),
        ),
        rx.el.p("No answer fits.", class_name="mut t1 none", hidden=True, custom_attrs={"data-none": ""}),
        rx.el.footer(rx.el.kbd("↑"), rx.el.kbd("↓"), " choose, ", rx.el.kbd("↵"), " insert", class_name="mut t1"),
        class_name="canned-pop",
        hidden=True,
        custom_attrs={"data-canned-pop": ""},
    )


def _file(file: rx.Var[File]) -> rx.Component:
    return rx.el.span(
        icon("paperclip", "xs"),
        rx.el.bdi(file.name, class_name="trunc"),
        rx.el.span(file.size, class_name="mut num"),
        rx.el.button(
            icon("x", "xs"),
            type="button",
            class_name="drop",
            aria_label="Remove " + file.name,
            on_click=WritingState.remove_file(file.id),
        ),
        class_name="file",
    )


def _files() -> rx.Component:
    return rx.cond(
        (WritingState.files.length() > 0) | (WritingState.busy == "upload"),
        rx.el.div(
            rx.foreach(WritingState.files, _file),
            rx.cond(WritingState.busy == "upload", rx.el.span("Uploading…", class_name="mut t1", role="status")),
            class_name="files",
            custom_attrs={"data-files": WritingState.files.length()},
        ),
    )


def _draft_strip() -> rx.Component:
    """What the AI proposed: it is never sent by itself."""

    def act(label: str, style: str) -> rx.Component:
        return button(label, tone="ghost", size="s", class_name="hide-s", custom_attrs={"data-redraft": style})

    return rx.cond(
        WritingState.draft_made != "",
        rx.el.div(
            icon("sparkles", "s"),
            rx.el.span(WritingState.draft_made, class_name="grow trunc", title=WritingState.draft_made),
            act("Shorter", "shorter"),
            act("Warmer", "warmer"),
            button("Discard", tone="ghost", size="s", on_click=WritingState.discard_draft),
            class_name="draft",
            role="status",
        ),
    )


def _tools() -> rx.Component:
    return rx.fragment(
        icon_button("zap", "Canned answers, shortcut slash", "s", custom_attrs={"data-canned-open": ""}),
        rx.cond(
            ~IS_NOTE,
            rx.fragment(
                rx.upload.root(
                    icon_button("paperclip", "Attach a file", "s", custom_attrs={"aria-busy": WritingState.busy == "upload"}),
                    id=UPLOAD,
                    multiple=True,
                    no_drag=True,
                    on_drop=WritingState.upload(rx.upload_files(upload_id=UPLOAD)),
                    class_name="attach",
                    custom_attrs={"data-upload": ""},
                ),
                rx.el.button(
                    rx.cond(WritingState.busy == "draft", icon("loader_circle", "", "spin"), icon("sparkles")),
                    type="button",
                    class_name="ib s",
                    aria_label="Draft with AI",
                    title="Draft with AI",
                    custom_attrs={"data-redraft": "new", "aria-busy": WritingState.busy == "draft"},
                ),
            ),
        ),
    )


def _told(name: str, on_change: rx.EventHandler) -> rx.Component:
    """A field through which `inbox.js` tells the server something."""
    return rx.el.input(
        type="text", hidden=True, tab_index=-1, aria_hidden="true", on_change=on_change, custom_attrs={f"data-tell-{name}": ""}
    )


def _error(words: rx.Var[str]) -> rx.Component:
    return rx.cond(words, rx.el.span(icon("circle_alert", "xs"), rx.el.span(words), class_name="errline"))


def _receivers() -> rx.Component:
    """The head of the mail a reply is: to whom, in copy to whom, under which subject."""
    copies = rx.fragment(
        rx.el.label("Cc", html_for="reply-cc"),
        rx.el.input(
            id="reply-cc",
            name="cc",
            default_value=CopiesState.cc,
            key=ThreadState.conversation_id + CopiesState.opened.to_string(),
            auto_complete="off",
            placeholder="Addresses with commas between them",
            custom_attrs={"aria-invalid": rx.cond(ThreadState.errors["cc"], "true", "false"), "aria-describedby": "reply-error"},
        ),
    )
    add = rx.el.button("Cc", type="button", class_name="quiet", aria_label="Add copies", on_click=CopiesState.open_copies)
    return rx.el.div(
        rx.el.span("To"),
        rx.el.span(rx.el.bdi(CopiesState.receiver, class_name="grow trunc"), rx.cond(CopiesState.is_open, rx.fragment(), add)),
        rx.cond(CopiesState.is_open, copies),
        rx.el.span("Subject"),
        rx.el.span(rx.el.bdi(CopiesState.subject, class_name="grow trunc"), title=CopiesState.subject),
        class_name="to",
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            tab("reply", "Reply"),
            tab("note", "Note"),
            rx.cond(IS_NOTE, rx.el.span(badge("Only your team sees this", "warn", "lock"), class_name="end")),
            class_name="top",
            role="tablist",
            aria_label="What you write",
            custom_attrs=_BY_HAND,
        ),
        rx.cond(~IS_NOTE & CopiesState.is_mail, _receivers()),
        _canned(),
        rx.el.textarea(
            name="text",
            id="reply",
            class_name="tx",
            rows="2",
            placeholder=rx.cond(IS_NOTE, "Write a note for your team", "Write a reply, or / for a canned answer"),
            aria_label=rx.cond(IS_NOTE, "Note about ", "Reply to ") + HEAD.name,
            custom_attrs={
                "dir": "auto",
                "data-limit": MAX_TEXT,
                "aria-describedby": "reply-error",
                "aria-invalid": rx.cond(ThreadState.errors["text"], "true", "false"),
                "aria-controls": "canned-list",
            },
        ),
        rx.el.input(
            type="hidden", name="conversation", default_value=ThreadState.conversation_id, key=ThreadState.conversation_id
        ),
        rx.el.input(type="hidden", name="draft", default_value=""),
        rx.el.input(type="hidden", name="kind", default_value="reply"),
        rx.el.div(
            _error(ThreadState.errors["text"]),
            _error(ThreadState.errors["cc"]),
            _error(ThreadState.errors["attachments"]),
            _error(WritingState.errors["file"]),
            _error(WritingState.errors["text"]),
            id="reply-error",
            role="alert",
        ),
        rx.cond(~IS_NOTE, rx.fragment(_files(), _draft_strip())),
        rx.el.div(
            _tools(),
            _hint(),
            rx.cond(~IS_NOTE, countdown()),
            rx.el.span(class_name="left end num", role="status", custom_attrs={"data-left": ""}),
            button(
                rx.fragment(rx.cond(IS_NOTE, "Add note", "Send"), rx.el.kbd("Ctrl ↵", class_name="hide-s on-solid")),
                tone="primary",
                type="submit",
                busy=ThreadState.busy == "send",
            ),
            class_name="bot",
        ),
        _told("draft", WritingState.keep),
        _told("redraft", WritingState.draft_with_ai),
        rx.el.button(type="button", hidden=True, on_click=WritingState.load_canned, custom_attrs={"data-need-canned": ""}),
        on_submit=ThreadState.send,
        no_validate=True,
        class_name=rx.cond(IS_NOTE, "comp noting", "comp"),
        custom_attrs={
            "data-composer": ThreadState.conversation_id,
            "data-kind": WritingState.kind,
            "data-opened": WritingState.opened,
            "data-saved-reply": WritingState.saved_reply,
            "data-saved-note": WritingState.saved_note,
        },
    )


def _shut() -> rx.Component:
    """No free text may go out; a note may be written all the same."""
    return rx.el.div(
        rx.el.div(
            tab("reply", "Reply"),
            tab("note", "Note"),
            class_name="top",
            role="tablist",
            aria_label="What you write",
            custom_attrs=_BY_HAND,
        ),
        rx.el.p(icon("timer_off", "s"), WindowState.why, class_name="lasts", role="status"),
        rx.cond(WindowState.templates_only, template_picker()),
        class_name="comp",
    )


def _off(*words: rx.Component | str) -> rx.Component:
    return rx.el.div(icon("lock", "s"), rx.el.span(*words, class_name="grow"), class_name="comp off", role="note")


def _collision() -> rx.Component:
    """A colleague writes to the same customer now."""
    return rx.foreach(
        PresenceState.viewers,
        lambda viewer: rx.cond(
            viewer.is_typing,
            rx.el.div(
                icon("pencil", "xs"),
                rx.el.span(rx.el.bdi(viewer.name), " is writing a reply to the same customer."),
                class_name="collides",
            ),
        ),
    )


def composer(may_reply: rx.Var[bool]) -> rx.Component:
    """The form, or why there is none."""
    closed = rx.el.div(
        icon("check", "s"),
        rx.el.span("This conversation is closed. Reopen it to reply.", class_name="grow"),
        button("Reopen", "rotate_ccw", size="s", busy=ThreadState.busy == "reopen", on_click=ThreadState.reopen),
        class_name="comp off",
        role="note",
    )
    return rx.fragment(
        rx.el.div(_collision(), role="status"),
        rx.cond(
            may_reply,
            rx.cond(HEAD.status == "closed", closed, rx.cond(IS_NOTE | WindowState.may_send, _form(), _shut())),
            _off("You can read along. Ask an owner for the role “Agent” to reply."),
        ),
    )
