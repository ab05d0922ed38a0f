"""/api/customers: who talks to the business. `customer_shapes` holds the bodies and answers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from omni_app.api.access import IdempotencyKey, KeyScope
from omni_app.api.envelope import Success, described, fresh, ok, paged
from omni_app.api.idempotency import run_once
from omni_app.api.routes.conversations import EXAMPLE as CONVERSATION
from omni_app.api.routes.conversations import ConversationData, conversation_json
from omni_app.api.routes.customer_shapes import (
    EXAMPLE,
    FIGURES,
    ROW,
    BlockBody,
    CustomerChange,
    CustomerData,
    CustomerRowData,
    ErasedData,
    FiguresData,
    TagsBody,
    TagsData,
    VerifyBody,
    customer_json,
    figures_json,
    row_json,
)
from omni_app.api.routes.parameters import Channel, Limit, PageNumber, Search
from omni_app.conversations.forgetting import erase_customer, export_customer
from omni_app.conversations.listing import ConversationFilter, list_pages
from omni_app.customers.blocking import block_customer, unblock_customer
from omni_app.customers.editing import add_tags, change_customer, remove_tags
from omni_app.customers.figures import load_figures
from omni_app.customers.listing import CustomerFilter, list_customers
from omni_app.customers.profiles import load_customer
from omni_app.customers.verifying import unverify_customer, verify_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Invalid

router = APIRouter(prefix="/api/customers", tags=["Customers"])


@router.get(
    "", summary="List customers", response_model=Success[list[CustomerRowData]], responses=described([ROW], pages=True, read=True)
)
async def list_all(
    request: Request,
    scope: KeyScope,
    page: PageNumber = 1,
    limit: Limit = 25,
    search: Annotated[
        Search, Query(description="A name, an address, an id on a channel, the last four digits of a number, or a mail domain")
    ] = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    channel: Channel | None = None,
    language: Annotated[str, Query(max_length=40)] = "",
    verified: bool | None = None,
    blocked: bool | None = None,
    has_claims: Annotated[bool | None, Query(description="Typed an address that nothing proves yet")] = None,
    seen_since: Annotated[datetime | None, Query(description="Without a time zone it is UTC")] = None,
    sort: Literal["seen", "created", "name", "messages"] = "seen",
) -> Response:
    """One page of customers; those who were joined into somebody else are left out."""
    since = seen_since.replace(tzinfo=UTC) if seen_since is not None and seen_since.tzinfo is None else seen_since
    wanted = CustomerFilter(
        search=search,
        tag=tag,
        channel=channel or "",
        language=language,
        verified=verified,
        blocked=blocked,
        has_claims=has_claims,
        seen_since=since,
    )
    async with open_db(scope) as db:
        rows, total = await list_customers(db, wanted, sort, page, limit)
    return fresh(request, [row_json(row) for row in rows], paged(page, limit, total))


async def _read(scope: KeyScope, customer_id: UUID) -> dict[str, Any]:
    async with open_db(scope) as db:
        return customer_json(await load_customer(db, customer_id))


@router.get(
    "/{customer_id}", summary="Get a customer", response_model=Success[CustomerData], responses=described(EXAMPLE, 404, read=True)
)
async def get(request: Request, customer_id: UUID, scope: KeyScope) -> Response:
    """One customer with addresses in clear. With `merged_into_id` it is only the shell of that customer."""
    return fresh(request, await _read(scope, customer_id))


@router.put(
    "/{customer_id}",
    summary="Change a customer",
    response_model=Success[CustomerData],
    responses=described(EXAMPLE, 400, 404, 409, 413),
)
async def change(customer_id: UUID, body: CustomerChange, scope: KeyScope) -> JSONResponse:
    """Change what is named; what is not named stays. With `version`, a change by somebody else since then is refused with 409."""
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"version"}}
    async with open_db(scope) as db:
        await change_customer(db, customer_id, version=body.version, source="api", **changes)
    return ok(await _read(scope, customer_id))


@router.delete(
    "/{customer_id}",
    summary="Erase a customer",
    response_model=Success[ErasedData],
    responses=described({"id": EXAMPLE["id"], "erased": True, "conversations": 3, "messages": 42, "memories": 40}, 404, 409),
)
async def erase(customer_id: UUID, scope: KeyScope) -> JSONResponse:
    """Remove a customer with everything said, remembered and stored. This cannot be undone."""
    async with open_db(scope) as db:
        gone = await erase_customer(db, customer_id)
    return ok(
        {
            "id": str(customer_id),
            "erased": True,
            "contact_points": gone.contact_points,
            "conversations": gone.conversations,
            "messages": gone.messages,
            "memories": gone.memories,
            "attachments": gone.attachments,
            "notes": gone.notes,
        }
    )


@router.get(
    "/{customer_id}/export",
    summary="Everything kept about a customer",
    response_model=Success[dict[str, Any]],
    responses=described({"customer": {"id": EXAMPLE["id"], "name": "Sofia Marin"}}, 404),
)
async def export(customer_id: UUID, scope: KeyScope) -> JSONResponse:
    """All data of one person in one document, for a request under data-protection law."""
    async with open_db(scope) as db:
        kept = await export_customer(db, customer_id)
    headers = {"Content-Disposition": f'attachment; filename="customer-{customer_id}.json"'}
    return ok(kept, headers=headers)


@router.get(
    "/{customer_id}/conversations",
    summary="Conversations of a customer",
    response_model=Success[list[ConversationData]],
    responses=described([CONVERSATION], 404, pages=True, read=True),
)
async def conversations(
    request: Request, customer_id: UUID, scope: KeyScope, page: PageNumber = 1, limit: Limit = 25
) -> Response:
    """One page of the customer's conversations on every channel, the last active first."""
    async with open_db(scope) as db:
        await load_customer(db, customer_id)
        rows, total = await list_pages(db, ConversationFilter(customer_id=customer_id), page, limit)
    return fresh(request, [conversation_json(row) for row in rows], paged(page, limit, total))


@router.get(
    "/{customer_id}/metrics",
    summary="Figures of a customer",
    response_model=Success[FiguresData],
    responses=described(FIGURES, 404, read=True),
)
async def metrics(request: Request, customer_id: UUID, scope: KeyScope) -> Response:
    """Messages, conversations, hand-overs, cost and waits of a lifetime."""
    async with open_db(scope) as db:
        figures = await load_figures(db, customer_id)
    return fresh(request, figures_json(figures))


@router.post(
    "/{customer_id}/tags",
    summary="Add tags",
    response_model=Success[TagsData],
    responses=described({"tags": ["vip", "sun life"]}, 400, 404, 409, 413),
)
async def tag(customer_id: UUID, body: TagsBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Add tags, in small letters; one that is there already changes nothing. Answers all tags."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            return ok({"tags": await add_tags(db, customer_id, body.tags)})

    return await run_once(scope, idempotency_key, ["tag", str(customer_id), body.tags], work)


@router.delete(
    "/{customer_id}/tags",
    summary="Remove tags",
    response_model=Success[TagsData],
    responses=described({"tags": ["vip"]}, 400, 404, 409, 413),
)
async def untag(
    customer_id: UUID,
    scope: KeyScope,
    tag: Annotated[list[str] | None, Query(description="May be repeated; for clients that send no body with DELETE")] = None,
    body: TagsBody | None = None,
) -> JSONResponse:
    """Remove tags named in the query or in the body; one that is not there changes nothing. Answers the tags that stay."""
    tags = [*(tag or []), *(body.tags if body else [])]
    if not tags:
        raise Invalid("Name at least one tag.", "tag")
    async with open_db(scope) as db:
        return ok({"tags": await remove_tags(db, customer_id, tags)})


@router.post(
    "/{customer_id}/verify",
    summary="Verify a customer or an address",
    response_model=Success[CustomerData],
    responses=described(EXAMPLE, 400, 404, 409, 413),
)
async def verify(customer_id: UUID, body: VerifyBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Vouch for a customer. With `contact_point_id` that address counts as proven; 409 when somebody else has proven it."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            if body.verified:
                await verify_customer(db, customer_id, body.reason, body.contact_point_id)
            else:
                await unverify_customer(db, customer_id, body.reason)
        return ok(await _read(scope, customer_id))

    return await run_once(scope, idempotency_key, ["verify", str(customer_id), body.model_dump(mode="json")], work)


@router.post(
    "/{customer_id}/block",
    summary="Block or unblock a customer",
    response_model=Success[CustomerData],
    responses=described({**EXAMPLE, "blocked": True, "block_reason": "Insults the team"}, 400, 404, 409, 413),
)
async def block(customer_id: UUID, body: BlockBody, scope: KeyScope, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Refuse a customer's messages on every channel (with a `reason`), or accept them again."""

    async def work() -> JSONResponse:
        async with open_db(scope) as db:
            if body.blocked:
                await block_customer(db, customer_id, body.reason)
            else:
                await unblock_customer(db, customer_id)
        return ok(await _read(scope, customer_id))

    return await run_once(scope, idempotency_key, ["block", str(customer_id), body.model_dump(mode="json")], work)
