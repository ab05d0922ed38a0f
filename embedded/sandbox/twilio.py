"""Twilio messaging: Messages create and read, signed form webhooks for messages and states (twilio.com/docs/messaging/api)."""

import secrets
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Message, Outgoing, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.files import given_file
from embedded.sandbox.signing import twilio_signature
from embedded.sandbox.texts import basic_credentials, callback_of, is_number, post_form
from embedded.sandbox.world import Misused, World

MOST_TEXT = 1600
WINDOW_SECONDS = 86_400
_WORDS = {"failed": "undelivered"}
_WORDS_OF_ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this account."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    63016: (400, "Failed to send freeform message because you are outside the allowed window."),
}
_BY_FAULT = {"rate_limited": 20429, "server_error": 20500, "revoked": 20003, "reject": 21610, "window_closed": 63016}


class Twilio:
    """One Twilio account with one number for each account."""

    kind = "twilio"
    hooks: tuple[str, ...] = ("message", "status")
    # A webhook is tried once more, and that is all.
    most_attempts = 2

    def __init__(self, world: World) -> None:
        self.world = world

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        return {
            "account_sid": str(given.get("account_sid") or "AC" + secrets.token_hex(16)),
            "auth_token": str(given.get("auth_token") or secrets.token_hex(16)),
            "phone_number": str(given.get("phone_number") or "+1555" + digits(7)),
        }, {"reads": False}

    def routes(self) -> list[BaseRoute]:
        base = "/2010-04-01/Accounts/{sid}"
        return [
            Route(base + "/Messages.json", self.send, methods=["POST"]),
            Route(base + "/Messages/{message}.json", self.show_message),
            Route(base + "/Messages/{message}/Media/{media}", self.download),
            Route(base + ".json", self.show),
        ]

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        contact = self.world.store.contact(account.id, message.address)
        if contact is not None and contact.details.get("is_unreachable"):
            return ("sent", "failed")
        can_read = message.address.startswith("whatsapp:") and account.options.get("reads")
        return ("sent", "delivered", "read") if can_read else ("sent", "delivered")

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        status = _WORDS.get(state, state)
        form = {
            "SmsSid": message.id,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": message.address,
            "MessageSid": message.id,
            "AccountSid": account.credentials["account_sid"],
            "From": account.credentials["phone_number"],
            "ApiVersion": "2010-04-01",
        }
        if status in ("failed", "undelivered"):
            form["ErrorCode"] = str(error.get("code") or 30003)
        post_form(self.world, account, "status", form, error, callback_of(self.world, message.detail.get("StatusCallback")))

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        form = parse_qsl(outgoing.body.decode("utf-8", "replace"), keep_blank_values=True)
        signature = twilio_signature(account.credentials["auth_token"], url, form)
        return {"x-twilio-signature": signature, "user-agent": "TwilioProxy/1.1"}

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        return None

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        return status < 500

    def inbound(self, account: Account, given: JSON) -> list[str]:
        """`from` +4915…, or whatsapp:+4915… for WhatsApp by Twilio."""
        number, text = str(given.get("from", "")), str(given.get("text", ""))
        is_whatsapp = number.startswith("whatsapp:")
        if not is_number(number.removeprefix("whatsapp:")):
            raise Misused("from must be a phone number with its country, like +491511234567")
        sid = str(given.get("id") or ("MM" if given.get("file") else "SM") + secrets.token_hex(16))
        own = account.credentials["phone_number"]
        form: JSON = {
            "ToCountry": "US",
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": text,
            "To": f"whatsapp:{own}" if is_whatsapp else own,
            "NumSegments": str(max(1, -(-len(text) // 153))),
            "MessageSid": sid,
            "AccountSid": account.credentials["account_sid"],
            "From": number,
            "ApiVersion": "2010-04-01",
        }
        if is_whatsapp:
            form |= {"WaId": number.removeprefix("whatsapp:+"), "ProfileName": str(given.get("name", ""))}
        stop = text.strip().upper()
        details: JSON = {}
        if stop in ("STOP", "START", "HELP"):
            form["OptOutType"] = stop
            details = {"has_stopped": stop == "STOP"} if stop != "HELP" else {}
        if given.get("file") or given.get("type") in ("image", "audio", "voice", "video", "document"):
            file = given_file(self.world, given, str(given.get("type") or "image"))
            media = self.world.store.add_media(account.id, file.name, file.media_type, file.data, "ME" + secrets.token_hex(16))
            base = f"{self.world.base}/twilio/2010-04-01/Accounts/{account.credentials['account_sid']}"
            form |= {
                "NumMedia": "1",
                "MediaUrl0": f"{base}/Messages/{sid}/Media/{media.id}",
                "MediaContentType0": file.media_type,
            }
        form |= dict(given.get("payload") or {})
        self.world.hear(account, number, sid, "text", text, form, name=str(given.get("name", "")), **details)
        post_form(self.world, account, "message", form, given)
        return [sid]

    # --- the API ---

    def _own(self, request: Request) -> Account | Response:
        user, password = basic_credentials(request)
        account = self.world.store.find_account(self.kind, account_sid=user, auth_token=password)
        if account is None or self.world.is_revoked(account):
            return _refuse(20003)
        return account if request.path_params["sid"] == user else _refuse(20404)

    async def send(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        fault = await self.world.meet(account, request)
        if fault is not None and fault.kind in _BY_FAULT:
            code = int(fault.code) if fault.code.isdigit() else _BY_FAULT[fault.kind]
            return _refuse(code, fault.text, fault.retry_after if fault.kind == "rate_limited" else None)
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        answer = self._take(account, given, fault)
        await self.world.break_off(fault, request)
        return answer

    def _take(self, account: Account, given: JSON, fault: Fault | None) -> Response:
        to, text = given.get("To", ""), given.get("Body", "")
        if not is_number(to.removeprefix("whatsapp:")):
            return _refuse(21211)
        if given.get("From", "").removeprefix("whatsapp:") != account.credentials["phone_number"] and not given.get(
            "MessagingServiceSid"
        ):
            return _refuse(21606)
        if not text and not given.get("MediaUrl") and not given.get("ContentSid"):
            return _refuse(21602)
        if len(text) > MOST_TEXT:
            return _refuse(21617)
        contact = self.world.store.contact(account.id, to)
        if contact is not None and contact.details.get("has_stopped"):
            return _refuse(21610)
        last = 0.0 if contact is None else contact.last_inbound_at or 0.0
        if to.startswith("whatsapp:") and not given.get("ContentSid") and time.time() - last >= WINDOW_SECONDS:
            # Twilio takes it and tells later.
            fault = Fault(id=0, kind="fail_later", code="63016")
        message = self.world.accept(account, to, "SM" + secrets.token_hex(16), "text", text, given, fault)
        return JSONResponse(_shown(account, message), status_code=201)

    async def show_message(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        message = self.world.store.message(account.id, str(request.path_params["message"]))
        return _refuse(20404) if message is None else JSONResponse(_shown(account, message))

    async def show(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        sid = account.credentials["account_sid"]
        return JSONResponse({"sid": sid, "friendly_name": account.name, "status": "active", "type": "Full"})

    async def download(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        media = self.world.store.media(str(request.path_params["media"]))
        if media is None or media.account_id != account.id:
            return _refuse(20404)
        return Response(media.data, media_type=media.media_type)


def _shown(account: Account, message: Message) -> JSON:
    sid = account.credentials["account_sid"]
    return {
        "sid": message.id,
        "account_sid": sid,
        "to": message.address,
        "from": account.credentials["phone_number"],
        "body": message.text,
        "status": "queued" if message.state == "accepted" else _WORDS.get(message.state, message.state),
        "direction": "outbound-api",
        "num_segments": str(max(1, -(-len(message.text) // 153))),
        "date_created": formatdate(message.at),
        "error_code": None,
        "error_message": None,
        "uri": f"/2010-04-01/Accounts/{sid}/Messages/{message.id}.json",
    }


def _refuse(code: int, text: str = "", retry_after: int | None = None) -> Response:
    status, words = _WORDS_OF_ERRORS.get(code, (400, "Bad Request"))
    body = {"code": code, "message": text or words, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return JSONResponse(body, status_code=status, headers={} if retry_after is None else {"retry-after": str(retry_after)})
