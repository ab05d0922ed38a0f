"""A signed link by which a browser fetches the ledger as a file: pages have no API key, and a file is no page."""

from dataclasses import fields
from datetime import date
from uuid import UUID

from omni_app.infra.crypto import sign, verify
from omni_app.infra.errors import Forbidden, SignedOut
from omni_app.infra.scope import Permission, Scope, system_scope
from omni_app.insights.ledger import LedgerFilter

LINK_SECONDS = 300
_LINK = "ledger.export"


def sign_export(scope: Scope, wanted: LedgerFilter) -> str:
    """The path under which these lines can be fetched as CSV for five minutes. Raise `Forbidden`."""
    scope.require(Permission.VIEW)
    values = {"business": str(scope.business_id)}
    for item in fields(wanted):
        value = getattr(wanted, item.name)
        if value and item.name != "before":
            values[item.name] = str(value)
    return "/exports/ledger/" + sign(_LINK, values)


def open_export(token: str) -> tuple[Scope, LedgerFilter]:
    """Whose lines a link names, and which. Raise `Forbidden` when it is too old or not ours."""
    try:
        values = verify(_LINK, token, LINK_SECONDS)
    except SignedOut as error:
        raise Forbidden("This link is no longer valid. Export again from the page of costs.") from error

    def day(name: str) -> date | None:
        return date.fromisoformat(values[name]) if name in values else None

    def id_of(name: str) -> UUID | None:
        return UUID(values[name]) if name in values else None

    wanted = LedgerFilter(
        service=values.get("service", ""),
        channel=values.get("channel", ""),
        model=values.get("model", ""),
        customer_id=id_of("customer_id"),
        conversation_id=id_of("conversation_id"),
        since=day("since"),
        until=day("until"),
        least_nusd=int(values.get("least_nusd", 0)),
        note=values.get("note", ""),
        search=values.get("search", ""),
    )
    return system_scope(UUID(values["business"])), wanted
