"""Send by POST /v3/mail/send, and try an API key.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

import base64
from collections.abc import Mapping
from typing import Any

from omni_app.channels.adapters.sendgrid.account import SendGridSettings
from omni_app.channels.contract import CheckResult, OutboundMail, OutboundMessage, Receipt
from omni_app.channels.failures import Refused, Revoked, Unavailable, Uncertain
from omni_app.channels.mail.composing import (
    ascii_address,
    extra_headers,
    tagged,
    writable,
    write_html,
    write_ids,
    write_name,
    write_text,
)
from omni_app.infra.http import Answer, Broken, Http, NotReached

MOST_COPIES = 50
_TIMEOUT = 30.0
_LATER = frozenset({408, 425, 429})
# A mail of 20 MB has to be carried there first.
_FILES_TIMEOUT = 40.0


async def send_mail(message: OutboundMessage, settings: SendGridSettings, http: Http) -> Receipt:
    """Hand over one mail. Raises `Refused`, `Revoked`, `Unavailable`, `Uncertain`."""
    if message.mail is None:
        raise Refused("This message has no subject and no thread; it cannot be sent as a mail.")
    try:
        body = write_body(message, message.mail, settings)
    except ValueError as error:
        raise Refused(str(error).capitalize() + ".", kind="recipient") from error
    try:
        answer = await http.request(
            "POST",
            f"{settings.base_url}/v3/mail/send",
            headers=_headers(settings),
            json=body,
            timeout=_FILES_TIMEOUT if message.files else _TIMEOUT,
        )
    except Broken as error:
        raise Uncertain("SendGrid did not say whether it took the mail.") from error
    if answer.status in {200, 202}:
        return Receipt(provider_id=answer.headers.get("x-message-id", ""))
    raise _failure(answer)


def write_body(message: OutboundMessage, mail: OutboundMail, settings: SendGridSettings) -> dict[str, Any]:
    """The JSON of a mail. Raises ValueError for an address that cannot be written.

    References stand on one line, which holds the whole chain of a usual thread (`composing.write_ids`): the API takes no folded
    values, and a mail has no longer lines.
    """
    to = next((one.value for one in message.to if one.kind == "email"), "")
    address = ascii_address(to)
    name = write_name(mail, settings.from_name, is_from_person=message.is_from_person)
    receivers: dict[str, Any] = {"to": [{"email": address}]}
    # SendGrid refuses a mail that names an address twice.
    if copies := writable(mail.cc, address)[:MOST_COPIES]:
        receivers["cc"] = [{"email": one} for one in copies]
    ids = {"Message-ID": (mail.message_id,), "In-Reply-To": (mail.in_reply_to,), "References": mail.references}
    headers = {field: value for field, given in ids.items() if (value := write_ids(given))}
    body: dict[str, Any] = {
        "personalizations": [receivers],
        "from": _person(settings.address, name),
        "reply_to": _person(tagged(settings.address, mail.reply_tag), name),
        # The API takes no mail without a subject and no empty text.
        "subject": mail.subject or "(no subject)",
        "content": [
            {"type": "text/plain", "value": write_text(message.text, mail.quoted) if message.text or mail.quoted else " "},
            {"type": "text/html", "value": write_html(message.text, mail.quoted)},
        ],
        "headers": {**headers, **extra_headers(mail, settings.address)},
        "custom_args": {"delivery_id": str(message.delivery_id), "omni_account": settings.address},
        # A support answer is nobody's campaign: links stay as written, no picture counts who opens it.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }
    if message.files:
        body["attachments"] = [
            {
                "content": base64.b64encode(file.data).decode(),
                "type": file.media_type or "application/octet-stream",
                "filename": file.name or "file",
                "disposition": "attachment",
            }
            for file in message.files
        ]
    return body


async def check_key(settings: SendGridSettings, http: Http) -> CheckResult:
    """Whether the key may send mail, and the account may send in the name of this address.

    Who proves an address gets the mail that comes in for it on the shared webhook, so the key alone is not enough.
    """
    try:
        scopes = await _get(settings, http, "/v3/scopes")
        if scopes.status in {401, 403}:
            return CheckResult(is_ok=False, is_revoked=True, text=_words(scopes))
        if scopes.status != 200:
            return CheckResult(is_ok=False, text=_words(scopes))
        if "mail.send" not in _list(scopes, "scopes"):
            return CheckResult(is_ok=False, text="SendGrid knows this key, but it may not send mail. Give it “Mail Send”.")
        return await _check_sender(settings, http)
    except (NotReached, Broken) as error:
        return CheckResult(is_ok=False, text=str(error))


async def _check_sender(settings: SendGridSettings, http: Http) -> CheckResult:
    """SendGrid lets nobody receive or send for a domain that they have not shown to be theirs in its DNS."""
    domain = settings.address.rpartition("@")[2]
    text = f"SendGrid knows {settings.address} as yours.{_unsigned(settings)}"
    proven = CheckResult(is_ok=True, text=text, account_key=settings.address)
    hosts = await _get(settings, http, "/v3/user/webhooks/parse/settings")
    if any(str(one.get("hostname", "")).lower() == domain for one in _objects(hosts, "result")):
        return proven
    domains = await _get(settings, http, "/v3/whitelabel/domains?limit=200")
    for one in _objects(domains):
        name = str(one.get("domain", "")).lower()
        if one.get("valid") is True and name and (domain == name or domain.endswith(f".{name}")):
            return proven
    senders = await _get(settings, http, "/v3/verified_senders?limit=200")
    for one in _objects(senders, "results"):
        if one.get("verified") is True and str(one.get("from_email", "")).lower() == settings.address:
            return proven
    if all(answer.status in {401, 403} for answer in (hosts, domains, senders)):
        text = "The key may send mail. Give it read access to “Inbound Parse” or “Sender Authentication” too, so that SendGrid "
        return CheckResult(is_ok=False, text=f"{text}can say that {settings.address} is yours.")
    text = f"This SendGrid account neither receives mail for {domain} nor has it authenticated that domain or {settings.address}."
    return CheckResult(is_ok=False, text=text)


def _unsigned(settings: SendGridSettings) -> str:
    keys = {"inbound parse": settings.parse_key, "the event webhook": settings.event_key}
    missing = [name for name, key in keys.items() if not key]
    return f" What {' and '.join(missing)} post here is not signed yet." if missing else ""


async def _get(settings: SendGridSettings, http: Http, path: str) -> Answer:
    return await http.request("GET", f"{settings.base_url}{path}", headers=_headers(settings), timeout=15.0)


def _headers(settings: SendGridSettings) -> Mapping[str, str]:
    return {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}


def _person(address: str, name: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _objects(answer: Answer, name: str = "") -> list[dict[str, Any]]:
    return [one for one in _list(answer, name) if isinstance(one, dict)]


def _list(answer: Answer, name: str) -> list[Any]:
    value = answer.json() if answer.status == 200 else None
    found = value.get(name) if name and isinstance(value, dict) else value
    return found if isinstance(found, list) else []


def _failure(answer: Answer) -> Exception:
    words = _words(answer)
    if answer.status in {401, 403}:
        return Revoked(words, code=str(answer.status))
    if answer.status in _LATER or answer.status >= 500:
        return Unavailable(f"SendGrid (answer {answer.status})", answer.retry_after)
    kind: Any = "content" if answer.status == 413 else "refused"
    return Refused(words, code=str(answer.status), kind=kind)


def _words(answer: Answer) -> str:
    """SendGrid's own words: {"errors": [{"message", "field", "help"}]}."""
    value = answer.json()
    errors = value.get("errors") if isinstance(value, dict) else None
    told = [
        f"{one['message']} ({one['field']})" if one.get("field") else str(one["message"])
        for one in (errors if isinstance(errors, list) else ())
        if isinstance(one, dict) and one.get("message")
    ]
    return " ".join(told)[:500] or f"SendGrid answered {answer.status}."
