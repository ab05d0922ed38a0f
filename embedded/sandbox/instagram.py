"""Instagram messaging on the Graph API: direct messages, echoes, reactions, reads, postbacks, and sending within its window.

developers.facebook.com/documentation/instagram-platform/webhooks/examples. Times are in milliseconds here.
"""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Message, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.files import given_file
from embedded.sandbox.meta import MetaApp, escaped, has_token, no_such, refuse
from embedded.sandbox.world import Misused

WINDOW_SECONDS = 86_400
PERSON_WINDOW_SECONDS = 7 * 86_400
MOST_TEXT_BYTES = 1000
_FILES = ("image", "video", "audio", "voice", "document")
_FAULTS = {"rate_limited": 4, "server_error": 1, "revoked": 190, "reject": 100, "window_closed": 10}


class _InstagramId(Convertor[str]):
    regex = "17841[0-9]{12}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("instagram_id", _InstagramId())


class Instagram(MetaApp):
    """One professional account for each account."""

    kind = "instagram"
    hooks: tuple[str, ...] = ("instagram",)

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        name = str(given.get("username") or f"shop_{secrets.token_hex(3)}")
        return {**self.new_app(given), "ig_id": str(given.get("ig_id") or "17841" + digits(12)), "username": name}, {
            "reads": True
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/lookaside/ig_messaging_cdn/", self.download),
            Route("/{version}/{node:instagram_id}/messages", self.send, methods=["POST"]),
            Route("/{version}/me/messages", self.send, methods=["POST"]),
            Route("/{version}/{node:instagram_id}/subscribed_apps", self.subscribe, methods=["GET", "POST"]),
            Route("/{version}/{node:instagram_id}", self.show),
            Route("/{version}/me", self.show),
        ]

    def inbound(self, account: Account, given: JSON) -> list[str]:
        """One webhook for one event, or for all of `messages`."""
        each = [{**given, **dict(one)} for one in given.get("messages") or [{}]]
        built = [self._event(account, one) for one in each]
        self._post(account, [event for _, event in built], given)
        return [message_id for message_id, _ in built if message_id]

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        return ("delivered", "read") if account.options.get("reads", True) else ("delivered",)

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        """What was sent comes back as an echo; a read names the message. Nothing else is ever told."""
        own = account.credentials["ig_id"]
        now = int(time.time() * 1000)
        if state in ("sent", "delivered"):
            content = {"mid": message.id, "is_echo": True, **dict(message.detail.get("message") or {})}
            self._post(
                account,
                [{"sender": {"id": own}, "recipient": {"id": message.address}, "timestamp": now, "message": content}],
                error,
            )
        elif state == "read":
            event = {"sender": {"id": message.address}, "recipient": {"id": own}, "timestamp": now, "read": {"mid": message.id}}
            self._post(account, [event], error)

    def _post(self, account: Account, events: list[JSON], given: JSON) -> None:
        entry = {"id": account.credentials["ig_id"], "time": int(time.time() * 1000), "messaging": events}
        self.world.post(account, "instagram", escaped({"object": "instagram", "entry": [entry]}), given)

    def _event(self, account: Account, given: JSON) -> tuple[str, JSON]:
        customer, own = str(given.get("from", "")), account.credentials["ig_id"]
        if not customer:
            raise Misused("from (an Instagram-scoped id) is needed")
        kind, text = str(given.get("type") or ("image" if given.get("file") else "text")), str(given.get("text", ""))
        at = float(given.get("at") or time.time())
        event: JSON = {"sender": {"id": customer}, "recipient": {"id": own}, "timestamp": int(at * 1000)}
        target = str(given.get("target", ""))
        if kind == "reaction":
            emoji = str(given.get("emoji", ""))
            action = {"emoji": emoji, "reaction": "other"} if emoji else {}
            event["reaction"] = {"mid": target, "action": "react" if emoji else "unreact", **action}
            return "", event
        if kind == "read":
            return "", {**event, "read": {"mid": target}}
        message_id = str(given.get("id") or "aWdfZAG1faXRlbToxO" + secrets.token_hex(20))
        if kind == "postback":
            event["postback"] = {"mid": message_id, "title": text, "payload": str(given.get("reply_id", text))}
        elif kind == "edited":
            event["message_edit"] = {"mid": target, "text": text, "num_edit": 1}
        else:
            event["message"] = self._content(account, kind, text, message_id, target, given)
        if given.get("echo"):
            event |= {"sender": {"id": own}, "recipient": {"id": customer}}
            event["message"]["is_echo"] = True
        else:
            self.world.hear(account, customer, message_id, kind, text, event, name=str(given.get("name", "")), at=at)
        return message_id, event

    def _content(self, account: Account, kind: str, text: str, message_id: str, target: str, given: JSON) -> JSON:
        message: JSON = {"mid": target if kind == "deleted" else message_id}
        if kind == "deleted":
            return {**message, "is_deleted": True}
        if kind == "unsupported":
            return {**message, "is_unsupported": True}
        if kind in _FILES:
            file = given_file(self.world, given, kind)
            media = self.world.store.add_media(account.id, file.name, file.media_type, file.data)
            url = f"{self.world.base}/graph/lookaside/ig_messaging_cdn/?asset_id={media.id}&signature=A"
            shown = {"voice": "audio", "document": "file"}.get(kind, kind)
            message["attachments"] = [{"type": shown, "payload": {"url": url}}]
        if text or kind == "text":
            message["text"] = text
        if given.get("reply_id"):
            message["quick_reply"] = {"payload": str(given["reply_id"])}
        if given.get("reply_to"):
            message["reply_to"] = {"mid": str(given["reply_to"])}
        return {**message, **dict(given.get("payload") or {})}

    # --- the API ---

    def _own(self, request: Request) -> Account | Response:
        node = request.path_params.get("node")
        for account in self.world.store.accounts(self.kind):
            if node in (None, account.credentials["ig_id"]) and has_token(request, account):
                return account
        return refuse(190, text="Invalid OAuth access token - Cannot parse access token")

    async def send(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        try:
            body = await request.json()
            customer = str(body["recipient"]["id"])
        except (ValueError, KeyError, TypeError):
            return refuse(100, product="instagram", text="(#100) The parameter recipient is required.")
        if body.get("sender_action"):
            return JSONResponse({"recipient_id": customer})
        fault = await self.world.meet(account, request)
        if fault is not None and fault.kind in _FAULTS:
            code = int(fault.code) if fault.code.isdigit() else _FAULTS[fault.kind]
            return refuse(code, fault.text, product="instagram", retry_after=fault.retry_after if code == 4 else None)
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        answer = self._take(account, customer, body, fault)
        await self.world.break_off(fault, request)
        return answer

    def _take(self, account: Account, customer: str, body: JSON, fault: Fault | None) -> Response:
        contact = self.world.store.contact(account.id, customer)
        if contact is None or contact.last_inbound_at is None:
            return refuse(100, product="instagram", text="(#100) No matching user found")
        is_person = body.get("messaging_type") == "MESSAGE_TAG" and body.get("tag") == "HUMAN_AGENT"
        if time.time() - contact.last_inbound_at >= (PERSON_WINDOW_SECONDS if is_person else WINDOW_SECONDS):
            return refuse(10, product="instagram", text="(#10) This message is sent outside of allowed window.")
        message: Any = body.get("message")
        if not isinstance(message, dict) or not (message.get("text") or message.get("attachment")):
            return refuse(100, product="instagram", text="(#100) The parameter message is required.")
        text = str(message.get("text") or "")
        if len(text.encode()) > MOST_TEXT_BYTES:
            words = f"(#100) Length of param message[text] must be less than or equal to {MOST_TEXT_BYTES}"
            return refuse(100, product="instagram", text=words)
        message_id = "aWdfZAG1faXRlbToxO" + secrets.token_hex(20)
        self.world.accept(account, customer, message_id, "text" if text else "attachment", text, body, fault)
        return JSONResponse({"recipient_id": customer, "message_id": message_id})

    async def subscribe(self, request: Request) -> Response:
        account = self._own(request)
        return account if isinstance(account, Response) else JSONResponse({"success": True})

    async def show(self, request: Request) -> Response:
        account = self._own(request)
        if isinstance(account, Response):
            return account
        if self.world.is_revoked(account):
            return refuse(190)
        own = account.credentials
        return JSONResponse({"id": own["ig_id"], "user_id": own["ig_id"], "username": own["username"], "name": account.name})

    async def download(self, request: Request) -> Response:
        """Files are open to whoever has their address."""
        media = self.world.store.media(request.query_params.get("asset_id", ""))
        return no_such("asset") if media is None else Response(media.data, media_type=media.media_type)
