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

log = get_logger(__name__)

_EMAIL = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,190}\.[^\s@<>(),;:\".]{2,}")
_PHONE = re.compile(r"(?<![\w@.])\+?\d(?:[\s().-]{0,2}\d){6,14}(?![\w@])")


def may_hold_address(facts: Facts, inbound: Inbound) -> bool:
    """Whether this message may be the answer to "leave an address": it was asked for, not yet thanked for, and here is one."""
    if inbound.address.kind != "external":
        return False
    said = [message["text"] for message in facts.history if message["role"] == "assistant"]
    asked = next((place for place, text in enumerate(said) if phrases.ASKS_ADDRESS in text), None)
    if asked is None or any(text.startswith(phrases.NOTED) for text in said[asked:]):
        return False
    return bool(_EMAIL.search(inbound.text) or _PHONE.search(inbound.text))


async def note_address(scope: Scope, inbound: Inbound, conversation_id: UUID) -> None:
    """Keep the address in the message as a claim, and confirm it once. A text that only looks like one is passed over."""
    email, phone = _EMAIL.search(inbound.text), _PHONE.search(inbound.text)
    given = {"email": email.group()} if email else {"phone": phone.group()} if phone else {}
    try:
        state = await claim(scope, inbound.address, **given)
    except OmniError as error:
        log.info("no address noted", reason=type(error).__name__)
        return
    if state.claimed:
        async with open_db(scope) as db:
            await say_while_waiting(db, conversation_id, phrases.address_noted(state.claimed))
