"""What providers call: `/webhooks/<path>` and the same with a connection's unguessable token.

Check, write down, answer: nothing else happens in the request. A forged request is refused without a word about why; one that
cannot be read but is the provider's is kept with its problem, because a refusal would only make the provider send it again.
"""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from omni_app.api.errors import failure
from omni_app.channels.accounts import Account
from omni_app.channels.contract import Adapter, Hook, RawEvent, Reply, WebhookRequest
from omni_app.channels.failures import InvalidSignature
from omni_app.channels.locating import find_by_keys, find_by_token
from omni_app.channels.receipts import record
from omni_app.channels.registry import all_hooks
from omni_app.infra.clock import now
from omni_app.infra.errors import NotFound
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import WEBHOOKS
from omni_app.limits.addresses import take_webhook
from omni_app.limits.floods import may_deliver
from omni_app.limits.window import Decision
from omni_app.settings import load_settings

log = get_logger(__name__)
router = APIRouter(tags=["Webhooks"])

# Hashing and cutting more than this keeps the loop from everybody else for milliseconds.
THREAD_BYTES = 256 * 1024

Handler = Callable[..., Awaitable[Response]]

_REFUSED = "This request cannot be accepted."
_MANY = "Too many requests that cannot be accepted came from your network. Try again later."

_answers: dict[int | str, dict[str, Any]] = {
    200: {"description": "Stored; it is handled after the answer.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    403: {"description": "Not signed by the provider, or sent from an address that is not allowed."},
    404: {"description": "This deployment has no such webhook address."},
    413: {"description": "Larger than the provider sends."},
    429: {"description": "Too many requests."},
}


def _take(adapter: Adapter, hook: Hook, *, is_challenge: bool) -> Handler:
    async def shared(request: Request) -> Response:
        """The address shared by all businesses: signed for the deployment's own app, routed by what the event names."""
        return await _receive(adapter, hook, None, request, is_challenge=is_challenge)

    return shared


def _take_for_one(adapter: Adapter, hook: Hook, *, is_challenge: bool) -> Handler:
    async def of_one(token: str, request: Request) -> Response:
        """The address of one connection, as its page shows it."""
        return await _receive(adapter, hook, token, request, is_challenge=is_challenge)

    return of_one


async def _receive(adapter: Adapter, hook: Hook, token: str | None, request: Request, *, is_challenge: bool) -> Response:
    source = request.client.host if request.client else None
    if (refused := _still_refused(source)) is not None:
        return refused
    webhook = await _read(hook, request, source)
    try:
        if token is None:
            reply = await _take_shared(adapter, webhook, is_challenge=is_challenge)
        else:
            reply = await _take_own(adapter, webhook, token, is_challenge=is_challenge)
    except _NotFromThere:
        # The provider's own request: it never counts as forged, or one business's list would shut it out for all.
        WEBHOOKS.labels(adapter.kind, "refused").inc()
        return failure(403, "forbidden", _REFUSED)
    except (InvalidSignature, NotFound) as error:
        WEBHOOKS.labels(adapter.kind, "refused").inc()
        return await _refuse(source, error)
    return Response(reply.body, reply.status, media_type=reply.media_type)


async def _take_own(adapter: Adapter, webhook: WebhookRequest, token: str, *, is_challenge: bool) -> Reply:
    account = await find_by_token(adapter.kind, token)
    if account is None:
        raise NotFound("webhook address")
    if not _may_send(account, webhook):
        raise InvalidSignature
    try:
        reply = await _check(adapter, account, webhook, is_challenge=is_challenge)
    except InvalidSignature:
        # The secret may have been changed a moment ago.
        fresh = await find_by_token(adapter.kind, token, fresh=True)
        if fresh is None or fresh.settings == account.settings:
            raise
        account = fresh
        reply = await _check(adapter, fresh, webhook, is_challenge=is_challenge)
    if reply is not None:
        return reply
    may_deliver(account.id).require("Too many events came for this connection within a minute.")
    events = await _off_loop(webhook, lambda: adapter.split(webhook))
    owned = await _by_owner(adapter, account, events)
    for owner, theirs in (allowed := _allowed(adapter, webhook, owned)):
        await _record(adapter, owner, webhook, theirs)
    if owned and not allowed:
        raise _NotFromThere
    return adapter.acknowledge(webhook)


def _allowed(
    adapter: Adapter, webhook: WebhookRequest, owned: Sequence[tuple[Account, list[RawEvent]]]
) -> list[tuple[Account, list[RawEvent]]]:
    """Those who take webhooks from this network."""
    allowed = [(account, events) for account, events in owned if _may_send(account, webhook)]
    if len(allowed) < len(owned):
        log.warning("webhook events from a network their connection does not list", kind=adapter.kind)
    return allowed


async def _by_owner(adapter: Adapter, account: Account, events: Sequence[RawEvent]) -> list[tuple[Account, list[RawEvent]]]:
    """One app of a business may serve several of its accounts, all by the address of one: each event goes to the one it names."""
    others = {event.account for event in events} - {"", account.account_key}
    found = await find_by_keys(adapter.kind, sorted(others)) if others else {}
    siblings = {key: one for key, one in found.items() if one.business_id == account.business_id}
    owned = [(one, [event for event in events if event.account == key]) for key, one in siblings.items()]
    own = [event for event in events if event.account not in siblings]
    return [*owned, (account, own)] if own else owned


async def _check(adapter: Adapter, account: Account, webhook: WebhookRequest, *, is_challenge: bool) -> Reply | None:
    keys = adapter.webhook_keys(account.settings)
    if is_challenge:
        return adapter.challenge(webhook, keys)
    await _off_loop(webhook, lambda: adapter.authenticate(webhook, keys))
    return None


async def _take_shared(adapter: Adapter, webhook: WebhookRequest, *, is_challenge: bool) -> Reply:
    keys = adapter.deployment_keys(load_settings())
    if keys is None:
        raise NotFound("webhook address")
    if is_challenge:
        return adapter.challenge(webhook, keys)
    await _off_loop(webhook, lambda: adapter.authenticate(webhook, keys))
    events: Sequence[RawEvent] = await _off_loop(webhook, lambda: adapter.split(webhook))
    accounts = await find_by_keys(adapter.kind, [event.account for event in events if event.account])
    owned = [(account, [event for event in events if event.account == key]) for key, account in accounts.items()]
    for account, theirs in (allowed := _allowed(adapter, webhook, owned)):
        may_deliver(account.id).require("Too many events came for this connection within a minute.")
        await _record(adapter, account, webhook, theirs)
    if owned and not allowed:
        raise _NotFromThere
    if strays := sum(event.account not in accounts for event in events):
        # A 2xx all the same: sent again they would be nobody's either.
        WEBHOOKS.labels(adapter.kind, "nobody").inc(strays)
        log.warning("webhook events of an account nobody connected", kind=adapter.kind, count=strays)
    return adapter.acknowledge(webhook)


async def _record(adapter: Adapter, account: Account, webhook: WebhookRequest, events: Sequence[RawEvent]) -> None:
    fresh = await record(account.business_id, account.id, webhook.hook, events, webhook.received_at)
    WEBHOOKS.labels(adapter.kind, "stored").inc(fresh)
    WEBHOOKS.labels(adapter.kind, "repeated").inc(len(events) - fresh)


async def _read(hook: Hook, request: Request, source: str | None) -> WebhookRequest:
    path, query = request.url.path, request.url.query
    return WebhookRequest(
        hook=hook.path,
        method=request.method,
        # What a provider signs is the address it was given; what a proxy says about it can be forged.
        url=f"{load_settings().base_url}{path}{'?' + query if query else ''}",
        query=tuple(request.query_params.multi_items()),
        headers=_headers(request),
        body=await request.body(),
        received_at=now(),
        ip=source,
    )


def _headers(request: Request) -> Mapping[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


async def _off_loop(webhook: WebhookRequest, work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work) if len(webhook.body) > THREAD_BYTES else work()


class _NotFromThere(Exception):
    """Signed by the provider, but sent from a network that none of the connections it is for lists."""


def _may_send(account: Account, webhook: WebhookRequest) -> bool:
    """Whether this network is one of those the connection lists; one that lists none takes webhooks from all."""
    if not account.allowed_ips:
        return True
    try:
        address = ipaddress.ip_address(webhook.ip or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ipaddress.ip_network(network) for network in account.allowed_ips)


_refused_until: dict[str, tuple[float, Decision]] = {}
"""Network addresses that forged too often, until when (monotonic seconds). Requests that are the provider's are never counted."""


def _still_refused(source: str | None) -> Response | None:
    if not _refused_until:
        return None
    entry = _refused_until.get(source or "")
    if entry is None:
        return None
    left = entry[0] - time.monotonic()
    if left <= 0:
        _refused_until.pop(source or "", None)
        return None
    return failure(429, "too_many", _MANY, headers={"Retry-After": str(max(1, round(left)))})


async def _refuse(source: str | None, error: Exception) -> Response:
    decision = await take_webhook(source or "unknown")
    if not decision.allowed:
        if len(_refused_until) > 10_000:
            _refused_until.clear()
        _refused_until[source or ""] = (time.monotonic() + decision.reset_after.total_seconds(), decision)
        return failure(429, "too_many", _MANY, headers={"Retry-After": str(max(1, round(decision.reset_after.total_seconds())))})
    if isinstance(error, NotFound):
        return failure(404, "not_found", "There is no such webhook address.")
    return failure(403, "forbidden", _REFUSED)


def _add(adapter: Adapter, hook: Hook) -> None:
    for path in (hook.path, *hook.aliases):
        for is_challenge in (True, False) if hook.answers_challenge else (False,):
            method = "GET" if is_challenge else "POST"
            title = f"{hook.title}: check of the address" if is_challenge else hook.title
            name = f"{path.replace('/', '_')}_{method.lower()}"
            options: dict[str, Any] = {"methods": [method], "summary": title, "responses": _answers, "response_class": Response}
            shared, own = (
                _take(adapter, hook, is_challenge=is_challenge),
                _take_for_one(adapter, hook, is_challenge=is_challenge),
            )
            router.add_api_route(f"/webhooks/{path}", shared, name=name, operation_id=name, **options)
            router.add_api_route(f"/webhooks/{path}/{{token}}", own, name=f"{name}_own", operation_id=f"{name}_own", **options)


for _adapter, _hook in all_hooks():
    _add(_adapter, _hook)


@router.api_route("/webhooks/{rest:path}", methods=["GET", "POST", "HEAD", "PUT", "DELETE"], include_in_schema=False)
async def nothing_here(rest: str) -> Response:
    return failure(404, "not_found", "There is no such webhook address.")
