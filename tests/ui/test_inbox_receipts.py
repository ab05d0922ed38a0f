"""A receipt as the inbox shows it: every figure, and where its sources stand."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.infra.ids import new_id
from omni_app.orchestrator.receipts import ReceiptView
from omni_app.ui.pages.inbox.receipt_shapes import receipt_of

NOW = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
HALIFAX = ZoneInfo("America/Halifax")
ME, TOM = new_id(), new_id()


def receipt(**values: Any) -> ReceiptView:
    return ReceiptView(
        **{
            "id": new_id(),
            "conversation_id": new_id(),
            "message_id": None,
            "source": "model",
            "tier": None,
            "provider": "openai",
            "model": "gpt-4o-mini",
            "input_tokens": 1906,
            "output_tokens": 341,
            "cost_nusd": 8_175_400,
            "confidence": 0.94,
            "knowledge_version": 7,
            "sources": ({"title": "Prices", "quote": "A check-up is $189.", "match": 0.943}, {"kind": "faq"}),
            "steps": ({"name": "identify", "ms": 25}, {"name": "model", "ms": 75.0}),
            "note": "",
            "prompt": "",
            "matched_question": "",
            "saved_nusd": 0,
            "wrong_at": None,
            "wrong_by": "",
            "created_at": NOW,
            **values,
        }
    )


def test_a_receipt_shows_every_figure() -> None:
    shown = receipt_of(receipt(), HALIFAX)
    assert (shown.source, shown.confidence, shown.model) == ("Model", "94%", "gpt-4o-mini")
    assert (shown.tokens, shown.time, shown.cost) == ("1,906 in, 341 out", "100.0 ms", "$0.008175")
    assert (shown.knowledge, shown.at) == ("version 7", "11:00:00")
    assert [(source.number, source.title, source.match) for source in shown.sources] == [
        ("1", "Prices", "match 0.94"),
        ("2", "faq", ""),
    ]
    assert [(step.name, step.start, step.width) for step in shown.steps] == [
        ("Identify", "0.0%", "25.0%"),
        ("Model", "25.0%", "75.0%"),
    ]


def test_a_receipt_without_a_model_says_none() -> None:
    shown = receipt_of(
        receipt(source="faq", tier="l3", model="", input_tokens=0, output_tokens=0, confidence=None, steps=()), HALIFAX
    )
    assert (shown.source, shown.model, shown.tokens, shown.confidence) == ("FAQ, stored cache", "none", "none", "—")
    assert shown.steps == []


def test_sources_of_a_receipt_lead_to_where_they_stand() -> None:
    sources = (
        {"kind": "faq", "id": "7", "title": "Prices"},
        {"kind": "passage", "id": "9", "title": "Terms", "document_id": "a/b", "start": 4, "end": 90},
        {"kind": "memory", "id": "1", "title": "Scan"},
    )
    assert [source.href for source in receipt_of(receipt(sources=sources), HALIFAX).sources] == [
        "/knowledge?faq=7",
        "/knowledge/documents/a%2Fb?start=4&end=90",
        "",
    ]


def test_a_receipt_from_the_cache_names_the_question_it_was_found_for_and_what_it_saved() -> None:
    shown = receipt_of(receipt(tier="semantic", matched_question="Do you see kids?", saved_nusd=147_000), HALIFAX)
    assert (shown.source, shown.is_cached) == ("Model, cache, other words", True)
    assert (shown.same_as, shown.saved, shown.wrong) == ("Do you see kids?", "$0.000147", "")
    same_words = receipt_of(receipt(tier="l2", wrong_at=NOW, wrong_by="Maya"), HALIFAX)
    assert (same_words.source, same_words.same_as, same_words.saved) == ("Model, shared cache", "", "")
    assert same_words.wrong.startswith("Marked wrong here by Maya on ")
    assert not receipt_of(receipt(), HALIFAX).is_cached
