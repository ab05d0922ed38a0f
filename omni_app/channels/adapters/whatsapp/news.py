"""News of the account, the number and the templates, in words for the channel's page.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from omni_app.channels.adapters.whatsapp.reading import part, parts, text_of
from omni_app.channels.contract import AccountNotice, Ignored, InboundEvent, TemplateInfo

Health = Literal["ok", "failing", "revoked"]

_ACCOUNT: Mapping[str, tuple[str, Health]] = {
    "ACCOUNT_DELETED": ("Meta says that this WhatsApp account was deleted.", "revoked"),
    "ACCOUNT_OFFBOARDED": ("This WhatsApp account was taken off the platform.", "revoked"),
    "PARTNER_REMOVED": ("The access to this WhatsApp account was withdrawn.", "revoked"),
    "PARTNER_APP_UNINSTALLED": ("The app was removed from this WhatsApp account.", "revoked"),
    "ACCOUNT_VIOLATION": ("Meta reports a violation of its rules by this account", "failing"),
    "ACCOUNT_RESTRICTION": ("Meta restricted this account", "failing"),
    "ACCOUNT_RECONNECTED": ("This WhatsApp account is connected again.", "ok"),
    "PARTNER_APP_INSTALLED": ("The app was added to this WhatsApp account.", "ok"),
}
_BANS: Mapping[str, tuple[str, Health]] = {
    "DISABLE": ("Meta disabled this WhatsApp account.", "revoked"),
    "SCHEDULE_FOR_DISABLE": ("Meta is going to disable this WhatsApp account", "failing"),
    "REINSTATE": ("Meta reinstated this WhatsApp account.", "ok"),
}


def is_news(field: str) -> bool:
    return field in _READERS


def account_news(field: str, value: Mapping[str, Any]) -> list[InboundEvent]:
    """What a change of the kind `field` says; unknown events of a known kind are ignored."""
    return [_READERS[field](value)]


def _words(value: Any) -> str:
    return text_of(value, 80).replace("_", " ").lower()


def _account(value: Mapping[str, Any]) -> InboundEvent:
    event = text_of(value.get("event"), 80).upper()
    if event == "DISABLED_UPDATE":
        ban = part(value, "ban_info")
        state = ban.get("waba_ban_state")
        state = text_of(state[0] if isinstance(state, list) and state else state, 40).upper()
        text, health = _BANS.get(state, ("Meta disabled this WhatsApp account.", "revoked"))
        date = text_of(ban.get("waba_ban_date"), 40)
        return AccountNotice(text=f"{text.rstrip('.')}{f' ({date})' if date else ''}.", health=health)
    if event not in _ACCOUNT:
        return Ignored(why=f"News of the account: {_words(event) or 'without a name'}.")
    text, health = _ACCOUNT[event]
    why = [_words(one.get("restriction_type")) for one in parts(value, "restriction_info")]
    why.append(_words(part(value, "violation_info").get("violation_type")))
    said = ", ".join(filter(None, why))
    return AccountNotice(text=f"{text.rstrip('.')}{f': {said}' if said else ''}.", health=health)


def _review(value: Mapping[str, Any]) -> InboundEvent:
    decision = text_of(value.get("decision"), 40).upper()
    if decision == "REJECTED":
        return AccountNotice(text="Meta's review rejected this WhatsApp account.", health="revoked")
    return AccountNotice(text=f"Meta's review of this account: {_words(decision) or 'no decision'}.")


def _number_quality(value: Mapping[str, Any]) -> InboundEvent:
    event, limit = (
        text_of(value.get("event"), 40).upper(),
        _words(value.get("current_limit") or value.get("max_daily_conversation")),
    )
    number = text_of(value.get("display_phone_number"), 40)
    said = {
        "FLAGGED": "customers complained about this number; Meta flagged it",
        "UNFLAGGED": "this number is no longer flagged",
        "UPGRADE": "this number may write to more people a day",
        "DOWNGRADE": "this number may write to fewer people a day",
        "ONBOARDING": "this number was added",
    }.get(event, f"news of the number: {_words(event) or 'without a name'}")
    return AccountNotice(text=f"{said[0].upper()}{said[1:]}{f' ({number})' if number else ''}{f': {limit}' if limit else ''}.")


def _template(value: Mapping[str, Any], *, status: str = "", category: str = "", reason: str = "") -> TemplateInfo | None:
    name, language = text_of(value.get("message_template_name"), 600), text_of(value.get("message_template_language"), 20)
    if not name or not language:
        return None
    return TemplateInfo(
        name=name,
        language=language.replace("-", "_"),
        status=status,
        category=category,
        external_id=text_of(value.get("message_template_id"), 60),
        reason=reason,
    )


def _template_status(value: Mapping[str, Any]) -> InboundEvent:
    event = text_of(value.get("event"), 40).lower()
    reason = text_of(value.get("reason"), 300)
    other = part(value, "other_info")
    reason = "" if reason.upper() == "NONE" else reason or text_of(other.get("title") or other.get("description"), 300)
    # "Flagged" warns that it will be disabled; until then it may be sent.
    status = {"flagged": "approved", "reinstated": "approved"}.get(event, event)
    return _template_notice(value, f"is now {_words(event)}", _template(value, status=status, reason=reason), reason)


def _template_quality(value: Mapping[str, Any]) -> InboundEvent:
    score = _words(value.get("new_quality_score"))
    return _template_notice(value, f"has the quality “{score}” now", _template(value))


def _template_category(value: Mapping[str, Any]) -> InboundEvent:
    category = _words(value.get("new_category") or value.get("correct_category"))
    return _template_notice(value, f"counts as {category} now", _template(value, category=category))


def _template_content(value: Mapping[str, Any]) -> InboundEvent:
    return _template_notice(value, "was changed at Meta", _template(value))


def _template_notice(value: Mapping[str, Any], what: str, template: TemplateInfo | None, reason: str = "") -> InboundEvent:
    if template is None:
        return Ignored(why="News of a template without a name.")
    said = f": {_words(reason)}" if reason else ""
    return AccountNotice(text=f"The template “{template.name}” ({template.language}) {what}{said}.", template=template)


def _other(what: str) -> Callable[[Mapping[str, Any]], InboundEvent]:
    def read(value: Mapping[str, Any]) -> InboundEvent:
        said = _words(value.get("event") or value.get("decision") or part(value, "alert_info").get("alert_description"))
        return AccountNotice(text=f"{what}{f': {said}' if said else ''}.")

    return read


_READERS: Mapping[str, Callable[[Mapping[str, Any]], InboundEvent]] = {
    "account_update": _account,
    "account_review_update": _review,
    "account_alerts": _other("Meta has a notice about this account"),
    "phone_number_quality_update": _number_quality,
    "phone_number_name_update": _other("The name shown with this number was decided on"),
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "message_template_components_update": _template_content,
}
