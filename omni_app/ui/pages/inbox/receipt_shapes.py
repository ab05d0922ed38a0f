"""A receipt as the inbox shows it. Plain functions and dataclasses; nothing here touches data."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from omni_app.infra import money
from omni_app.orchestrator.receipts import ReceiptView

_SOURCES = {"faq": "FAQ", "passage": "Passage", "model": "Model", "memory": "Memory", "none": "No source", "human": "Person"}
_TIERS = {"l1": "cache", "l2": "shared cache", "l3": "stored cache", "semantic": "cache, other words"}
_STEPS = {
    "decide": "Decide",
    "embed": "Embed",
    "store message": "Store",
    "nearest": "Same question?",
    "share": "Asked by others?",
}


@dataclass
class Step:
    """One step of a turn: where its bar starts and how wide it is, in percent."""

    name: str
    time: str
    start: str
    width: str


@dataclass
class Source:
    """One source of an answer; `href` leads to it, empty when there is no page for it."""

    number: str
    title: str
    quote: str
    match: str
    href: str = ""


@dataclass
class Receipt:
    """How one answer was made. `same_as` is the question it was given for before, `wrong` who said that it is wrong here."""

    source: str = ""
    confidence: str = ""
    model: str = ""
    tokens: str = ""
    time: str = ""
    cost: str = ""
    knowledge: str = ""
    at: str = ""
    note: str = ""
    prompt: str = ""
    is_cached: bool = False
    same_as: str = ""
    saved: str = ""
    wrong: str = ""
    sources: list[Source] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def receipt_of(view: ReceiptView, zone: ZoneInfo) -> Receipt:
    tokens = f"{view.input_tokens:,} in, {view.output_tokens:,} out" if view.input_tokens or view.output_tokens else "none"
    tier = _TIERS.get(view.tier or "", "")
    source = _SOURCES.get(view.source, view.source)
    return Receipt(
        source=f"{source}, {tier}" if tier else source,
        confidence=f"{view.confidence:.0%}" if view.confidence is not None else "—",
        model=view.model or "none",
        tokens=tokens,
        time=_duration(view.total_ms),
        cost=money.show(view.cost_nusd, 6),
        knowledge=f"version {view.knowledge_version}",
        at=f"{view.created_at.astimezone(zone):%H:%M:%S}",
        note=view.note,
        prompt=view.prompt,
        is_cached=view.tier is not None,
        same_as=view.matched_question,
        saved=money.show(view.saved_nusd, 6) if view.saved_nusd else "",
        wrong=_wrong(view, zone),
        sources=[_source(number, source) for number, source in enumerate(view.sources, 1)],
        steps=_steps(view),
    )


def _wrong(view: ReceiptView, zone: ZoneInfo) -> str:
    if view.wrong_at is None:
        return ""
    at = view.wrong_at.astimezone(zone)
    return f"Marked wrong here by {view.wrong_by} on {at.day} {at:%B at %H:%M}. It is not served to this question any more."


def _source(number: int, source: dict[str, Any]) -> Source:
    match = source.get("match")
    return Source(
        number=str(number),
        title=str(source.get("title") or source.get("kind") or ""),
        quote=str(source.get("quote") or ""),
        match=f"match {float(match):.2f}" if match is not None else "",
        href=_href(source),
    )


def _href(source: dict[str, Any]) -> str:
    kind, id_ = source.get("kind"), str(source.get("id") or "")
    if kind == "passage" and source.get("document_id"):
        span = {name: source[name] for name in ("start", "end") if isinstance(source.get(name), int)}
        path = f"/knowledge/documents/{quote(str(source['document_id']), safe='')}"
        return f"{path}?{urlencode(span)}" if span else path
    return f"/knowledge?faq={quote(id_, safe='')}" if kind == "faq" and id_ else ""


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def _steps(view: ReceiptView) -> list[Step]:
    total = sum(float(step["ms"]) for step in view.steps) or 1.0
    steps, passed = [], 0.0
    for step in view.steps:
        took = float(step["ms"])
        name = str(step["name"])
        steps.append(
            Step(
                name=_STEPS.get(name, name.capitalize()),
                time=_duration(took),
                start=f"{100 * passed / total:.1f}%",
                width=f"{100 * took / total:.1f}%",
            )
        )
        passed += took
    return steps
