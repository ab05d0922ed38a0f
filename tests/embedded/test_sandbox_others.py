"""Instagram, Telegram, Twilio and Exotel as the simulator plays them."""

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from embedded.sandbox.signing import meta_signature, twilio_signature
from tests.embedded.providers import call, open_ear
from tests.harness.simulator import Refused, Sandbox, SandboxAccount
from tests.harness.waiting import until

PHONE = "+491511234567"


async def bodies(account: SandboxAccount) -> list[Any]:
    return [json.loads(one.body) for one in await account.requests()]


# --- Instagram ---------------------------------------------------------------------------------------------------------------


async def direct(account: SandboxAccount, text: str = "Hello", **more: Any) -> httpx2.Response:
    url = f"{account.sandbox.url}/graph/v23.0/{account.credentials['ig_id']}/messages"
    body = {"recipient": {"id": "900"}, "message": {"text": text}, **more}
    return await call("POST", url, account.credentials["access_token"], json=body)


async def test_instagram_counts_bytes_and_hours(sandbox: Sandbox) -> None:
    account = await sandbox.account("instagram")
    assert (await direct(account)).json()["error"]["code"] == 100
    await account.inbound("900", text="Hi")
    assert (await direct(account)).json()["recipient_id"] == "900"
    assert (await direct(account, "ä" * 501)).status_code == 400
    await account.contact("900", window="closed")
    assert (await direct(account)).json()["error"]["code"] == 10
    assert (await direct(account, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")).status_code == 200
    assert len(await account.outbox()) == 2
    await account.fault("rate_limited")
    assert (await direct(account)).json()["error"]["code"] == 4


async def test_instagram_tells_of_messages_echoes_reads_and_reactions(sandbox: Sandbox) -> None:
    account = await sandbox.account("instagram", options={"statuses": "auto"})
    await account.inbound("900", text="Hi")
    await account.inbound("900", type="image")
    await account.inbound("900", type="reaction", target="m1", emoji="❤")
    await account.inbound("900", type="postback", text="Hours", reply_id="HOURS")
    await account.inbound("900", type="deleted", target="m1")
    sent = (await direct(account)).json()["message_id"]
    await account.sandbox.settled()
    events = [one["entry"][0]["messaging"][0] for one in await bodies(account)]
    assert events[0]["message"]["text"] == "Hi"
    assert events[0]["timestamp"] > 10**12
    url = events[1]["message"]["attachments"][0]["payload"]["url"]
    assert (await call("GET", url)).content.startswith(b"\x89PNG")
    assert events[2]["reaction"] == {"mid": "m1", "action": "react", "emoji": "❤", "reaction": "other"}
    assert events[3]["postback"]["payload"] == "HOURS"
    assert events[4]["message"] == {"mid": "m1", "is_deleted": True}
    assert (events[5]["message"]["is_echo"], events[5]["message"]["mid"]) == (True, sent)
    assert events[6]["read"] == {"mid": sent}
    request = (await account.requests())[0]
    assert request.headers["x-hub-signature-256"] == meta_signature(account.credentials["app_secret"], request.body)


# --- Telegram ----------------------------------------------------------------------------------------------------------------


async def bot(account: SandboxAccount, method: str, **given: Any) -> Any:
    url = f"{account.sandbox.url}/telegram/bot{account.credentials['token']}/{method}"
    return (await call("POST", url, json=given)).json()


async def test_telegram_sends_updates_in_order_with_the_secret(sandbox: Sandbox) -> None:
    account = await sandbox.account("telegram")
    async with open_ear() as ear:
        assert (await bot(account, "setWebhook", url=ear.url, secret_token="s-1"))["ok"]
        await account.inbound("77", name="Ana", text="Hi")
        await account.inbound("77", type="voice")
        await account.inbound("77", type="edited", target="1", text="Hello")
        await until(lambda: len(ear.heard) == 3)
        assert ear.heard[0][1]["x-telegram-bot-api-secret-token"] == "s-1"
        updates = [json.loads(body) for body in ear.bodies]
    assert [one["update_id"] - updates[0]["update_id"] for one in updates] == [0, 1, 2]
    assert updates[0]["message"]["text"] == "Hi"
    assert updates[2]["edited_message"]["message_id"] == 1
    file = await bot(account, "getFile", file_id=updates[1]["message"]["voice"]["file_id"])
    path = f"{sandbox.url}/telegram/file/bot{account.credentials['token']}/{file['result']['file_path']}"
    assert (await call("GET", path)).content.startswith(b"OggS")
    assert (await bot(account, "getWebhookInfo"))["result"]["pending_update_count"] == 0
    assert (await bot(account, "deleteWebhook"))["ok"]


async def test_telegram_says_why_it_takes_no_message(sandbox: Sandbox) -> None:
    account = await sandbox.account("telegram")
    assert (await bot(account, "getMe"))["result"]["is_bot"]
    assert (await bot(account, "sendMessage", chat_id=77, text="x"))["description"] == "Bad Request: chat not found"
    await account.inbound("77", text="Hi")
    assert (await bot(account, "sendMessage", chat_id=77, text="<b>Hi</b>", parse_mode="HTML"))["result"]["text"] == "Hi"
    assert (
        "can't parse entities" in (await bot(account, "sendMessage", chat_id=77, text="<b>Hi", parse_mode="HTML"))["description"]
    )
    assert "Unsupported" in (await bot(account, "sendMessage", chat_id=77, text="<p>", parse_mode="HTML"))["description"]
    assert "too long" in (await bot(account, "sendMessage", chat_id=77, text="x" * 4097))["description"]
    await account.fault("rate_limited", retry_after=3)
    assert (await bot(account, "sendMessage", chat_id=77, text="x"))["parameters"] == {"retry_after": 3}
    await account.inbound("77", type="blocked")
    assert (await bot(account, "sendMessage", chat_id=77, text="x"))["error_code"] == 403
    assert (await bot(account, "danceWithMe"))["error_code"] == 404
    assert (await bot(account, "setWebhook", url="https://example.org"))["error_code"] == 400
    assert len(await account.outbox()) == 1
    await account.inbound("77", type="reaction", target="1", emoji="👍")
    assert (await bodies(account))[-1]["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    with pytest.raises(Refused, match="number of a Telegram user"):
        await account.inbound("Ana", text="Hi")


# --- Twilio and Exotel -------------------------------------------------------------------------------------------------------


async def post(url: str, user: str, password: str, form: dict[str, str]) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, auth=(user, password)) as client:
        return await client.post(url, data=form)


async def text_by_twilio(account: SandboxAccount, body: str = "Hello", to: str = PHONE, **more: str) -> httpx2.Response:
    own = account.credentials
    url = f"{account.sandbox.url}/twilio/2010-04-01/Accounts/{own['account_sid']}/Messages.json"
    form = {"From": own["phone_number"], "To": to, "Body": body, **more}
    return await post(url, own["account_sid"], own["auth_token"], form)


async def test_twilio_takes_messages_and_signs_its_forms(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio", options={"statuses": "auto"})
    await account.inbound(PHONE, text="Hi", type="image")
    taken = await text_by_twilio(account)
    assert (taken.status_code, taken.json()["status"]) == (201, "queued")
    await account.sandbox.settled()
    requests = await account.requests()
    forms = [parse_qsl(one.body.decode(), keep_blank_values=True) for one in requests]
    assert dict(forms[0])["MediaContentType0"] == "image/png"
    assert [dict(one).get("MessageStatus") for one in forms] == [None, "sent", "delivered"]
    signature = twilio_signature(account.credentials["auth_token"], requests[0].url, forms[0])
    assert requests[0].headers["x-twilio-signature"] == signature


async def test_twilio_refuses_in_its_own_codes(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    assert (await text_by_twilio(account, to="12")).json()["code"] == 21211
    assert (await text_by_twilio(account, body="")).json()["code"] == 21602
    assert (await text_by_twilio(account, body="x" * 1601)).json()["code"] == 21617
    assert (await text_by_twilio(account, From="+15550000000")).json()["code"] == 21606
    await account.inbound(PHONE, text="STOP")
    assert (await text_by_twilio(account)).json()["code"] == 21610
    await account.fault("revoked", count=1)
    assert (await text_by_twilio(account)).json()["code"] == 20003


async def test_twilio_tells_of_a_closed_window_later_and_where_the_message_says(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    async with open_ear() as ear:
        assert (await text_by_twilio(account, to=f"whatsapp:{PHONE}", StatusCallback=ear.url)).status_code == 201
        await until(lambda: len(ear.heard) == 2)
        last = dict(parse_qsl(ear.bodies[-1].decode()))
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "63016")


async def test_exotel_signs_nothing(sandbox: Sandbox) -> None:
    account = await sandbox.account("exotel", options={"statuses": "auto"})
    own = account.credentials
    url = f"{sandbox.url}/exotel/v1/Accounts/{own['sid']}/Sms/send.json"
    form = {"From": own["phone_number"], "To": PHONE, "Body": "Hello", "CustomField": "d-1"}
    taken = await post(url, own["api_key"], own["api_token"], form)
    assert taken.json()["SMSMessage"]["Status"] == "queued"
    assert (await post(url, own["api_key"], "wrong", form)).status_code == 401
    assert "Body" in (await post(url, own["api_key"], own["api_token"], {**form, "Body": ""})).json()["RestException"]["Message"]
    await account.fault("rate_limited", retry_after=2)
    assert (await post(url, own["api_key"], own["api_token"], form)).headers["retry-after"] == "2"
    await account.inbound(PHONE, text="Hi")
    await account.change(inbound_by="get")
    await account.inbound(PHONE, text="Old way")
    await sandbox.settled()
    requests = await account.requests()
    assert all(not name.startswith("x-") for one in requests for name in one.headers)
    by_get = next(one for one in requests if one.method == "GET")
    assert dict(parse_qsl(by_get.url.partition("?")[2]))["Body"] == "Old way"
    states = [dict(parse_qsl(one.body.decode())).get("Status") for one in requests]
    assert [one for one in states if one] == ["sent", "delivered"]
