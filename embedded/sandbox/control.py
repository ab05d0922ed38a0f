"""The control API: whoever holds the token plays the customers, reads what Omni sent, and makes the providers fail.

JSON over HTTP below /control; docs/sandbox.md lists it. A web page in a browser cannot use it: it has no token, and a
request that names an origin is refused.
"""

import base64
import binascii
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from embedded.sandbox.accounts import JSON, Account, Contact, Outgoing
from embedded.sandbox.world import Misused, World, spoil_body

_OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]")
Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    """The endpoints."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self._token = token

    def routes(self) -> list[BaseRoute]:
        def route(path: str, endpoint: Endpoint, *methods: str) -> Route:
            return Route(path, self._guarded(endpoint), methods=list(methods or ("GET",)))

        return [
            route("/state", self.show_state),
            route("/reset", self.reset, "POST"),
            route("/accounts", self.list_accounts),
            route("/accounts", self.open_account, "POST"),
            route("/accounts/{id}", self.show_account),
            route("/accounts/{id}", self.change_account, "PATCH"),
            route("/accounts/{id}", self.remove_account, "DELETE"),
            route("/accounts/{id}/verify", self.verify, "POST"),
            route("/contacts", self.change_contact, "POST"),
            route("/outbox", self.list_outbox),
            route("/threads", self.list_threads),
            route("/messages", self.list_messages),
            route("/media", self.upload, "POST"),
            route("/media/{id}", self.show_media),
            route("/statuses", self.report_status, "POST"),
            route("/faults", self.list_faults),
            route("/faults", self.add_fault, "POST"),
            route("/faults", self.clear_faults, "DELETE"),
            route("/faults/{id:int}", self.clear_faults, "DELETE"),
            route("/webhooks", self.list_webhooks),
            route("/webhooks", self.send_webhook, "POST"),
            route("/webhooks/{id:int}", self.show_webhook),
            route("/webhooks/{id:int}/again", self.repeat_webhook, "POST"),
            route("/{provider}/inbound", self.inbound, "POST"),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "").partition(" ")[2].encode()
            host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
            if not self._token or not hmac.compare_digest(given, self._token.encode()):
                return JSONResponse({"error": "the token is missing or wrong"}, status_code=401)
            if "origin" in request.headers or host not in _OWN_HOSTS:
                return JSONResponse({"error": "not for web pages"}, status_code=403)
            try:
                return await endpoint(request)
            except Misused as error:
                return JSONResponse({"error": str(error)}, status_code=400)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                # Numbers that are none, lists where an object is due: the caller's, and said so.
                return JSONResponse({"error": f"this cannot be read: {error}"}, status_code=400)

        return guarded

    def _account(self, request: Request) -> Account:
        return self.world.account(str(request.path_params["id"]))

    # --- the simulator ---

    async def show_state(self, request: Request) -> Response:
        providers = {kind: list(provider.hooks) for kind, provider in sorted(self.world.providers.items())}
        return JSONResponse({"is_idle": self.world.is_idle, "providers": providers, "mail_ports": self.world.mail_ports})

    async def reset(self, request: Request) -> Response:
        given = await _body(request)
        self.world.reset(keep_accounts=bool(given.get("keep_accounts", False)))
        return JSONResponse({})

    # --- accounts ---

    async def list_accounts(self, request: Request) -> Response:
        found = self.world.store.accounts(request.query_params.get("provider", ""))
        return JSONResponse({"accounts": [account.as_json() for account in found]})

    async def open_account(self, request: Request) -> Response:
        return JSONResponse(self.world.open_account(await _body(request)).as_json(), status_code=201)

    async def show_account(self, request: Request) -> Response:
        return JSONResponse(self._account(request).as_json())

    async def change_account(self, request: Request) -> Response:
        account, given = self._account(request), await _body(request)
        self.world.set_webhooks(account, given)
        account.name = str(given.get("name", account.name))
        account.options |= {name: value for name, value in dict(given.get("options", {})).items() if not name.startswith("_")}
        # A key that was leaked is replaced by a new one.
        known = {name: str(value) for name, value in dict(given.get("credentials", {})).items() if name in account.credentials}
        account.credentials |= known
        self.world.store.keep_account(account)
        return JSONResponse(account.as_json())

    async def remove_account(self, request: Request) -> Response:
        self.world.store.remove_account(self._account(request).id)
        return JSONResponse({})

    async def verify(self, request: Request) -> Response:
        account = self._account(request)
        hook = str((await _body(request)).get("hook") or self.world.provider(account.provider).hooks[0])
        return JSONResponse({"is_verified": await self.world.hooks.verify(account, hook)})

    # --- customers and threads ---

    async def change_contact(self, request: Request) -> Response:
        """`window` "closed" lets the customer's last message be two days old, "open" just now; `details` is merged."""
        given = await _body(request)
        account = self.world.account(str(given.get("account", "")))
        address = str(given["address"])
        known = self.world.store.contact(account.id, address)
        contact = known or Contact(account_id=account.id, address=address)
        contact.name = str(given.get("name", contact.name))
        if "last_inbound_at" in given:
            contact.last_inbound_at = float(given["last_inbound_at"])
        if given.get("window"):
            contact.last_inbound_at = time.time() - (0 if given["window"] == "open" else 2 * 86_400)
        contact.details |= dict(given.get("details", {}))
        self.world.store.keep_contact(contact)
        return JSONResponse(_contact(contact))

    async def inbound(self, request: Request) -> Response:
        provider = self.world.provider(str(request.path_params["provider"]))
        given = await _body(request)
        account = self.world.account(str(given.get("account", "")), provider.kind)
        return JSONResponse({"ids": provider.inbound(account, given)}, status_code=202)

    async def list_outbox(self, request: Request) -> Response:
        return self._list(request, "out")

    async def list_messages(self, request: Request) -> Response:
        return self._list(request, request.query_params.get("direction", ""))

    def _list(self, request: Request, direction: str) -> Response:
        query = request.query_params
        found = self.world.store.messages(
            account=query.get("account", ""),
            provider=query.get("provider", ""),
            direction=direction,
            address=query.get("address", ""),
            after=int(query.get("after", 0)),
            limit=max(1, min(int(query.get("limit", 1000)), 50_000)),
        )
        total = self.world.store.count_messages(query.get("account", ""), direction)
        return JSONResponse({"messages": [message.as_json() for message in found], "total": total})

    async def list_threads(self, request: Request) -> Response:
        """The customers of an account, each with the newest message."""
        account = self.world.account(request.query_params.get("account", ""))
        threads = []
        for contact in self.world.store.contacts(account.id):
            last = self.world.store.messages(account=account.id, address=contact.address, limit=1)
            threads.append({**_contact(contact), "last": last[0].as_json() if last else None})
        return JSONResponse({"threads": threads})

    # --- files ---

    async def upload(self, request: Request) -> Response:
        """A multipart form with `file`, or the bytes themselves with ?name= and their content type."""
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form(max_part_size=60 << 20) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile):
                    raise Misused("file is missing")
                name, media_type, data = file.filename or "", file.content_type or "", await file.read()
        else:
            name = request.query_params.get("name", "")
            media_type, data = request.headers.get("content-type", ""), await request.body()
        media = self.world.store.add_media("", name, media_type, data)
        return JSONResponse({"id": media.id, "name": name, "media_type": media_type, "size": len(data)}, status_code=201)

    async def show_media(self, request: Request) -> Response:
        media = self.world.store.media(str(request.path_params["id"]))
        if media is None:
            return JSONResponse({"error": "there is no such file"}, status_code=404)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(media.name)}",
            "x-content-type-options": "nosniff",
        }
        return Response(media.data, media_type=media.media_type or "application/octet-stream", headers=headers)

    # --- statuses and failures ---

    async def report_status(self, request: Request) -> Response:
        given = await _body(request)
        account = self.world.account(str(given.get("account", "")))
        message = self.world.store.message(account.id, str(given.get("message", "")))
        if message is None:
            raise Misused(f"no message {given.get('message')} was sent by this account")
        self.world.tell(account, message, str(given["state"]), {**given, **dict(given.get("error") or {})})
        return JSONResponse(message.as_json(), status_code=202)

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": [fault.as_json() for fault in self.world.faults.all()]})

    async def add_fault(self, request: Request) -> Response:
        given = await _body(request)
        if given.get("account"):
            self.world.account(str(given["account"]))
        if given.get("provider"):
            self.world.provider(str(given["provider"]))
        return JSONResponse(self.world.faults.add(given).as_json(), status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        self.world.faults.clear(request.path_params.get("id"), request.query_params.get("account", ""))
        return JSONResponse({})

    # --- webhooks ---

    async def list_webhooks(self, request: Request) -> Response:
        """Newest first, each with its attempts."""
        query = request.query_params
        rows = self.world.store.run(
            "select id, account_id, hook, url, method, content_type, size, spoil, state, attempts, at from webhooks"
            " where ? in ('', account_id) and ? in ('', state) and id > ? order by id desc limit ?",
            (
                query.get("account", ""),
                query.get("state", ""),
                int(query.get("after", 0)),
                min(int(query.get("limit", 100)), 1000),
            ),
        ).fetchall()
        found = []
        for row in rows:
            tries = self.world.store.run(
                "select at, status, ms, detail from attempts where webhook_id = ? order by id", (row["id"],)
            ).fetchall()
            found.append({**dict(row), "account": row["account_id"], "tries": [dict(one) for one in tries]})
        return JSONResponse({"webhooks": found})

    async def show_webhook(self, request: Request) -> Response:
        """The request itself, signed now: {url, method, headers, body: base64}."""
        found = self.world.hooks.signed(int(request.path_params["id"]))
        if found is None:
            return JSONResponse({"error": "there is no such webhook"}, status_code=404)
        return JSONResponse({**found, "body": base64.b64encode(found["body"]).decode()})

    async def send_webhook(self, request: Request) -> Response:
        """Any body, signed like a real one: `body` (text) or `data` (base64)."""
        given = await _body(request)
        account = self.world.account(str(given.get("account", "")))
        hook = str(given.get("hook") or self.world.provider(account.provider).hooks[0])
        try:
            raw = base64.b64decode(given["data"], validate=True) if "data" in given else str(given.get("body", "")).encode()
        except binascii.Error as error:
            raise Misused("data must be base64") from error
        spoil = str(given.get("malformed", ""))
        outgoing = Outgoing(
            hook=hook,
            body=spoil_body(raw, spoil),
            content_type=str(given.get("content_type", "application/json")),
            method=str(given.get("method", "POST")),
            query=str(given.get("query", "")),
            spoil=spoil,
            headers={str(name): str(value) for name, value in dict(given.get("headers", {})).items()},
        )
        return JSONResponse({"id": self.world.hooks.send(account, outgoing)}, status_code=202)

    async def repeat_webhook(self, request: Request) -> Response:
        if not self.world.hooks.send_again(int(request.path_params["id"])):
            return JSONResponse({"error": "there is no such webhook"}, status_code=404)
        return JSONResponse({}, status_code=202)


async def _body(request: Request) -> JSON:
    raw = await request.body()
    if not raw:
        return {}
    body: Any = await request.json()
    if not isinstance(body, dict):
        raise Misused("the body must be a JSON object")
    return body


def _contact(contact: Contact) -> JSON:
    return {
        "address": contact.address,
        "name": contact.name,
        "last_inbound_at": contact.last_inbound_at,
        "details": contact.details,
    }
