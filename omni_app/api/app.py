"""The REST app, mounted around the pages by `omni_app.omni_app`."""

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi_swagger import patch_fastapi

from omni_app.api.errors import add_error_handlers
from omni_app.api.routes import (
    abuse,
    agent,
    auth,
    budget,
    business,
    cache,
    chat,
    conversations,
    costs,
    customers,
    demo,
    faq,
    files,
    health,
    prices,
    webhooks,
)

DESCRIPTION = """
Omni answers a business's customers on every channel. Send an API key as `Authorization: Bearer ebk_…`.

Every answer is `{"success": true, "data": …}` or `{"success": false, "message", "code", "errors": [{"field", "message"}]}`.
Codes: `invalid` 422, `unauthorized` 401, `forbidden` 403, `not_found` 404, `conflict` 409, `too_large` 413, `too_many` 429,
`unavailable` 503.

Lists are paged by `page` and `limit`. Reads carry an `ETag`: send it as `If-None-Match` and get 304 while nothing changed. A POST
with an `Idempotency-Key` is done once and answered alike for 24 hours. A key may call as often in any hour as its plan allows
(`RateLimit-Remaining` counts down); then 429 says in `Retry-After` when to go on.
"""


def create_api() -> FastAPI:
    """Routes, errors and documentation. Unknown paths under /api answer in JSON; all other paths fall through to the pages."""
    api = FastAPI(
        title="Omni API",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(
        api,
        docs_url="/api/docs",
        redirect_from_root_to_docs=False,
        swagger_js_url="/api/docs/swagger-ui-bundle.js",
        swagger_css_url="/api/docs/swagger-ui.css",
        swagger_favicon_url="/api/docs/favicon-32x32.png",
    )
    add_error_handlers(api)
    for routes in (
        # Routes are tried in turn: first those that are called most.
        webhooks,
        health,
        agent,
        customers,
        conversations,
        business,
        costs,
        budget,
        prices,
        faq,
        cache,
        abuse,
        auth,
        chat,
        files,
        demo,
    ):
        api.include_router(routes.router)

    @api.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def unknown(rest: str) -> JSONResponse:
        raise HTTPException(404, "There is no such address in the API.")

    return api
