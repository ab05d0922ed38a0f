"""WhatsApp as the simulator plays it, seen with a plain HTTP client."""

import base64
import hashlib
import json
from typing import Any

import httpx2
import pytest

from embedded.sandbox.signing import meta_signature
from tests.embedded.providers import call, open_ear
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.harness.waiting import until

ANA = "491511234567"


@pytest.fixture
async def account(sandbox: Sandbox) -> SandboxAccount:
    return await sandbox.account("whatsapp")


async def send(account: SandboxAccount, token: str = "", **body: Any) -> httpx2.Response:
    url = f"{account.sandbox.url}/graph/v23.0/{account.credentials['phone_number_id']}/messages"
    return await call(
        "POST", url, token or account.credentials["access_token"], json={"messaging_product": "whatsapp", "to": ANA, **body}
    )


def words(text: str = "Hello") -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


async def heard(account: SandboxAccount, **given: Any) -> dict[str, Any]:
    """The first entry's first change of the newest webhook."""
    await account.inbound(ANA, name="Ana", **given)
    request = (await account.requests())[-1]
    change: dict[str, Any] = json.loads(request.body)["entry"][0]["changes"][0]
    return change


async def test_a_message_is_signed_and_stands_in_the_thread(account: SandboxAccount) -> None:
    sent_id = await account.inbound(ANA, name="Ana", text="Grüße")
    [request] = await account.requests()
    assert request.headers["x-hub-signature-256"] == meta_signature(account.credentials["app_secret"], request.body)
    assert b"Gr\\u00fc\\u00dfe" in request.body
    [message] = await account.messages(ANA)
    assert (message["id"], message["direction"], message["text"]) == (sent_id, "in", "Grüße")


async def test_free_text_goes_out_within_a_day_of_the_customers_message_only(account: SandboxAccount) -> None:
    refused = await send(account, **words())
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 131047)
    await account.inbound(ANA, text="Hi")
    taken = await send(account, **words())
    assert (taken.status_code, taken.json()["contacts"][0]["wa_id"]) == (200, ANA)
    assert taken.json()["messages"][0]["id"].startswith("wamid.")
    await account.contact(ANA, window="closed")
    assert (await send(account, **words())).json()["error"]["code"] == 131047
    assert [one["text"] for one in await account.outbox()] == ["Hello"]


async def test_the_closed_window_may_be_told_later(account: SandboxAccount) -> None:
    await account.change(window="later")
    taken = await send(account, **words())
    assert taken.status_code == 200
    await account.sandbox.settled()
    [failed] = [json.loads(one.body) for one in await account.requests() if b'"failed"' in one.body]
    status = failed["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (status["id"], status["errors"][0]["code"]) == (taken.json()["messages"][0]["id"], 131047)


@pytest.mark.parametrize(
    ("template", "language", "parameters", "code"),
    [
        ("appointment_reminder", "en_US", ["Ana", "Monday"], None),
        ("appointment_reminder", "en_US", ["Ana"], 132000),
        ("appointment_reminder", "fr", ["Ana", "lundi"], 132001),
        ("appointment_reminder", "en_US", ["Ana", "a\nb"], 132012),
        ("old_offer", "en_US", ["Ana"], 132015),
        ("new_offer", "en_US", ["a", "b"], 132001),
    ],
)
async def test_templates_go_out_at_any_time_when_they_are_filled_in_rightly(
    account: SandboxAccount, template: str, language: str, parameters: list[str], code: int | None
) -> None:
    filled = [{"type": "body", "parameters": [{"type": "text", "text": one} for one in parameters]}]
    content = {"name": template, "language": {"code": language}, "components": filled}
    answer = await send(account, type="template", template=content)
    if code is None:
        assert answer.status_code == 200
        assert "Hello Ana, this is a reminder of your appointment on Monday." in (await account.outbox())[0]["text"]
    else:
        assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to": "", **words()}, 100),
        ({"to": "12", **words()}, 131009),
        ({"to": "", "recipient": "US.unknown", **words()}, 131026),
        (words("x" * 4097), 100),
        ({"type": "poem", "poem": {}}, 100),
        ({"type": "image", "image": {"id": "1"}}, 131009),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": []}}}, 131009),
        ({"biz_opaque_callback_data": "x" * 513, **words()}, 100),
    ],
)
async def test_what_meta_does_not_take_is_refused(account: SandboxAccount, body: dict[str, Any], code: int) -> None:
    await account.inbound(ANA, text="Hi")
    assert (await send(account, **body)).json()["error"]["code"] == code
    assert await account.outbox() == []


async def test_a_wrong_token_opens_nothing(account: SandboxAccount) -> None:
    answer = await send(account, token="EAAGwrong", **words())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


async def test_a_customer_may_have_no_number(account: SandboxAccount) -> None:
    await account.inbound(user_id="DE.123abc", name="Ana", text="Hi")
    value = json.loads((await account.requests())[0].body)["entry"][0]["changes"][0]["value"]
    assert value["contacts"] == [{"profile": {"name": "Ana"}, "user_id": "DE.123abc"}]
    assert "from" not in value["messages"][0]
    assert (await send(account, to="", recipient="DE.123abc", **words())).status_code == 200


async def test_a_file_is_fetched_by_its_id_with_the_token(account: SandboxAccount) -> None:
    content = {"name": "a.pdf", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.4").decode()}
    change = await heard(account, type="document", text="Look", file=content)
    document = change["value"]["messages"][0]["document"]
    assert (document["filename"], document["caption"], document["mime_type"]) == ("a.pdf", "Look", "application/pdf")
    token = account.credentials["access_token"]
    about = (await call("GET", f"{account.sandbox.url}/graph/v23.0/{document['id']}", token)).json()
    assert (about["file_size"], about["sha256"]) == (8, hashlib.sha256(b"%PDF-1.4").hexdigest())
    assert (await call("GET", about["url"], token)).content == b"%PDF-1.4"
    assert (await call("GET", about["url"])).status_code == 401


async def test_a_file_is_uploaded_and_sent(account: SandboxAccount) -> None:
    base = f"{account.sandbox.url}/graph/v23.0/{account.credentials['phone_number_id']}"
    token = account.credentials["access_token"]
    form: dict[str, Any] = {"files": {"file": ("a.png", b"png", "image/png")}, "data": {"messaging_product": "whatsapp"}}
    media_id = (await call("POST", f"{base}/media", token, **form)).json()["id"]
    await account.inbound(ANA, text="Hi")
    assert (await send(account, type="image", image={"id": media_id, "caption": "You"})).status_code == 200
    assert (await account.outbox())[0]["text"] == "You"


async def test_number_and_templates_can_be_read(account: SandboxAccount) -> None:
    base, token = f"{account.sandbox.url}/graph/v23.0", account.credentials["access_token"]
    number = (await call("GET", f"{base}/{account.credentials['phone_number_id']}", token)).json()
    assert number["display_phone_number"] == "+" + account.credentials["display_phone_number"]
    first = (await call("GET", f"{base}/{account.credentials['waba_id']}/message_templates?limit=4", token)).json()
    rest = (await call("GET", first["paging"]["next"], token)).json()
    names = [one["name"] for one in first["data"] + rest["data"]]
    assert (len(names), names[0], "next" in rest["paging"]) == (8, "hello_world", False)
    assert (await call("GET", f"{base}/1234567", token)).status_code == 400


async def test_statuses_come_by_themselves_and_give_our_id_back(account: SandboxAccount) -> None:
    await account.change(statuses="auto")
    await account.inbound(ANA, text="Hi")
    await send(account, biz_opaque_callback_data="ours", **words())
    await account.sandbox.settled()
    bodies = [json.loads(one.body)["entry"][0]["changes"][0]["value"] for one in await account.requests()]
    statuses = [one["statuses"][0] for one in bodies if "statuses" in one]
    assert [one["status"] for one in statuses] == ["sent", "delivered", "read"]
    assert {one["biz_opaque_callback_data"] for one in statuses} == {"ours"}
    assert statuses[0]["pricing"]["category"] == "service"
    assert [state for state, _ in (await account.outbox())[0]["states"]] == ["accepted", "sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("given", "kind", "wanted"),
    [
        ({"type": "voice"}, "audio", {"voice": True}),
        ({"type": "sticker"}, "sticker", {"animated": False}),
        ({"type": "reaction", "target": "wamid.1", "emoji": "👍"}, "reaction", {"message_id": "wamid.1", "emoji": "👍"}),
        ({"type": "edited", "target": "wamid.1", "text": "No"}, "edit", {"original_message_id": "wamid.1"}),
        ({"type": "deleted", "target": "wamid.1"}, "revoke", {"original_message_id": "wamid.1"}),
        ({"type": "button", "text": "Yes"}, "button", {"text": "Yes"}),
        ({"type": "location", "text": "Home"}, "location", {"name": "Home"}),
        ({"type": "system", "new_number": "4930"}, "system", {"wa_id": "4930"}),
        ({"type": "hologram", "text": "?"}, "hologram", {"body": "?"}),
    ],
)
async def test_messages_of_every_kind(account: SandboxAccount, given: dict[str, Any], kind: str, wanted: dict[str, Any]) -> None:
    message = (await heard(account, **given))["value"]["messages"][0]
    assert message["type"] == kind
    assert message[kind].items() >= wanted.items()


async def test_other_kinds_have_their_own_shape(account: SandboxAccount) -> None:
    reply = (await heard(account, type="list_reply", text="Noon", reply_id="12"))["value"]["messages"][0]["interactive"]
    assert reply == {"type": "list_reply", "list_reply": {"id": "12", "title": "Noon"}}
    form = (await heard(account, type="nfm_reply", response_json="{}"))["value"]["messages"][0]["interactive"]
    assert form["nfm_reply"]["response_json"] == "{}"
    assert (await heard(account, type="contacts"))["value"]["messages"][0]["contacts"][0]["name"]
    assert (await heard(account, type="order"))["value"]["messages"][0]["order"]["product_items"]
    assert (await heard(account, type="unsupported"))["value"]["messages"][0]["errors"][0]["code"] == 131051
    echo = await heard(account, echo=True, text="From my phone")
    assert (echo["field"], echo["value"]["message_echoes"][0]["to"]) == ("smb_message_echoes", ANA)


async def test_several_messages_in_one_request(account: SandboxAccount) -> None:
    change = await heard(account, messages=[{"text": "one"}, {"text": "two"}, {"text": "three"}])
    assert [one["text"]["body"] for one in change["value"]["messages"]] == ["one", "two", "three"]
    assert len(change["value"]["contacts"]) == 1


async def test_news_of_the_account(account: SandboxAccount) -> None:
    await account.inbound(ANA, text="Hi")
    stop = await heard(account, type="preference", value="stop")
    assert (stop["field"], stop["value"]["user_preferences"][0]["value"]) == ("user_preferences", "stop")
    content = {"name": "spring_offer", "language": {"code": "en_US"}, "components": []}
    assert (await send(account, type="template", template=content)).json()["error"]["code"] == 131050
    paused = await heard(account, type="template_status", template="spring_offer", event="PAUSED")
    assert (paused["field"], paused["value"]["event"]) == ("message_template_status_update", "PAUSED")
    assert (await heard(account, type="quality", rating="RED"))["field"] == "phone_number_quality_update"
    assert (await heard(account, type="account_update"))["value"]["event"] == "ACCOUNT_RESTRICTION"
    assert (await heard(account, field="flows", value={"a": 1}))["value"] == {"a": 1}


async def test_the_address_shows_that_it_is_ours_before_anything_is_sent(sandbox: Sandbox) -> None:
    async with open_ear() as ear:
        account = await sandbox.account("whatsapp", ear.url)
        await account.inbound(ANA, text="Hi")
        await until(lambda: ear.bodies)
        target = ear.heard[0][0]
    assert "hub.mode=subscribe" in target
    assert f"hub.verify_token={account.credentials['verify_token']}" in target
    assert len(ear.heard) == 2


async def test_a_read_receipt_shows_on_the_phone(account: SandboxAccount) -> None:
    message_id = await account.inbound(ANA, text="Hi")
    answer = await send(account, status="read", message_id=message_id, typing_indicator={"type": "text"})
    assert answer.json() == {"success": True}
    assert (await account.messages(ANA))[0]["state"] == "typing"
    assert (await send(account, status="read", message_id="wamid.none")).status_code == 400
