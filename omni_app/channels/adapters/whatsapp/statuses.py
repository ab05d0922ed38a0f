"""How far our messages got, as Meta reports it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from omni_app.channels.adapters.whatsapp.errors import REVOKED, code_of, to_provider_error
from omni_app.channels.adapters.whatsapp.reading import part, parts, sender_of, text_of, time_of
from omni_app.channels.contract import AccountNotice, ConsentChange, DeliveryUpdate, Ignored, InboundEvent, Pricing
from omni_app.infra.errors import Invalid

# A voice note that was played was read. What is missing here changes nothing for us.
STATUSES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
STOPPED_MARKETING = 131050


def status_events(status: Mapping[str, Any], contacts: list[dict[str, Any]]) -> list[InboundEvent]:
    """One status; a failure may also say that the customer wants no advertising, or that the account is blocked."""
    id_, word = text_of(status.get("id"), 300), text_of(status.get("status"), 40).lower()
    delivery_id = _delivery_id(status.get("biz_opaque_callback_data"))
    if not id_ and delivery_id is None:
        raise Invalid("This status names no message.")
    if word not in STATUSES:
        return [Ignored(why=f"The status “{word or 'none'}” changes nothing.")]
    error = to_provider_error(status.get("errors"))
    events: list[InboundEvent] = [
        DeliveryUpdate(
            status=STATUSES[word],
            provider_id=id_,
            delivery_id=delivery_id,
            at=time_of(status.get("timestamp")),
            error=error if word == "failed" else None,
            pricing=_pricing(status),
        )
    ]
    codes = {code_of(one) for one in parts(status, "errors")} if word == "failed" else set()
    if STOPPED_MARKETING in codes:
        sender = sender_of(contacts, status.get("recipient_id"), status.get("recipient_user_id"))
        if sender is not None:
            reason = "stopped marketing messages in WhatsApp"
            events.append(ConsentChange(sender=sender, purpose="marketing", is_given=False, reason=reason))
    if error is not None and codes & REVOKED:
        events.append(AccountNotice(text=error.text, health="revoked"))
    return events


def _delivery_id(value: Any) -> UUID | None:
    try:
        return UUID(text_of(value, 100))
    except ValueError:
        return None


def _pricing(status: Mapping[str, Any]) -> Pricing | None:
    pricing = part(status, "pricing")
    billable = pricing.get("billable")
    category = text_of(pricing.get("category"), 60)
    if not isinstance(billable, bool):
        # Deprecated, and absent from newer versions: then the type says it.
        kind = text_of(pricing.get("type"), 40)
        if not kind:
            return None
        billable = kind == "regular"
    return Pricing(is_billable=billable, category=category, model=text_of(pricing.get("pricing_model"), 40))
