"""While a conversation waits for a person the assistant is silent, but for one thing: it notes the address it asked for."""

import re
from uuid import UUID

from omni_app.conversations.answering import say_while_waiting
from omni_app.conversations.facts import Facts, Inbound
from omni_app.conversations.identity import claim
from omni_app.infra.database import open_db
from omni_app.infra.errors import OmniError
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.orchestrator import phrases
from omni_app.orchestrator.sayings import SAYINGS

log = get_logger(__name__)

_EMAIL = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,190}\.[^\s@<>(),;:\".]{2,}")
_PHONE = re.compile(r"(?<![\w@.])\+?\d(?:[\s().-]{0,2}\d){6,14}(?![\w@])")


def address_asked_in(facts: Facts, inbound: Inbound) -> str | None:
    """The language an address was asked for in, if this message may be the answer: it holds one, and none was thanked for yet."""
    if inbound.address.kind != "external":
        return None
    said = [message["text"] for message in facts.history if message["role"] == "assistant"]
    asked = next(
        ((place, language) for place, text in enumerate(said) for language, one in SAYINGS.items() if one.asks_address in text),
        None,
    )
    if asked is None or any(text.startswith(one.noted) for text in said[asked[0] :] for one in SAYINGS.values()):
        return None
    return asked[1] if _EMAIL.search(inbound.text) or _PHONE.search(inbound.text) else None


async def note_address(scope: Scope, inbound: Inbound, conversation_id: UUID, language: str) -> None:
    """Keep the address in the message as a claim, and confirm it once, in the `language` it was asked for in.

    A text that only looks like an address is passed over.
    """
    email, phone = _EMAIL.search(inbound.text), _PHONE.search(inbound.text)
    given = {"email": email.group()} if email else {"phone": phone.group()} if phone else {}
    try:
        state = await claim(scope, inbound.address, **given)
    except OmniError as error:
        log.info("no address noted", reason=type(error).__name__)
        return
    if state.claimed:
        async with open_db(scope) as db:
            await say_while_waiting(db, conversation_id, phrases.address_noted(state.claimed, language))
