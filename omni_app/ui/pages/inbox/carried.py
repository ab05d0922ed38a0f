"""What a message carries beside its text: files, places, people, orders, reactions, and what was folded away."""

import reflex as rx

from omni_app.ui.components import button, dialog, form_actions, icon
from omni_app.ui.pages.inbox.file_shapes import File
from omni_app.ui.pages.inbox.lines import Line
from omni_app.ui.pages.inbox.mail_state import MailState
from omni_app.ui.pages.inbox.message_shapes import Card, Reaction
from omni_app.ui.pages.inbox.thread_state import ThreadState


def _open(file: rx.Var[File], content: rx.Component, class_name: str) -> rx.Component:
    return rx.el.button(
        content,
        type="button",
        class_name=class_name,
        title=file.name,
        aria_label="Open " + file.name + rx.cond(file.size != "", ", " + file.size, ""),
        on_click=ThreadState.open_file(file.id),
    )


def _chip(file: rx.Var[File]) -> rx.Component:
    return _open(
        file,
        rx.fragment(
            icon("file_text", "s"), rx.el.bdi(file.name, class_name="trunc"), rx.el.span(file.size, class_name="mut num")
        ),
        "file",
    )


def _picture(file: rx.Var[File]) -> rx.Component:
    image = rx.el.img(src=rx.cond(file.thumb != "", file.thumb, file.url), alt=file.name, loading="lazy")
    return rx.cond((file.thumb != "") | (file.url != ""), _open(file, image, "thumb"), _chip(file))


def _play(file: rx.Var[File], label: str, icon_name: str) -> rx.Component:
    """Until it is played nothing is loaded: the link works for five minutes only."""
    return rx.el.button(
        icon(icon_name, "s"),
        rx.el.span(label, class_name="med"),
        rx.el.span(file.size, class_name="mut num"),
        type="button",
        class_name="file play",
        aria_label=label + ", " + file.name,
        on_click=ThreadState.play(file.id),
    )


def _sound(file: rx.Var[File]) -> rx.Component:
    player = rx.el.audio(
        src=file.url, controls=True, auto_play=True, class_name="player", custom_attrs={"aria-label": "Voice note"}
    )
    said = rx.el.div(
        icon("captions", "xs"),
        rx.el.span(rx.el.span("Transcript: ", class_name="sr"), file.transcript, dir="auto"),
        class_name="transcript",
    )
    return rx.el.div(
        rx.cond(file.url != "", player, _play(file, "Play the sound", "play")),
        rx.cond(file.transcript != "", said),
        class_name="sound",
    )


def _video(file: rx.Var[File]) -> rx.Component:
    player = rx.el.video(src=file.url, controls=True, auto_play=True, class_name="player", custom_attrs={"aria-label": file.name})
    still = rx.el.button(
        rx.el.img(src=file.thumb, alt="", loading="lazy"),
        rx.el.span(icon("play"), class_name="over"),
        type="button",
        class_name="thumb",
        aria_label="Play the video, " + file.name,
        on_click=ThreadState.play(file.id),
    )
    start = rx.cond(file.thumb != "", still, _play(file, "Play the video", "play"))
    return rx.cond(file.url != "", player, start)


def _absent(file: rx.Var[File]) -> rx.Component:
    """A file that is not there (yet), and why."""
    mark = rx.match(
        file.status,
        ("pending", icon("loader_circle", "s", "spin")),
        ("refused", icon("shield_alert", "s")),
        icon("circle_alert", "s"),
    )
    words = rx.match(file.status, ("pending", "Not here yet. "), ("refused", "Not taken. "), "This could not be fetched. ")
    return rx.el.div(
        mark,
        rx.el.span(rx.el.bdi(file.name, class_name="med"), " ", rx.el.span(words, file.problem, class_name="mut")),
        class_name=rx.cond(file.status == "pending", "file absent", "file absent warn"),
    )


def _file(file: rx.Var[File]) -> rx.Component:
    return rx.cond(
        file.status == "stored",
        rx.match(file.kind, ("image", _picture(file)), ("audio", _sound(file)), ("video", _video(file)), _chip(file)),
        _absent(file),
    )


def files(line: rx.Var[Line]) -> rx.Component:
    return rx.cond(line.files.length() > 0, rx.el.div(rx.foreach(line.files, _file), class_name="files"))


def cards(line: rx.Var[Line]) -> rx.Component:
    """A place, people, an order; or what Omni cannot show."""
    mark = rx.match(
        line.form,
        ("location", icon("map_pin")),
        ("contacts", icon("contact_round")),
        ("order", icon("shopping_bag")),
        icon("circle_help"),
    )

    def card(item: rx.Var[Card]) -> rx.Component:
        return rx.el.div(
            mark,
            rx.el.div(
                rx.el.b(rx.el.bdi(item.title), class_name="med"),
                rx.cond(item.about != "", rx.el.div(rx.el.bdi(item.about), class_name="mut")),
                rx.cond(
                    item.link != "",
                    rx.el.a(
                        item.link_text,
                        icon("external_link", "xs"),
                        href=item.link,
                        target="_blank",
                        rel="noopener noreferrer",
                        class_name="link",
                    ),
                ),
                class_name="grow",
            ),
            class_name="carried",
        )

    return rx.foreach(line.cards, card)


def reactions(line: rx.Var[Line]) -> rx.Component:
    def reaction(item: rx.Var[Reaction]) -> rx.Component:
        return rx.el.span(
            item.emoji, class_name="react", title=item.who, role="img", aria_label=item.who + " reacted with " + item.emoji
        )

    return rx.cond(line.reactions.length() > 0, rx.el.div(rx.foreach(line.reactions, reaction), class_name="reacts"))


def above(line: rx.Var[Line]) -> rx.Component:
    """What a reader has to know before the text."""
    return rx.cond(line.chosen != "", rx.el.div(icon("list_checks", "xs"), line.chosen, class_name="lead"))


def below(line: rx.Var[Line]) -> rx.Component:
    """What was folded away under a mail, its head and its original; whether the text was changed."""
    fold = rx.el.details(
        rx.el.summary(icon("ellipsis", "s"), "Show quoted text"),
        rx.el.div(line.folded, class_name="folded", dir="auto"),
        class_name="unfold",
    )
    return rx.fragment(
        rx.cond(line.folded != "", fold),
        rx.cond(line.is_mail, _mail(line)),
        rx.cond(line.mark != "", _changed(line)),
    )


def _changed(line: rx.Var[Line]) -> rx.Component:
    """That the customer changed a message, and on request what it said before."""
    return rx.cond(
        line.before != "",
        rx.el.details(
            rx.el.summary(icon("pencil", "xs"), line.mark),
            rx.el.div(line.before, class_name="folded", dir="auto"),
            class_name="unfold",
        ),
        rx.el.div(icon("pencil", "xs"), line.mark, class_name="lead"),
    )


def _mail(line: rx.Var[Line]) -> rx.Component:
    is_shown = MailState.shown.message_id == line.id
    people = rx.el.button(
        icon("users", "xs"),
        rx.cond(is_shown, "Hide sender and recipients", "Sender and recipients"),
        type="button",
        class_name="quiet",
        custom_attrs={"aria-expanded": rx.cond(is_shown, "true", "false")},
        on_click=MailState.show_head(line.id),
    )
    original = rx.el.button(
        icon("mail_open", "xs"),
        "Show original",
        type="button",
        class_name="quiet",
        on_click=MailState.show_original(line.id),
    )
    return rx.fragment(
        rx.el.div(people, rx.cond(line.has_html, original), class_name="row wrap mail-acts"), rx.cond(is_shown, _mail_head())
    )


def _mail_head() -> rx.Component:
    shown = MailState.shown

    def entry(label: str, value: rx.Var[str]) -> rx.Component:
        return rx.cond(value != "", rx.fragment(rx.el.dt(label), rx.el.dd(rx.el.bdi(value))))

    return rx.el.dl(
        entry("From", shown.sender),
        entry("To", shown.receivers),
        entry("Cc", shown.copies),
        entry("Subject", shown.subject),
        class_name="mail-head",
    )


def original_dialog() -> rx.Component:
    """A mail as its sender made it: no script runs and nothing is loaded from elsewhere, so nobody learns that it was read."""
    return dialog(
        MailState.original != "",
        "The mail as it was sent",
        rx.el.div(
            icon("shield_check", "s"),
            rx.el.span("Pictures from elsewhere are blocked: loading one tells its sender that you read it.", class_name="grow"),
            class_name="row mut t1 shielded",
        ),
        rx.el.div(
            rx.el.iframe(
                src=MailState.original,
                sandbox="allow-popups allow-popups-to-escape-sandbox",
                referrer_policy="no-referrer",
                title="The mail as it was sent",
                key=MailState.original,
                style={"display": "block", "width": "100%", "height": "64dvh", "minHeight": "320px", "border": "0"},
            ),
            class_name="original",
        ),
        form_actions(button("Close the mail", on_click=MailState.close_original(False))),
        on_close=MailState.close_original,
        wide=True,
    )
