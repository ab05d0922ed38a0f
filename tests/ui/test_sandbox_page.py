"""What the sandbox page makes of a customer's deed, and of what the simulator says."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from omni_app.channels.simulating import PlayedMessage, PlayedWebhook
from omni_app.infra.errors import Invalid
from omni_app.ui.pages.sandbox.acting import CHAT_KINDS, MAIL_KINDS, act, press_choice, propose_customer, read_address, write_mail
from omni_app.ui.pages.sandbox.samples import picture, voice_note
from omni_app.ui.pages.sandbox.showing import bubble_line, bubble_lines, hook_line
from omni_app.ui.words import zone_of

ZONE = zone_of("UTC")
AT = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


def test_every_choice_does_something() -> None:
    for kind, _ in CHAT_KINDS:
        assert act("whatsapp", kind, "Hello", last="wamid.1")
    for kind, _ in MAIL_KINDS:
        assert write_mail(kind, "Hello", "", "Ann Lee")["subject"]


@pytest.mark.parametrize(
    ("kind", "text", "field"), [("text", "", "text"), ("reaction", "", "kind"), ("earthquake", "Hello", "kind")]
)
def test_what_cannot_be_done_is_said(kind: str, text: str, field: str) -> None:
    with pytest.raises(Invalid) as problem:
        act("whatsapp", kind, text)
    assert problem.value.fields[0].field == field


def test_an_old_character_set_takes_its_letters_only() -> None:
    assert write_mail("latin", "Grüße", "", "Ann")["charset"] == "iso-8859-1"
    with pytest.raises(Invalid):
        write_mail("latin", "你好", "", "Ann")


def test_a_mail_without_a_subject_answers_the_last_one() -> None:
    assert write_mail("text", "Thanks", "", "Ann", last="m1")["reply_to"] == "m1"
    assert "reply_to" not in write_mail("text", "Thanks", "Another matter", "Ann", last="m1")


def test_addresses_are_written_as_the_provider_writes_them() -> None:
    assert read_address("whatsapp", "whatsapp", "+1 902 555 0123") == "19025550123"
    assert read_address("sms", "twilio", "+1 902 555 0123") == "+19025550123"
    assert read_address("email", "smtp", "Ann@Example.com") == "ann@example.com"
    for channel, wrong in (("whatsapp", "555"), ("email", "ann"), ("telegram", "@ann")):
        with pytest.raises(Invalid):
            read_address(channel, channel, wrong)
    for channel in ("whatsapp", "email", "telegram", "sms"):
        assert read_address(channel, channel, propose_customer(channel, 3)[1])


def test_the_files_at_hand_are_what_they_say() -> None:
    assert base64.b64decode(picture()).startswith(b"\x89PNG\r\n\x1a\n")
    assert base64.b64decode(voice_note())[28:36] == b"OpusHead"


def test_a_quick_reply_of_whatsapp_is_pressed_and_elsewhere_written() -> None:
    assert press_choice("whatsapp", "Book", "m1")["type"] == "button_reply"
    assert press_choice("telegram", "Book", "m1")["type"] == "text"


def test_what_was_quoted_is_folded_and_a_loss_stands_out() -> None:
    text = "Thanks.\n\nOn Thu, 12 Mar 2026 at 09:30, support@harbour.example wrote:\n> We open at eight.\n"
    line = bubble_line(_message(text=text, is_ours=False, state=""), ZONE)
    assert (line.text, line.state) == ("Thanks.", "")
    assert line.quote.startswith("On Thu, 12 Mar 2026")
    lost = bubble_line(_message(text="Hello", is_ours=True, state="bounce"), ZONE)
    assert (lost.state, lost.is_lost) == ("came back", True)


@pytest.mark.parametrize(
    ("status", "tries", "state", "words", "tone"),
    [
        (200, 1, "delivered", "Taken, 12 ms", "good"),
        (0, 0, "waiting", "On its way", "info"),
        (0, 0, "kept", "Kept: no address", "warn"),
        (500, 2, "waiting", "Omni failed (500), comes again", "bad"),
        (401, 1, "dropped", "Signature refused (401)", "bad"),
    ],
)
def test_what_omni_did_with_a_webhook_is_said(status: int, tries: int, state: str, words: str, tone: str) -> None:
    line = hook_line(PlayedWebhook(id=1, hook="whatsapp", state=state, tries=tries, status=status, milliseconds=12, at=AT), ZONE)
    assert (line.answer, line.tone) == (words, tone)


def _message(*, text: str, is_ours: bool, state: str) -> PlayedMessage:
    return PlayedMessage(id="m1", is_ours=is_ours, kind="mail", text=text, subject="", choices=(), files=(), state=state, at=AT)


def test_a_reaction_stands_on_its_message_the_newest_of_each_side() -> None:
    def reaction(text: str, target: str, *, is_ours: bool, state: str = "sent") -> PlayedMessage:
        made = _message(text=text, is_ours=is_ours, state=state)
        return replace(made, id=f"{text}{target}{is_ours}{state}", kind="reaction", target=target)

    talk = [_message(text="Hello", is_ours=False, state=""), reaction("👍", "m1", is_ours=True)]
    (line,) = bubble_lines([*talk, reaction("❤️", "m1", is_ours=True), reaction("🙏", "m1", is_ours=False)], ZONE)
    assert line.reactions == ["❤️ the business", "🙏 you"]
    (line,) = bubble_lines([*talk, reaction("", "m1", is_ours=True)], ZONE)
    assert line.reactions == []
    lines = bubble_lines([talk[0], reaction("👍", "m1", is_ours=True, state="failed"), reaction("👍", "m0", is_ours=True)], ZONE)
    assert [(one.what, one.reactions) for one in lines] == [("", []), ("Reaction", []), ("Reaction", [])]
