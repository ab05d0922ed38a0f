"""Whether a message is taken, before it is stored: blocked by staff, restricted for abuse, the customer's limits; and what in it
looks like abuse.

An ordinary message costs no statement here: what the gates ask was read with the facts, the limits are one script call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from omni_app.conversations.facts import Facts, Inbound
from omni_app.customers.identifying import KnownCustomer
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, TooMany
from omni_app.infra.scope import Scope
from omni_app.limits import ladder, signs
from omni_app.limits.abuse_rules import AbuseRules, read_abuse_rules
from omni_app.limits.address_lists import Mark, address_lists
from omni_app.limits.addresses import UNKNOWN, address_block, is_public
from omni_app.limits.customers import in_seconds, in_words, load_month_use, take_message
from omni_app.limits.refusals import note_refusal
from omni_app.limits.rules import read_rules
from omni_app.limits.signs import Sign
from omni_app.limits.window import take
from omni_app.orchestrator import phrases
from omni_app.orchestrator.deciding import Decision, Question
from omni_app.orchestrator.sayings import SAYINGS

THROTTLED, BLOCKED = "throttled", "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A message that is taken, and what in it looks like abuse. `is_over_quota`: the plan's month is full, no paid calls."""

    rules: AbuseRules
    signs: tuple[Sign, ...] = ()
    is_over_quota: bool = False


def address_index_of(inbound: Inbound) -> str:
    """The fingerprint of the visitor's network address; empty for none and for private ones, behind which may be everybody."""
    return ladder.address_index(_block(inbound))


async def pass_gates(db: Db, scope: Scope, facts: Facts, customer: KnownCustomer, inbound: Inbound) -> Passed:
    """Let a message pass, or raise: `Forbidden` when staff blocked the customer, `TooMany` in words for the customer when they
    are restricted or a limit is reached.

    A restriction first, so that a refused message takes nothing from the day's number. Who talks with a person is slowed down at
    most. Give what comes back to `note_signs` once the message is stored.
    """
    if customer.is_blocked:
        raise Forbidden("This customer is blocked.")
    abuse = read_abuse_rules(facts.limits)
    if customer.restriction:
        await _pass_restriction(scope.business_id, facts, customer, abuse)
    taken = await take_message(
        scope.business_id,
        customer.id,
        read_rules(facts.limits, facts.daily_messages, facts.plan),
        trust=customer.trust,
        is_verified=customer.is_verified,
        address=inbound.network_address,
        timezone=facts.timezone,
    )
    found = _look(facts, inbound, abuse) if abuse.is_on else ()
    return Passed(rules=abuse, signs=found, is_over_quota=taken.is_over_quota)


async def look_at_quota(scope: Scope, facts: Facts) -> Facts:
    """`facts` of a stored conversation, with whether the plan's month is full; counts nothing."""
    rules = read_rules(facts.limits, facts.daily_messages, facts.plan)
    use = await load_month_use(scope.business_id, rules, timezone=facts.timezone)
    return replace(facts, is_over_quota=use.is_over)


async def note_signs(
    db: Db, facts: Facts, customer: KnownCustomer, inbound: Inbound, conversation_id: UUID, passed: Passed
) -> None:
    """Write down what `pass_gates` saw, in the transaction that stored the message and after it."""
    if not passed.signs:
        return
    await ladder.note_signs(
        db,
        passed.rules,
        passed.signs,
        customer_id=customer.id,
        data_key=customer.data_key,
        conversation_id=conversation_id,
        address=_block(inbound),
        with_person=_is_with_person(facts),
    )


async def _pass_restriction(
    business_id: UUID, facts: Facts, customer: KnownCustomer, rules: AbuseRules, client: Redis | None = None
) -> None:
    wait = customer.restricted_until - now() if customer.restricted_until is not None else timedelta()
    if wait <= timedelta():
        return
    if customer.restriction == BLOCKED and not _is_with_person(facts):
        note_refusal(business_id, BLOCKED, "customer", str(customer.id), 0, wait, customer.id)
        raise TooMany(
            "We take no messages from here at the moment, because of how they came in. "
            f"You can write again in {in_words(wait)}. What you wrote before is kept.",
            wait,
        )
    pause = timedelta(seconds=rules.throttle_seconds)
    decision = await take(THROTTLED, f"{business_id}:{customer.id}", 1, pause, when_away="open", client=client)
    if not decision.allowed:
        note_refusal(business_id, THROTTLED, "customer", str(customer.id), 1, pause, customer.id)
        raise TooMany(
            f"Too much came at once, so you can send one message every {in_seconds(pause)} for now. "
            f"Send this one again in {in_seconds(decision.reset_after)}.",
            decision.reset_after,
        )


def _look(facts: Facts, inbound: Inbound, rules: AbuseRules) -> tuple[Sign, ...]:
    recent = 1 + sum(age <= rules.rapid_seconds for age in facts.recent)
    found = [
        signs.rapid_fire(recent, rules.rapid_messages, rules.rapid_seconds),
        signs.gibberish(inbound.text, rules.gibberish_share) if inbound.text else None,
        _repetition(facts, inbound.text, rules),
    ]
    if inbound.network_address and facts.conversation_id is None:
        found.append(_known_abuser(facts))
        found.append(_bad_address(address_lists().find(inbound.network_address)))
    return tuple(sign for sign in found if sign is not None)


def _repetition(facts: Facts, text: str, rules: AbuseRules) -> Sign | None:
    # Who waits for a person may ask again whether anybody is there.
    if _is_with_person(facts) or len(facts.history) + 1 < rules.repeats:
        return None
    earlier = [one["text"] for one in facts.history if one["role"] == "customer"]
    if len(earlier) + 1 < rules.repeats:
        return None
    found = signs.repetition(text, earlier, rules.repeats)
    return None if found is None or phrases.is_courtesy(text) else found


def _known_abuser(facts: Facts) -> Sign | None:
    if not facts.blocks_at_address:
        return None
    return Sign(kind=signs.KNOWN_ABUSER, score=1.0, evidence={"blocks": facts.blocks_at_address})


def _bad_address(mark: Mark | None) -> Sign | None:
    if mark is None:
        return None
    evidence = {"mark": mark.kind, "note": mark.note, "list": mark.source}
    return Sign(kind=signs.BAD_ADDRESS, score=1.0 if mark.kind == "abuse" else 0.5, evidence=evidence)


def _block(inbound: Inbound) -> str | None:
    if not inbound.network_address or not is_public(inbound.network_address):
        return None
    block = address_block(inbound.network_address)
    return None if block == UNKNOWN else block


def _is_with_person(facts: Facts) -> bool:
    return facts.speaker == "human" and facts.status != "closed"


def offer_person(facts: Facts, question: Question, decision: Decision) -> Decision:
    """Whoever asks the same again and again was not understood: the answer comes with the offer of a person."""
    answer = decision.answer
    if answer.source == "none" or answer.offers_person or answer.handover_reason is not None:
        return decision
    asked = _asked_before(question)
    if asked + 1 < read_abuse_rules(facts.limits).repeats:
        return decision
    text = f"{answer.text}\n\n{SAYINGS[phrases.language_of(facts, question)].asked_before}"
    # This wording is for this customer: the shared answer stays without it.
    return replace(decision, answer=replace(answer, text=text, offers_person=True, shared=None))


def _asked_before(question: Question) -> int:
    earlier: Sequence[str] = [one["text"] for one in question.earlier if one["role"] == "customer"]
    return signs.count_alike(question.text, earlier) if earlier and question.text else 0
