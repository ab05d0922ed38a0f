"""WhatsApp Cloud API: sending, reading receipts, media, phone number and templates, as Meta's documentation describes them."""

import base64
import secrets
import time
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Contact, Message, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.meta import MetaApp, has_token, no_such, refuse, refuse_for
from embedded.sandbox.store import Media
from embedded.sandbox.templates import fill_in, find_template, judge_use, new_templates
from embedded.sandbox.whatsapp_events import build_inbound, build_status

WINDOW_SECONDS = 86_400
MOST_TEXT = 4096
MOST_BYTES = {"image": 5 << 20, "audio": 16 << 20, "video": 16 << 20, "document": 100 << 20, "sticker": 500 << 10}
_TYPES = ("text", "template", "interactive", "reaction", "location", "contacts", *MOST_BYTES)


class WhatsApp(MetaApp):
    """One phone number for each account."""

    kind = "whatsapp"
    hooks: tuple[str, ...] = ("whatsapp",)

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        number = str(given.get("phone_number") or "1555" + digits(7)).lstrip("+")
        credentials = {
            **self.new_app(given),
            "phone_number_id": str(given.get("phone_number_id") or digits(15)),
            "waba_id": str(given.get("waba_id") or digits(15)),
            "display_phone_number": number,
        }
        return credentials, {"reads": True, "window": "now", "templates": new_templates()}

    def routes(self) -> list[BaseRoute]:
        """Below /graph, with or without a version."""
        return [
            Route("/lookaside/whatsapp_business/attachments/", self.download),
            Route("/{version}/{node:int}/messages", self.send, methods=["POST"]),
            Route("/{version}/{node:int}/media", self.upload, methods=["POST"]),
            Route("/{version}/{node:int}/message_templates", self.templates),
            Route("/{version}/{node:int}/subscribed_apps", self.subscribe, methods=["GET", "POST"]),
            Route("/{version}/{node:int}", self.show, methods=["GET", "DELETE"]),
        ]

    def inbound(self, account: Account, given: JSON) -> list[str]:
        return build_inbound(self.world, account, given)

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        contact = self.world.store.contact(account.id, message.address)
        if contact is not None and contact.details.get("is_unreachable"):
            return ("failed",)
        return ("sent", "delivered", "read") if account.options.get("reads", True) else ("sent", "delivered")

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        build_status(self.world, account, message, state, error)

    # --- the API ---

    def _node(self, request: Request, credential: str) -> Account | Response:
        """The account a node belongs to, or the error when there is none or the token is wrong."""
        node = str(request.path_params["node"])
        account = self.world.store.find_account(self.kind, **{credential: node})
        if account is None:
            return no_such(node)
        return (
            account if has_token(request, account) else refuse(190, text="Invalid OAuth access token - Cannot parse access token")
        )

    async def send(self, request: Request) -> Response:
        account = self._node(request, "phone_number_id")
        if isinstance(account, Response):
            return account
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
            return refuse(100, text="(#100) The parameter messaging_product is required.")
        if body.get("status") == "read":
            return self._mark_read(account, body)
        fault = await self.world.meet(account, request)
        if (refusal := refuse_for(fault)) is not None and not self._is_spared(fault, body):
            return refusal
        if fault is not None and fault.kind == "timeout_before_accept":
            return Response()
        answer = self._take(account, body, fault)
        await self.world.break_off(fault, request)
        return answer

    def _is_spared(self, fault: Fault | None, body: JSON) -> bool:
        return fault is not None and fault.kind == "window_closed" and body.get("type") == "template"

    def _mark_read(self, account: Account, body: JSON) -> Response:
        message = self.world.store.message(account.id, str(body.get("message_id", "")))
        if message is None or message.direction != "in":
            return refuse(131009, "The message_id does not name a message this number received.")
        self.world.store.note_state(message, "typing" if body.get("typing_indicator") else "read")
        return JSONResponse({"success": True})

    def _take(self, account: Account, body: JSON, fault: Fault | None) -> Response:
        kind = str(body.get("type") or "text")
        contact = self._recipient(account, body)
        if isinstance(contact, Response):
            return contact
        if kind not in _TYPES or not isinstance(body.get(kind), (dict, list)):
            return refuse(100, f"Unexpected type '{kind}'" if kind not in _TYPES else f"The parameter {kind} is required.")
        if (problem := self._judge(account, kind, body[kind], contact)) is not None:
            code, details = problem
            if code == 131047 and account.options.get("window") == "later":
                fault = Fault(id=0, kind="fail_later", code="131047")
            else:
                return refuse(code, details)
        if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
            return refuse(100, "(#100) Param biz_opaque_callback_data must be at most 512 characters long.")
        message = self.world.accept(
            account, contact.address, new_wamid(contact.address), kind, self._readable(account, kind, body[kind]), body, fault
        )
        to = str(body.get("to") or body.get("recipient"))
        found: JSON = {"input": to}
        if contact.details.get("wa_id"):
            found["wa_id"] = contact.details["wa_id"]
        if contact.details.get("user_id"):
            found["user_id"] = contact.details["user_id"]
        return JSONResponse({"messaging_product": "whatsapp", "contacts": [found], "messages": [{"id": message.id}]})

    def _recipient(self, account: Account, body: JSON) -> Contact | Response:
        to, user_id = body.get("to"), body.get("recipient")
        if not to and not user_id:
            return refuse(100, "(#100) The parameter to is required.")
        if to:
            number = "".join(filter(str.isdigit, str(to)))
            if not 7 <= len(number) <= 15:
                return refuse(131009, "The phone number is not valid.")
            known = self.world.store.contact(account.id, number)
            contact = known or Contact(account_id=account.id, address=number, details={"wa_id": number})
        else:
            found = [one for one in self.world.store.contacts(account.id) if one.details.get("user_id") == user_id]
            if not found:
                return refuse(131026, f"No user with the id {user_id} is known to this business.")
            contact = found[0]
        self.world.store.keep_contact(contact)
        return contact

    def _judge(self, account: Account, kind: str, content: Any, contact: Contact) -> tuple[int, str] | None:
        if kind == "template":
            language = str(dict(content.get("language") or {}).get("code", ""))
            template = find_template(account.options["templates"], str(content.get("name")), language)
            if template is None:
                return 132001, f"template name ({content.get('name')}) does not exist in {language}"
            if template["category"] == "MARKETING" and contact.details.get("has_stopped"):
                return 131050, ""
            return judge_use(template, list(content.get("components") or []))
        last = contact.last_inbound_at
        if last is None or time.time() - last >= WINDOW_SECONDS:
            return 131047, ""
        if kind == "reaction":
            return self._judge_reaction(account, content)
        if kind == "text" and not 1 <= len(str(content.get("body") or "")) <= MOST_TEXT:
            return 100, f"Param text['body'] must be at most {MOST_TEXT} characters long and not empty."
        if kind == "interactive":
            return _judge_interactive(content)
        if kind in MOST_BYTES and not content.get("link"):
            media = self.world.store.media(str(content.get("id", "")))
            if media is None or media.account_id != account.id:
                return 131009, f"Media {content.get('id')} does not exist."
        return None

    def _judge_reaction(self, account: Account, content: Any) -> tuple[int, str] | None:
        target = self.world.store.message(account.id, str(content.get("message_id", "")))
        if target is None or target.direction != "in":
            return 131009, "The message_id of the reaction does not name a message this number received."
        if not isinstance(content.get("emoji"), str) or len(content["emoji"]) > 20:
            return 131009, "The emoji of the reaction is not one emoji."
        return None

    def _readable(self, account: Account, kind: str, content: Any) -> str:
        """What the customer reads of it."""
        if kind == "template":
            code = str(content["language"]["code"])
            template = find_template(account.options["templates"], content["name"], code)
            return "" if template is None else fill_in(template, list(content.get("components") or []))
        if kind == "interactive":
            return str(dict(content.get("body") or {}).get("text", ""))
        if not isinstance(content, dict):
            return ""
        return str(content.get("body") or content.get("caption") or content.get("emoji") or "")

    async def upload(self, request: Request) -> Response:
        account = self._node(request, "phone_number_id")
        if isinstance(account, Response):
            return account
        async with request.form() as form:
            file = form.get("file")
            if form.get("messaging_product") != "whatsapp" or not isinstance(file, UploadFile):
                return refuse(100, "(#100) messaging_product and file are required.")
            data = await file.read()
            media_type = str(file.content_type or form.get("type") or "")
            limit = MOST_BYTES.get(media_type.partition("/")[0], MOST_BYTES["document"])
            if len(data) > limit:
                return refuse(131053, f"The file is larger than {limit} bytes.")
            media = self.world.store.add_media(account.id, file.filename or "", media_type, data, digits(15))
        return JSONResponse({"id": media.id})

    async def show(self, request: Request) -> Response:
        """A phone number, a business account or a file, whichever has this id."""
        node = str(request.path_params["node"])
        for credential in ("phone_number_id", "waba_id"):
            account = self.world.store.find_account(self.kind, **{credential: node})
            if account is not None:
                if not has_token(request, account):
                    return refuse(190, text="Invalid OAuth access token - Cannot parse access token")
                # A withdrawn token opens nothing; other failures are for sending.
                if self.world.is_revoked(account):
                    return refuse(190)
                return JSONResponse(_number(account) if credential == "phone_number_id" else _business(account))
        media = self.world.store.media(node)
        account = None if media is None else self.world.store.account(media.account_id)
        if media is None or account is None:
            return no_such(node)
        if not has_token(request, account):
            return refuse(190)
        if request.method == "DELETE":
            self.world.store.remove_media(media.id)
            return JSONResponse({"success": True})
        # The address of the whole server; what is mounted stands in the root path.
        base = str(request.base_url).rstrip("/") + str(request.scope.get("root_path", ""))
        return JSONResponse(_media(media, base))

    async def download(self, request: Request) -> Response:
        media = self.world.store.media(request.query_params.get("mid", ""))
        account = None if media is None else self.world.store.account(media.account_id)
        if media is None or account is None:
            return Response("Not found", status_code=404)
        if not has_token(request, account):
            return Response("Unauthorized", status_code=401)
        return Response(media.data, media_type=media.media_type)

    async def templates(self, request: Request) -> Response:
        account = self._node(request, "waba_id")
        if isinstance(account, Response):
            return account
        limit = max(1, min(int(request.query_params.get("limit", "25")), 200))
        start = int(base64.b64decode(request.query_params.get("after", "") or "MA==").decode() or 0)
        found = account.options["templates"]
        status = request.query_params.get("status", "")
        found = [one for one in found if status in ("", one["status"])]
        page = found[start : start + limit]
        cursor = base64.b64encode(str(start + limit).encode()).decode()
        paging: JSON = {"cursors": {"before": base64.b64encode(str(start).encode()).decode(), "after": cursor}}
        if start + limit < len(found):
            paging["next"] = str(request.url.include_query_params(after=cursor, limit=limit))
        return JSONResponse({"data": page, "paging": paging})

    async def subscribe(self, request: Request) -> Response:
        account = self._node(request, "waba_id")
        if isinstance(account, Response):
            return account
        if request.method == "POST":
            return JSONResponse({"success": True})
        app = {"id": account.credentials["app_id"], "name": account.name, "link": "https://www.facebook.com/"}
        return JSONResponse({"data": [{"whatsapp_business_api_data": app}]})


def new_wamid(address: str) -> str:
    """An id in the shape of Meta's."""
    return "wamid." + base64.b64encode(b"\x1c\x18" + address.encode() + b"\x15\x02" + secrets.token_bytes(16)).decode()


def _number(account: Account) -> JSON:
    return {
        "verified_name": account.name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": "+" + account.credentials["display_phone_number"],
        "quality_rating": account.state.get("quality", "GREEN"),
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "messaging_limit_tier": "TIER_1K",
        "id": account.credentials["phone_number_id"],
    }


def _business(account: Account) -> JSON:
    return {
        "id": account.credentials["waba_id"],
        "name": account.name,
        "timezone_id": "1",
        "message_template_namespace": account.id,
        "account_review_status": "APPROVED",
    }


def _media(media: Media, base: str) -> JSON:
    link = f"{base.rstrip('/')}/lookaside/whatsapp_business/attachments/?mid={media.id}&ext={int(time.time()) + 300}&hash=ATs"
    return {
        "messaging_product": "whatsapp",
        "url": link,
        "mime_type": media.media_type,
        "sha256": media.sha256,
        "file_size": len(media.data),
        "id": media.id,
    }


def _judge_interactive(content: JSON) -> tuple[int, str] | None:
    body, action = dict(content.get("body") or {}), dict(content.get("action") or {})
    if not 1 <= len(str(body.get("text") or "")) <= 4096:
        return 100, "Body text is required and must be at most 4096 characters long."
    if content.get("type") == "button":
        titles = [str(dict(one.get("reply") or {}).get("title", "")) for one in action.get("buttons") or []]
        if not 1 <= len(titles) <= 3 or any(not 1 <= len(one) <= 20 for one in titles) or len(set(titles)) < len(titles):
            return 131009, "Buttons: 1 to 3, each with its own title of at most 20 characters."
        if len(str(body["text"])) > 1024:
            return 131009, "Body text of buttons must be at most 1024 characters long."
    elif content.get("type") == "list":
        rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
        if not 1 <= len(rows) <= 10 or any(not 1 <= len(str(row.get("title", ""))) <= 24 for row in rows):
            return 131009, "A list has 1 to 10 rows with titles of at most 24 characters."
        if not 1 <= len(str(action.get("button", ""))) <= 20:
            return 131009, "The button of a list needs a text of at most 20 characters."
    return None
