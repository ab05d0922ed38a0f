"""Exotel SMS: sending, reading a message again, and callbacks that nobody signs (developer.exotel.com/docs/sms-api)."""

import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Message, Outgoing, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.texts import basic_credentials, callback_of, post_form
from embedded.sandbox.world import Misused, World

MOST_TEXT = 2000
_DETAILS = {"sent": "PENDING_TO_OPERATOR", "delivered": "DELIVERED_TO_HANDSET", "failed": "FAILED_INVALID_DESTINATION"}
_BY_FAULT = {
    "rate_limited": (429, "Too Many Requests"),
    "server_error": (500, "Internal Server Error"),
    "revoked": (401, "Authentication failed"),
    "reject": (400, "Invalid parameter: To"),
    "window_closed": (400, "DLT template does not match"),
}


class Exotel:
    """One Exotel account with one ExoPhone for each account. `webhooks`: message (inbound), status."""

    kind = "exotel"
    hooks: tuple[str, ...] = ("message", "status")
    most_attempts = 3

    def __init__(self, world: World) -> None:
        self.world = world

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        return {
            "sid": str(given.get("sid") or f"shop{digits(4)}"),
            "api_key": str(given.get("api_key") or secrets.token_hex(24)),
            "api_token": str(given.get("api_token") or secrets.token_hex(24)),
            "phone_number": str(given.get("phone_number") or "0" + digits(10)),
        }, {"inbound_by": "post"}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/Accounts/{sid}/Sms/send.json", self.send, methods=["POST"]),
            Route("/v1/Accounts/{sid}/SMS/Messages/{message}.json", self.show_message),
            Route("/v1/Accounts/{sid}.json", self.show),
        ]

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        contact = self.world.store.contact(account.id, message.address)
        return ("sent", "failed") if contact is not None and contact.details.get("is_unreachable") else ("sent", "delivered")

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        form = {
            "SmsSid": message.id,
            "To": message.address,
            "Status": state,
            "DetailedStatus": str(error.get("text") or _DETAILS.get(state, "UNKNOWN")),
            "DetailedStatusCode": str(error.get("code") or 20005),
            "SmsUnits": "1",
            "DateSent": _indian(time.time()),
        }
        if message.detail.get("CustomField"):
            form["CustomField"] = message.detail["CustomField"]
        post_form(self.world, account, "status", form, error, callback_of(self.world, message.detail.get("StatusCallback")))

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        return {}

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        return None

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        return False

    def inbound(self, account: Account, given: JSON) -> list[str]:
        """A text message; with the option inbound_by "get" as the older applet sends it."""
        number, text = str(given.get("from", "")), str(given.get("text", ""))
        if not number.lstrip("+").isdigit():
            raise Misused("from must be a phone number")
        sid = str(given.get("id") or secrets.token_hex(16))
        at = float(given.get("at") or time.time())
        own = account.credentials["phone_number"]
        form = {"SmsSid": sid, "From": number, "To": own, "Date": _indian(at), "Body": text, **dict(given.get("payload") or {})}
        self.world.hear(account, number, sid, "text", text, form, name=str(given.get("name", "")), at=at)
        if account.options.get("inbound_by") == "get":
            outgoing = Outgoing(hook="message", method="GET", content_type="", query=f"?{urlencode(form)}")
            for _ in range(max(1, min(int(given.get("copies", 1)), 100))):
                self.world.hooks.send(account, outgoing)
        else:
            post_form(self.world, account, "message", form, given)
        return [sid]

    # --- the API ---

    def _own(self, request: Request) -> Account | Response:
        user, password = basic_credentials(request)
        sid = str(request.path_params["sid"])
        account = self.world.store.find_account(self.kind, sid=sid, api_key=user, api_token=password)
        return _refuse(401, "Authentication failed") if account is None or self.world.is_revoked(account) else account

    async def send(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        fault = await self.world.meet(account, request)
        if fault is not None and fault.kind in _BY_FAULT:
            status, words = _BY_FAULT[fault.kind]
            return _refuse(status, fault.text or words, fault.retry_after if status == 429 else None)
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        answer = self._take(account, given, fault)
        await self.world.break_off(fault, request)
        return answer

    def _take(self, account: Account, given: JSON, fault: Fault | None) -> Response:
        missing = [name for name in ("From", "To", "Body") if not given.get(name)]
        if missing:
            return _refuse(400, f"Missing mandatory parameter: {missing[0]}")
        if len(given["Body"]) > MOST_TEXT:
            return _refuse(400, f"Body is longer than {MOST_TEXT} characters")
        message = self.world.accept(account, given["To"], secrets.token_hex(16), "text", given["Body"], given, fault)
        return JSONResponse({"SMSMessage": _shown(account, message)})

    async def show_message(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        message = self.world.store.message(account.id, str(request.path_params["message"]))
        return _refuse(404, "Not found") if message is None else JSONResponse({"SMSMessage": _shown(account, message)})

    async def show(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        return JSONResponse({"Account": {"Sid": account.credentials["sid"], "FriendlyName": account.name, "Status": "active"}})


def _shown(account: Account, message: Message) -> JSON:
    sid = account.credentials["sid"]
    return {
        "Sid": message.id,
        "AccountSid": sid,
        "From": account.credentials["phone_number"],
        "To": message.address,
        "DateCreated": _indian(message.at),
        "Body": message.text,
        "Direction": "outbound-api",
        "Status": "queued" if message.state == "accepted" else message.state,
        "Uri": f"/v1/Accounts/{sid}/SMS/Messages/{message.id}.json",
    }


def _indian(at: float) -> str:
    """Indian time without an offset, as Exotel writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 5.5 * 3600))


def _refuse(status: int, text: str, retry_after: int | None = None) -> Response:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return JSONResponse({"RestException": {"Status": status, "Message": text}}, status_code=status, headers=headers)
