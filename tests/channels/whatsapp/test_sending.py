"""What leaves for Meta, and what its answers mean."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.adapters.whatsapp import ADAPTER
from omni_app.channels.adapters.whatsapp.formatting import to_whatsapp
from omni_app.channels.adapters.whatsapp.settings import WhatsAppSettings
from omni_app.channels.contract import Identifier, InboundMedia, OutboundFile, OutboundMessage, TemplateUse
from omni_app.channels.failures import Refused, Revoked, Uncertain
from omni_app.infra.egress import Guard
from omni_app.infra.errors import Unavailable
from omni_app.infra.http import Http
from tests.channels.whatsapp.payloads import USER_ID
from tests.channels.whatsapp.samples import SETTINGS
from tests.stubs.provider_stub import ProviderStub

DELIVERY = UUID("0197f3a0-0000-7000-8000-000000000001")
PHONE = Identifier(kind="phone", value="+16505551234")
YES = json.dumps({"messages": [{"id": "wamid.OUT"}]}).encode()


@pytest.fixture
def meta() -> Iterator[ProviderStub]:
    with ProviderStub() as stub:
        stub.answer_with(200, YES)
        yield stub


def settings_of(meta: ProviderStub) -> WhatsAppSettings:
    return WhatsAppSettings.model_validate({**SETTINGS, "graph_url": meta.url})


def http_to(meta: ProviderStub) -> Http:
    return Http(guard=Guard(allow=meta.host))


def draft(text: str = "Hello", **values: Any) -> OutboundMessage:
    return OutboundMessage(**{"delivery_id": DELIVERY, "to": (PHONE,), "text": text, **values})


async def sent(meta: ProviderStub, message: OutboundMessage) -> Any:
    """The body of the send itself."""
    receipt = await ADAPTER.send(message, settings_of(meta), http_to(meta))
    assert receipt.provider_id == "wamid.OUT"
    return meta.asked[-1].json()


async def test_a_text_goes_to_the_number_with_our_id(meta: ProviderStub) -> None:
    body = await sent(meta, draft("It costs **$189**, see [prices](https://x.test/p).", answers_id="wamid.IN"))
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "type": "text",
        "text": {"body": "It costs *$189*, see prices (https://x.test/p).", "preview_url": False},
        "context": {"message_id": "wamid.IN"},
        "biz_opaque_callback_data": str(DELIVERY),
    }
    asked = meta.asked[-1]
    assert asked.path == "/v24.0/106540352242922/messages"
    assert asked.headers["authorization"] == "Bearer EAAtest"


async def test_who_has_no_number_is_written_to_by_id(meta: ProviderStub) -> None:
    body = await sent(meta, draft(to=(Identifier(kind="external", value=USER_ID),)))
    assert body["recipient"] == USER_ID
    assert "to" not in body
    both = await sent(meta, draft(to=(Identifier(kind="external", value=USER_ID), PHONE)))
    assert both["to"] == "16505551234"


async def test_a_template_is_filled_in_by_number_or_by_name(meta: ProviderStub) -> None:
    numbered = TemplateUse(name="visit", language="en_US", variables={"2": "Monday", "1": "Ana"}, header_text="News")
    body = await sent(meta, draft("", template=numbered))
    assert body["template"] == {
        "name": "visit",
        "language": {"code": "en_US"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "News"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "Monday"}]},
        ],
    }
    named = TemplateUse(name="visit", language="de", variables={"header:name": "Ana", "day": "Montag", "button:0": "abc"})
    components = (await sent(meta, draft("", template=named)))["template"]["components"]
    assert components == [
        {"type": "header", "parameters": [{"type": "text", "parameter_name": "name", "text": "Ana"}]},
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "day", "text": "Montag"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "abc"}]},
    ]


async def test_what_stands_at_the_top_of_a_template_goes_as_a_link_or_as_a_file(meta: ProviderStub) -> None:
    def use(kind: str, media: str) -> TemplateUse:
        return TemplateUse(name="menu", language="en_US", header_kind=kind, header_media=media)

    for kind, media, shown in (
        ("image", "https://shop.example/menu.jpg", {"link": "https://shop.example/menu.jpg"}),
        ("document", "https://shop.example/a%20b.pdf?x", {"link": "https://shop.example/a%20b.pdf?x", "filename": "a b.pdf"}),
    ):
        body = await sent(meta, draft("", template=use(kind, media)))
        assert body["template"]["components"] == [{"type": "header", "parameters": [{"type": kind, kind: shown}]}]
    picture = OutboundFile(name="a.gif", media_type="image/gif", data=b"GIF89a")
    with pytest.raises(Refused, match="takes an image"):
        await sent(meta, draft("", template=use("image", "file:x"), files=(picture,)))


async def test_choices_are_buttons_then_a_list_then_words(meta: ProviderStub) -> None:
    few = await sent(meta, draft("When?", choices=("Monday", "Tuesday")))
    assert [one["reply"]["title"] for one in few["interactive"]["action"]["buttons"]] == ["Monday", "Tuesday"]
    more = await sent(meta, draft("When?", choices=tuple(f"Day {at}" for at in range(5))))
    assert len(more["interactive"]["action"]["sections"][0]["rows"]) == 5
    many = await sent(meta, draft("When?", choices=tuple(f"Day {at}" for at in range(12))))
    assert many["text"]["body"].startswith("When?\n\n1. Day 0\n2. Day 1")
    wordy = await sent(meta, draft("When?", choices=("On Monday the 4th in the morning", "Never")))
    (row, _) = wordy["interactive"]["action"]["sections"][0]["rows"]
    assert len(row["title"]) <= 24
    assert row["description"] == "On Monday the 4th in the morning"


async def test_a_file_is_uploaded_and_sent_by_its_id(meta: ProviderStub) -> None:
    meta.answer_with(200, json.dumps({"id": "MEDIA1", "messages": [{"id": "wamid.OUT"}]}).encode())
    file = OutboundFile(name="x-ray.pdf", media_type="application/pdf", data=b"%PDF-1.4")
    body = await sent(meta, draft("Your **x-ray**", files=(file,)))
    assert body["document"] == {"id": "MEDIA1", "caption": "Your *x-ray*", "filename": "x-ray.pdf"}
    upload = meta.asked[0]
    assert upload.path == "/v24.0/106540352242922/media"
    assert b"%PDF-1.4" in upload.body
    assert b'name="messaging_product"' in upload.body


@pytest.mark.parametrize(
    "message",
    [
        draft("x" * 4097),
        draft("  "),
        draft(to=(Identifier(kind="email", value="a@b.test"),)),
        draft("words", files=(OutboundFile(name="a.ogg", media_type="audio/ogg", data=b"x"),)),
        draft("", files=(OutboundFile(name="a.ogg", media_type="audio/ogg", data=b"x" * (17 * 1024 * 1024)),)),
    ],
)
async def test_what_meta_cannot_take_is_not_sent(message: OutboundMessage, meta: ProviderStub) -> None:
    with pytest.raises(Refused):
        await ADAPTER.send(message, settings_of(meta), http_to(meta))
    assert meta.asked == []


@pytest.mark.parametrize(
    ("status", "code", "expected", "kind"),
    [
        (400, 131047, Refused, "window_closed"),
        (400, 131026, Refused, "recipient"),
        (400, 131049, Refused, "later"),
        (400, 131050, Refused, "opted_out"),
        (404, 132001, Refused, "template"),
        (400, 132015, Refused, "template"),
        (400, 100, Refused, "refused"),
        (401, 190, Revoked, ""),
        (403, 10, Revoked, ""),
        (403, 299, Revoked, ""),
        (403, 131031, Revoked, ""),
        (402, 131042, Revoked, ""),
        (429, 130429, Unavailable, ""),
        (400, 131056, Unavailable, ""),
        (500, 131000, Unavailable, ""),
        (500, 9, Unavailable, ""),
    ],
)
async def test_a_code_of_meta_says_what_to_do(status: int, code: int, expected: Any, kind: str, meta: ProviderStub) -> None:
    error = {"message": f"(#{code}) Words", "code": code, "error_data": {"details": "More words"}}
    meta.answer_with(status, json.dumps({"error": error}).encode())
    with pytest.raises(expected) as problem:
        await ADAPTER.send(draft(), settings_of(meta), http_to(meta))
    assert "More words" in str(problem.value)
    if isinstance(problem.value, Refused):
        assert (problem.value.kind, problem.value.provider_code) == (kind, str(code))


async def test_writing_too_often_to_one_person_waits_for_seconds(meta: ProviderStub) -> None:
    meta.answer_with(400, b'{"error":{"code":"131056","message":"pair rate"}}')
    with pytest.raises(Unavailable) as problem:
        await ADAPTER.send(draft(), settings_of(meta), http_to(meta))
    assert problem.value.retry_after == timedelta(seconds=6)


@pytest.mark.parametrize(("status", "answer"), [(200, b"<html>"), (200, b"{}"), (504, b"gateway time-out")])
async def test_an_answer_that_names_no_message_is_no_receipt(status: int, answer: bytes, meta: ProviderStub) -> None:
    meta.answer_with(status, answer)
    with pytest.raises(Uncertain):
        await ADAPTER.send(draft(), settings_of(meta), http_to(meta))


async def test_typing_marks_the_message_as_read(meta: ProviderStub) -> None:
    await ADAPTER.show_typing("wamid.IN", settings_of(meta), http_to(meta))
    assert meta.asked[-1].json() == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"},
    }


async def test_a_file_of_the_wrong_name_is_not_asked_for(meta: ProviderStub) -> None:
    with pytest.raises(Refused):
        await ADAPTER.fetch(InboundMedia(kind="image", ref="../me?x="), settings_of(meta), http_to(meta), 1000)
    assert meta.asked == []


async def test_a_withdrawn_token_is_said_in_metas_words(meta: ProviderStub) -> None:
    meta.answer_with(401, b'{"error":{"message":"Error validating access token: Session has expired","code":190}}')
    result = await ADAPTER.check(settings_of(meta), http_to(meta))
    assert (result.is_ok, result.is_revoked) == (False, True)
    assert result.text == "Meta says: Error validating access token: Session has expired"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*italic* and _italic_", "_italic_ and _italic_"),
        ("***both***", "*_both_*"),
        ("~~gone~~", "~gone~"),
        ("# Prices\nA: 1", "*Prices*\nA: 1"),
        ("## **Prices**", "*Prices*"),
        ("[us](https://x.test/a_b_c)", "us (https://x.test/a_b_c)"),
        ("[https://x.test](https://x.test)", "https://x.test"),
        ("![map](https://x.test/m.png)", "map (https://x.test/m.png)"),
        ("- one\n- two\n* three", "- one\n- two\n* three"),
        ("`a*b*` stays", "`a*b*` stays"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("snake_case_name", "snake_case_name"),
        (r"\*not bold\*", "*not bold*"),
        ("---", "———"),
    ],
)
def test_markdown_becomes_whatsapps_own_signs(markdown: str, shown: str) -> None:
    assert to_whatsapp(markdown) == shown


@given(st.text(alphabet="ab *_~`#[]()!\\-\n", max_size=60))
@settings(max_examples=150, deadline=None)
def test_the_shown_text_is_never_longer(text: str) -> None:
    assert len(to_whatsapp(text)) <= len(text)
