"""SendGrid: mail send with its checks, the key check, the settings of its webhooks (twilio.com/docs/sendgrid/api-reference)."""

import base64
import binascii
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Message, Outgoing
from embedded.sandbox.faults import Fault
from embedded.sandbox.sendgrid_events import post_events, post_mail
from embedded.sandbox.signing import new_event_key, sendgrid_signature
from embedded.sandbox.world import World

MOST_BYTES = 30 * 1024 * 1024
_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
_RESERVED = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}
_SCOPES = ["mail.send", "mail.batch.create", "user.profile.read", "user.webhooks.event.settings.read"]


class SendGrid:
    """One SendGrid account with one parse domain for each account."""

    kind = "sendgrid"
    hooks: tuple[str, ...] = ("inbound", "events")
    most_attempts = 15

    def __init__(self, world: World) -> None:
        self.world = world

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        domain = str(given.get("domain") or f"mail-{secrets.token_hex(3)}.example")
        private, public = new_event_key()
        parse_private, parse_public = new_event_key()
        credentials = {
            "api_key": str(given.get("api_key") or f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"),
            "verification_key": public,
            "parse_verification_key": parse_public,
            "domain": domain,
            "address": str(given.get("address") or f"support@{domain}"),
        }
        secret = {"events": private, "inbound": parse_private}
        return credentials, {"reads": False, "raw": True, "sign_inbound": True, "sign_events": True, "_keys": secret}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v3/mail/send", self.send, methods=["POST"]),
            Route("/v3/scopes", self.scopes),
            Route("/v3/user/profile", self.profile),
            Route("/v3/whitelabel/domains", self.domains),
            Route("/v3/verified_senders", self.senders),
            Route("/v3/user/webhooks/parse/settings", self.parse_settings),
            Route("/v3/user/webhooks/event/settings/signed", self.event_key),
        ]

    def inbound(self, account: Account, given: JSON) -> list[str]:
        return post_mail(self.world, account, given)

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        contact = self.world.store.contact(account.id, message.address)
        if contact is not None and contact.details.get("is_suppressed"):
            return ("dropped",)
        if contact is not None and contact.details.get("is_unreachable"):
            return ("processed", "bounce")
        return ("processed", "delivered", "open") if account.options.get("reads") else ("processed", "delivered")

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        post_events(self.world, account, message, state, error)

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        headers = {"user-agent": "SendGrid Event API" if outgoing.hook == "events" else "Sendlib/1.0 server"}
        if account.options.get(f"sign_{outgoing.hook}"):
            timestamp = str(int(at))
            key = account.options["_keys"][outgoing.hook]
            headers["x-twilio-email-event-webhook-signature"] = sendgrid_signature(key, timestamp, outgoing.body)
            headers["x-twilio-email-event-webhook-timestamp"] = timestamp
        return headers

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        return None

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        # Inbound parse repeats after 5xx only, and follows no redirect.
        return outgoing.hook == "inbound" and status < 500

    # --- the API ---

    def _account(self, request: Request) -> Account | Response:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        for account in self.world.store.accounts(self.kind):
            if scheme.lower() == "bearer" and hmac.compare_digest(key.encode(), str(account.credentials["api_key"]).encode()):
                return account
        return _denied()

    async def send(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        raw = await request.body()
        fault = await self.world.meet(account, request)
        if (refusal := _refusal(fault)) is not None:
            return refusal
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        if len(raw) > MOST_BYTES:
            return _errors(413, ("The content of your request is too large.", None))
        try:
            body = json.loads(raw)
        except ValueError:
            return _errors(400, ("Bad Request", None))
        problems = judge_mail(body, account) if isinstance(body, dict) else [("Bad Request", None)]
        if problems:
            status = 403 if problems[0][1] == "from" and "verified Sender" in problems[0][0] else 400
            return _errors(status, *problems)
        message_id = secrets.token_urlsafe(16)
        if not dict(body.get("mail_settings", {}).get("sandbox_mode") or {}).get("enable"):
            self._keep(account, body, message_id, fault)
        await self.world.break_off(fault, request)
        return Response(status_code=202, headers={"x-message-id": message_id})

    def _keep(self, account: Account, body: JSON, message_id: str, fault: Fault | None) -> Message:
        first = body["personalizations"][0]
        contents = {part["type"]: part["value"] for part in body.get("content", [])}
        headers = {key.lower(): value for key, value in {**body.get("headers", {}), **first.get("headers", {})}.items()}
        headers.setdefault("message-id", f"<{message_id}@geopod-ismtpd-1>")
        detail = {
            "from": _shown(body["from"]),
            "to": ", ".join(map(_shown, first["to"])),
            "cc": ", ".join(map(_shown, first.get("cc", []))),
            "reply_to": _shown(body.get("reply_to") or {}),
            "subject": first.get("subject") or body.get("subject", ""),
            "text": contents.get("text/plain", ""),
            "html": contents.get("text/html", ""),
            "headers": headers,
            "custom_args": {**body.get("custom_args", {}), **first.get("custom_args", {})},
            "files": [self._file(account, one) for one in body.get("attachments", [])],
            "recipients": [
                one["email"] for part in body["personalizations"] for kind in ("to", "cc", "bcc") for one in part.get(kind, [])
            ],
        }
        text = detail["text"] or detail["html"]
        return self.world.accept(account, first["to"][0]["email"].lower(), message_id, "mail", text, detail, fault)

    def _file(self, account: Account, given: JSON) -> JSON:
        data = base64.b64decode(given["content"])
        media = self.world.store.add_media(account.id, given["filename"], str(given.get("type", "")), data)
        return {
            "name": media.name,
            "media_type": media.media_type,
            "size": len(data),
            "id": media.id,
            "content_id": given.get("content_id", ""),
            "disposition": given.get("disposition", "attachment"),
        }

    async def scopes(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        if self.world.is_revoked(account):
            return _denied()
        return JSONResponse({"scopes": account.options.get("scopes", _SCOPES)})

    async def profile(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        return JSONResponse({"company": account.name, "first_name": "Sandbox", "last_name": "User", "country": "US"})

    async def domains(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        verified = account.options.get("verified_domains") or [account.credentials["domain"]]
        return JSONResponse([{"id": n, "domain": one, "valid": True, "default": n == 1} for n, one in enumerate(verified, 1)])

    async def senders(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        sender = {"id": 1, "nickname": account.name, "from_email": account.credentials["address"], "verified": True}
        return JSONResponse({"results": [sender]})

    async def parse_settings(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        one = {
            "url": account.webhooks.get("inbound", ""),
            "hostname": account.credentials["domain"],
            "spam_check": False,
            "send_raw": bool(account.options.get("raw")),
        }
        return JSONResponse({"result": [one]})

    async def event_key(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        return JSONResponse({"public_key": account.credentials["verification_key"]})


def judge_mail(body: JSON, account: Account) -> list[tuple[str, str | None]]:
    """(message, field) of everything SendGrid would not take."""
    problems: list[tuple[str, str | None]] = []
    people = body.get("personalizations")
    if not isinstance(people, list) or not people:
        problems.append(
            ("The personalizations field is required and must have at least one personalization.", "personalizations")
        )
        people = []
    for number, one in enumerate(people):
        problems += _judge_person(one if isinstance(one, dict) else {}, f"personalizations.{number}")
    sender = body.get("from")
    if not isinstance(sender, dict) or not _ADDRESS.fullmatch(str(sender.get("email", ""))):
        problems.append(
            (
                "The from object must be provided for every email send. It is an object that requires the email parameter.",
                "from.email",
            )
        )
    elif (domains := account.options.get("verified_domains")) and str(sender["email"]).partition("@")[2].lower() not in domains:
        words = "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved."
        problems.append((words, "from"))
    has_subjects = bool(people) and all(isinstance(one, dict) and one.get("subject") for one in people)
    if not body.get("subject") and not body.get("template_id") and not has_subjects:
        problems.append(
            (
                "The subject is required. You can get around this requirement if you use a template with a subject defined.",
                "subject",
            )
        )
    problems += _judge_content(body)
    for name in {**dict(body.get("headers") or {})}:
        if name.lower() in _RESERVED:
            problems.append((f"The header {name} is reserved and cannot be used.", f"headers.{name}"))
        elif not name.isascii() or not str(body["headers"][name]).isascii():
            problems.append(("Headers must be ASCII.", f"headers.{name}"))
    arguments = dict(body.get("custom_args") or {})
    if any(not isinstance(value, str) for value in arguments.values()):
        problems.append(("Each custom argument must be a string.", "custom_args"))
    if len(json.dumps(arguments)) > 10_000:
        problems.append(("The custom arguments must be less than 10000 bytes.", "custom_args"))
    return problems


def _judge_person(one: JSON, place: str) -> list[tuple[str, str | None]]:
    problems: list[tuple[str, str | None]] = []
    if not one.get("to"):
        problems.append(
            ("The to array is required for all personalization objects, and must have at least one email object.", f"{place}.to")
        )
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for number, person in enumerate(one.get(kind) or []):
            email = str(person.get("email", "")).lower()
            if not _ADDRESS.fullmatch(email):
                problems.append(("Does not contain a valid address.", f"{place}.{kind}.{number}.email"))
            if email in seen:
                words = "Each email address in the personalization block should be unique between to, cc, and bcc."
                problems.append((f"{words} We found the first duplicate instance of [{email}].", place))
            seen.add(email)
    return problems


def _judge_content(body: JSON) -> list[tuple[str, str | None]]:
    problems: list[tuple[str, str | None]] = []
    parts = body.get("content") or []
    if not parts and not body.get("template_id"):
        problems.append(("Unless a valid template_id is provided, the content parameter is required.", "content"))
    for number, part in enumerate(parts):
        if not part.get("value"):
            problems.append(("The content value must be a string at least one character in length.", f"content.{number}.value"))
    kinds = [part.get("type") for part in parts]
    if kinds != sorted(kinds, key=lambda kind: {"text/plain": 0, "text/html": 1}.get(str(kind), 2)):
        problems.append(("If present, text/plain and text/html may only be provided in that order.", "content"))
    for number, file in enumerate(body.get("attachments") or []):
        try:
            base64.b64decode(str(file.get("content") or "-"), validate=True)
        except (binascii.Error, ValueError):
            problems.append(("The attachment content must be base64 encoded.", f"attachments.{number}.content"))
        if not file.get("filename"):
            problems.append(("The attachment filename is required.", f"attachments.{number}.filename"))
    return problems


def _shown(person: Any) -> str:
    email, name = str(person.get("email", "")), str(person.get("name", ""))
    return f"{name} <{email}>" if name else email


def _errors(status: int, *problems: tuple[str, str | None], headers: Mapping[str, str] | None = None) -> JSONResponse:
    errors = [{"message": words, "field": field, "help": _HELP + field if field else None} for words, field in problems]
    return JSONResponse({"errors": errors}, status_code=status, headers=dict(headers or {}))


def _denied() -> JSONResponse:
    return _errors(401, ("The provided authorization grant is invalid, expired, or revoked", None))


def _refusal(fault: Fault | None) -> JSONResponse | None:
    if fault is None:
        return None
    if fault.kind == "rate_limited":
        reset = str(int(time.time()) + fault.retry_after)
        headers = {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return _errors(429, ("too many requests", None), headers={**headers, "retry-after": str(fault.retry_after)})
    if fault.kind == "server_error":
        return _errors(int(fault.code or 500), ("internal error", None))
    if fault.kind == "revoked":
        return _denied()
    if fault.kind in ("reject", "window_closed"):
        return _errors(
            int(fault.code or 400), (fault.text or "Does not contain a valid address.", "personalizations.0.to.0.email")
        )
    return None
