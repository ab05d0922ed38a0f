"""Telegram's Bot API: the methods a support bot needs, and updates with a secret token header (core.telegram.org/bots/api)."""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Message, Outgoing, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.files import given_file
from embedded.sandbox.world import Misused, World

MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_DOWNLOAD = 20 * 1024 * 1024
_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span", "tg-spoiler", "blockquote"}
_TAG = re.compile(r"<(/?)([^\s>]*)[^>]*>?")
_SENDS = {"sendmessage": "text", "sendphoto": "photo", "senddocument": "document", "sendvoice": "voice", "sendaudio": "audio"}


class Telegram:
    """One bot for each account."""

    kind = "telegram"
    hooks: tuple[str, ...] = ("telegram",)
    most_attempts = 12

    def __init__(self, world: World) -> None:
        self.world = world

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        bot_id = digits(10)
        name = str(given.get("username") or f"shop_{secrets.token_hex(3)}_bot")
        token = str(given.get("token") or f"{bot_id}:AA{secrets.token_urlsafe(24)}")
        secret = str(given.get("secret_token") or secrets.token_urlsafe(24))
        return {"token": token, "bot_id": token.partition(":")[0], "username": name, "secret_token": secret}, {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/bot{token}/{method}", self.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self.download),
        ]

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        return ()

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        """Bots are told of nothing after the answer."""

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        secret = account.credentials.get("secret_token", "")
        return {"x-telegram-bot-api-secret-token": secret} if secret else {}

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        return None

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        return False

    # --- updates ---

    def inbound(self, account: Account, given: JSON) -> list[str]:
        each = [{**given, **dict(one)} for one in given.get("messages") or [{}]]
        return [found for one in each if (found := self._update(account, one))]

    def _update(self, account: Account, given: JSON) -> str:
        user_id = str(given.get("from", ""))
        if not user_id.lstrip("-").isdigit():
            raise Misused("from must be the number of a Telegram user")
        account.state["update_id"] = int(account.state.get("update_id", 100_000)) + 1
        self.world.store.keep_account(account)
        kind = str(given.get("type") or ("document" if given.get("file") else "text"))
        name = str(given.get("name") or "Customer")
        sender = {"id": int(user_id), "is_bot": False, "first_name": name, "language_code": str(given.get("language", "en"))}
        if given.get("username"):
            sender["username"] = given["username"]
        chat: JSON = {"id": int(user_id), "first_name": name, "type": "private"}
        if kind == "group":
            chat, kind = {"id": -100_000_000, "title": "A group", "type": "group"}, "text"
        update: JSON = {"update_id": int(given.get("update_id") or account.state["update_id"])}
        at = int(given.get("at") or time.time())
        message_id = ""
        if kind in ("blocked", "unblocked"):
            update["my_chat_member"] = self._membership(account, user_id, chat, sender, at, is_blocked=kind == "blocked")
        elif kind == "reaction":
            emoji = [{"type": "emoji", "emoji": given["emoji"]}] if given.get("emoji") else []
            target = int(given.get("target") or 1)
            update["message_reaction"] = {
                "chat": chat,
                "message_id": target,
                "user": sender,
                "date": at,
                "old_reaction": [],
                "new_reaction": emoji,
            }
        else:
            message = self._message(account, kind, given, {"from": sender, "chat": chat, "date": at})
            message_id = str(message["message_id"])
            update["edited_message" if kind == "edited" else "message"] = message
            text = str(given.get("text", ""))
            if kind != "edited":
                self.world.hear(account, user_id, message_id, kind, text, message, name=name, at=float(at))
        self.world.post(account, "telegram", update, given)
        return message_id

    def _membership(self, account: Account, user_id: str, chat: JSON, sender: JSON, at: int, *, is_blocked: bool) -> JSON:
        contact = self.world.store.contact(account.id, user_id)
        if contact is not None:
            contact.details["has_blocked"] = is_blocked
            self.world.store.keep_contact(contact)
        bot = {"id": int(account.credentials["bot_id"]), "is_bot": True, "first_name": account.name}
        old, new = ("member", "kicked") if is_blocked else ("kicked", "member")
        states = {"old_chat_member": {"user": bot, "status": old}, "new_chat_member": {"user": bot, "status": new}}
        return {"chat": chat, "from": sender, "date": at, **states}

    def _message(self, account: Account, kind: str, given: JSON, head: JSON) -> JSON:
        text = str(given.get("text", ""))
        target = str(given.get("target") or "")
        number = int(target) if kind == "edited" and target else self._next_id(account)
        message: JSON = {"message_id": int(given.get("id") or number), **head}
        if kind == "edited":
            return {**message, "edit_date": head["date"], "text": text}
        if given.get("reply_to"):
            message["reply_to_message"] = {"message_id": int(given["reply_to"]), "date": head["date"], "chat": head["chat"]}
        if kind == "text":
            return {**message, "text": text}
        if kind == "location":
            return {**message, "location": {"latitude": 52.52, "longitude": 13.405}}
        if kind == "contacts":
            return {**message, "contact": {"phone_number": "+49301234", "first_name": text or "Monica"}}
        if kind in ("image", "photo", "document", "voice", "audio", "video", "sticker"):
            return {**message, **self._file(account, "photo" if kind == "image" else kind, given, text)}
        return {**message, kind: {"text": text}}

    def _file(self, account: Account, kind: str, given: JSON, text: str) -> JSON:
        file = given_file(self.world, given, "image" if kind == "photo" else kind)
        media = self.world.store.add_media(account.id, file.name, file.media_type, file.data, "AgAC" + secrets.token_urlsafe(20))
        about: JSON = {"file_id": media.id, "file_unique_id": media.sha256[:16], "file_size": len(file.data)}
        caption = {"caption": text} if text else {}
        if kind == "photo":
            return {"photo": [{**about, "width": 320, "height": 200}], **caption}
        if kind in ("voice", "audio", "video"):
            about["duration"] = 1
        return {kind: {**about, "file_name": file.name, "mime_type": file.media_type}, **caption}

    def _next_id(self, account: Account) -> int:
        account.state["message_id"] = int(account.state.get("message_id", 0)) + 1
        self.world.store.keep_account(account)
        return int(account.state["message_id"])

    # --- methods ---

    async def call(self, request: Request) -> Response:
        account = self.world.store.find_account(self.kind, token=str(request.path_params["token"]))
        if account is None or self.world.is_revoked(account):
            return _no(401, "Unauthorized")
        method = str(request.path_params["method"]).lower()
        given = await _parameters(request)
        if method in _SENDS:
            return await self._send(account, _SENDS[method], given, request)
        methods = {"getme": self._me, "setwebhook": self._set_webhook, "deletewebhook": self._delete_webhook}
        methods |= {"getwebhookinfo": self._webhook_info, "getfile": self._get_file, "sendchataction": self._act}
        if method not in methods:
            return _no(404, "Not Found")
        return methods[method](account, given)

    def _me(self, account: Account, given: JSON) -> Response:
        own = account.credentials
        return _yes({"id": int(own["bot_id"]), "is_bot": True, "first_name": account.name, "username": own["username"]})

    def _set_webhook(self, account: Account, given: JSON) -> Response:
        secret = str(given.get("secret_token", ""))
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            return _no(400, "Bad Request: secret token contains illegal characters")
        try:
            self.world.check_url(str(given.get("url", "")))
        except Misused as error:
            return _no(400, f"Bad Request: bad webhook: {error}")
        account.webhooks["telegram"] = str(given.get("url", ""))
        account.credentials["secret_token"] = secret
        account.state["allowed_updates"] = given.get("allowed_updates")
        self.world.store.keep_account(account)
        return _yes(True, description="Webhook was set")

    def _delete_webhook(self, account: Account, given: JSON) -> Response:
        account.webhooks["telegram"] = ""
        self.world.store.keep_account(account)
        return _yes(True, description="Webhook was deleted")

    def _webhook_info(self, account: Account, given: JSON) -> Response:
        waiting = self.world.store.run(
            "select count(*) from webhooks where account_id = ? and state = 'waiting'", (account.id,)
        ).fetchone()[0]
        url = account.webhooks.get("telegram", "")
        return _yes({"url": url, "has_custom_certificate": False, "pending_update_count": waiting, "max_connections": 40})

    def _act(self, account: Account, given: JSON) -> Response:
        return _yes(True) if given.get("chat_id") else _no(400, "Bad Request: chat_id is empty")

    def _get_file(self, account: Account, given: JSON) -> Response:
        media = self.world.store.media(str(given.get("file_id", "")))
        if media is None or media.account_id != account.id:
            return _no(400, "Bad Request: invalid file_id")
        if len(media.data) > MOST_DOWNLOAD:
            return _no(400, "Bad Request: file is too big")
        path = f"documents/{media.id}"
        return _yes({"file_id": media.id, "file_unique_id": media.sha256[:16], "file_size": len(media.data), "file_path": path})

    async def download(self, request: Request) -> Response:
        account = self.world.store.find_account(self.kind, token=str(request.path_params["token"]))
        media = self.world.store.media(str(request.path_params["path"]).rpartition("/")[2])
        if account is None or media is None or media.account_id != account.id:
            return _no(404, "Not Found")
        return Response(media.data, media_type="application/octet-stream")

    async def _send(self, account: Account, kind: str, given: JSON, request: Request) -> Response:
        fault = await self.world.meet(account, request)
        if (refusal := _refusal(fault)) is not None:
            return refusal
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        answer = self._take(account, kind, given, fault)
        await self.world.break_off(fault, request)
        return answer

    def _take(self, account: Account, kind: str, given: JSON, fault: Fault | None) -> Response:
        chat_id = str(given.get("chat_id", ""))
        contact = self.world.store.contact(account.id, chat_id)
        if contact is None:
            return _no(400, "Bad Request: chat not found")
        if contact.details.get("has_blocked"):
            return _no(403, "Forbidden: bot was blocked by the user")
        text = str(given.get("text" if kind == "text" else "caption") or "")
        if given.get("parse_mode") == "HTML" and (wrong := _wrong_tag(text)):
            return _no(400, f"Bad Request: can't parse entities: {wrong}")
        plain = _TAG.sub("", text) if given.get("parse_mode") == "HTML" else text
        if kind == "text" and not plain.strip():
            return _no(400, "Bad Request: message text is empty")
        if len(plain) > (MOST_TEXT if kind == "text" else MOST_CAPTION):
            return _no(400, f"Bad Request: message {'' if kind == 'text' else 'caption '}is too long")
        number = self._next_id(account)
        self.world.accept(account, chat_id, str(number), kind, text, given, fault)
        chat = {"id": int(chat_id), "type": "private", "first_name": contact.name}
        return _yes({"message_id": number, "chat": chat, "date": int(time.time()), "text": plain})


async def _parameters(request: Request) -> JSON:
    """From the query, a form or JSON, whichever the caller chose; of files only their name and size."""
    given: JSON = dict(request.query_params)
    if "json" in request.headers.get("content-type", ""):
        try:
            body: Any = await request.json()
        except ValueError:
            body = None
        return {**given, **(body if isinstance(body, dict) else {})}
    async with request.form() as form:
        for name, value in form.items():
            given[name] = {"name": value.filename, "size": value.size} if isinstance(value, UploadFile) else value
    return given


def _wrong_tag(text: str) -> str:
    """What Telegram says of HTML it cannot read, "" when it can."""
    opened: list[str] = []
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name not in _TAGS or not found[0].endswith(">"):
            return f'Unsupported start tag "{name}" at byte offset {found.start()}'
        if not found[1]:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return f'Unmatched end tag at byte offset {found.start()}, expected "</{name}>"'
    return f"Can't find end tag corresponding to start tag {opened[-1]}" if opened else ""


def _refusal(fault: Fault | None) -> Response | None:
    if fault is None:
        return None
    if fault.kind == "rate_limited":
        words = f"Too Many Requests: retry after {fault.retry_after}"
        return _no(429, words, parameters={"retry_after": fault.retry_after})
    if fault.kind == "server_error":
        return _no(500, "Internal Server Error")
    if fault.kind == "revoked":
        return _no(401, "Unauthorized")
    if fault.kind in ("reject", "window_closed"):
        return _no(int(fault.code or 403), fault.text or "Forbidden: bot was blocked by the user")
    return None


def _yes(result: Any, **more: Any) -> Response:
    return JSONResponse({"ok": True, "result": result, **more})


def _no(status: int, description: str, **more: Any) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": description, **more}, status_code=status)
