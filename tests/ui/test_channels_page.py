"""What the pages of channels say: lights, forms made from settings models, guides, events, templates, the strip of the shell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from omni_app.channels.connections import ConnectionView, WebhookAddress
from omni_app.channels.contract import TemplateInfo
from omni_app.channels.events import EventView
from omni_app.channels.lights import CutOff, Light
from omni_app.channels.registry import all_adapters, load_adapter
from omni_app.infra.errors import Invalid
from omni_app.ui.account import cut_off_words
from omni_app.ui.components import CHANNELS
from omni_app.ui.pages.channels.connecting import is_among
from omni_app.ui.pages.channels.fields import setting_fields, typed_networks, typed_settings
from omni_app.ui.pages.channels.showing import (
    SHOWN_CONTENT,
    connection_line,
    content_words,
    event_line,
    hook_titles,
    kind_cards,
    light_of,
    paste_lines,
    receiver_hint,
    receiver_words,
    step_lines,
    template_line,
)

AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HALIFAX = ZoneInfo("America/Halifax")
VIEW = ConnectionView(
    id=UUID(int=7),
    kind="whatsapp",
    channel="whatsapp",
    name="Front desk",
    is_on=True,
    is_sandbox=False,
    health="ok",
    health_detail="",
    health_at=AT,
    account_key="100200300",
    is_verified=True,
    version=1,
    created_at=AT,
    values={},
    has=frozenset(),
    allowed_ips=(),
    webhooks=(WebhookAddress(path="meta/whatsapp", title="Messages", url="https://omni.test/webhooks/meta/whatsapp/abc"),),
)
QUIET = Light(paused_until=None, last_event_at=None, failed=0)
EVENT = EventView(
    id=UUID(int=9),
    hook="meta/whatsapp",
    event_key="k",
    size=2_400,
    status="failed",
    detail="The message has no sender.",
    attempts=3,
    message_id=None,
    received_at=AT,
    handled_at=None,
    is_purged=False,
)


@pytest.mark.parametrize(
    ("view", "light", "words"),
    [
        (VIEW, QUIET, ("ok", "Working")),
        (replace(VIEW, health="untested"), None, ("untested", "Not tested")),
        (replace(VIEW, health="failing"), QUIET, ("failing", "Failing")),
        (replace(VIEW, health="failing"), replace(QUIET, paused_until=AT), ("paused", "Paused until 09:00:00")),
        (replace(VIEW, health="revoked"), replace(QUIET, paused_until=AT), ("revoked", "Disconnected")),
        (replace(VIEW, health="revoked", is_on=False), QUIET, ("off", "Switched off")),
    ],
)
def test_the_light_shows_the_most_serious(view: ConnectionView, light: Light | None, words: tuple[str, str]) -> None:
    assert light_of(view, light, HALIFAX) == words


def test_a_line_names_account_and_last_event_in_local_time() -> None:
    line = connection_line(
        replace(VIEW, is_sandbox=True), replace(QUIET, last_event_at=AT - timedelta(days=300), failed=2), HALIFAX
    )
    assert (line.title, line.account, line.failed, line.is_sandbox) == ("WhatsApp", "100200300", 2, True)
    assert line.last_event == "14 May 2025"


@pytest.mark.parametrize("kind", sorted(all_adapters()))
def test_every_adapter_has_a_form_and_a_guide(kind: str) -> None:
    adapter = load_adapter(kind)
    fields = setting_fields(adapter)
    assert [one.name for one in fields] == list(adapter.settings_model.model_fields)
    assert all(one.label and one.kind in ("text", "secret", "area", "number", "choice", "box") for one in fields)
    assert adapter.channel in CHANNELS
    assert receiver_words(adapter.channel)[0]
    addresses = [WebhookAddress(path=hook.path, title=hook.title, url=f"https://x/{hook.path}") for hook in adapter.webhooks]
    before, after = step_lines(adapter), step_lines(adapter, is_saved=True)
    assert all("{webhook" not in step.text and not step.addresses for step in (*before, *after))
    pasting = paste_lines(adapter, addresses)
    assert all("{webhook" not in step.text and step.addresses for step in pasting)
    assert sorted(one.url for step in pasting for one in step.addresses) == sorted(one.url for one in addresses)


def test_a_word_omni_made_is_copied_where_its_address_is() -> None:
    adapter = load_adapter("whatsapp")
    addresses = [WebhookAddress(path=hook.path, title=hook.title, url=f"https://x/{hook.path}") for hook in adapter.webhooks]
    (step,) = paste_lines(adapter, addresses, {"verify_token": "a long word"})
    assert [(one.title, one.url) for one in step.addresses][1:] == [("Verify token", "a long word")]
    assert "the address below as callback address and the verify token." in step.text
    assert all("{made" not in one.text for one in step_lines(adapter))


def test_the_form_shows_what_is_saved_and_never_a_secret() -> None:
    fields = {
        one.name: one
        for one in setting_fields(
            load_adapter("whatsapp"),
            {"phone_number_id": "1", "access_token": "EAAB"},
            frozenset({"access_token"}),
        )
    }
    assert fields["phone_number_id"].value == "1"
    assert (fields["access_token"].value, fields["access_token"].is_set) == ("", True)
    assert fields["access_token"].placeholder.startswith("Set.")
    assert (fields["app_secret"].is_set, fields["graph_url"].is_optional) == (False, True)
    assert fields["graph_url"].is_advanced


def test_kinds_of_fields_follow_the_model() -> None:
    fields = {one.name: one for one in setting_fields(load_adapter("smtp"))}
    assert (fields["smtp_port"].kind, fields["smtp_port"].value) == ("number", "587")
    assert [one.value for one in fields["smtp_security"].choices] == ["tls", "starttls", "none"]
    assert (fields["marks_read"].kind, fields["marks_read"].value) == ("box", "false")
    assert fields["other_addresses"].kind == "area"
    assert fields["imap_password"].is_advanced


def test_only_the_fields_of_the_model_are_taken_from_a_form() -> None:
    values = typed_settings(load_adapter("smtp"), {"address": "a@b.test", "smtp_port": 5, "marks_read": "on", "health": "ok"})
    assert values == {"address": "a@b.test", "marks_read": "true", "has_plus_addresses": "false"}
    assert typed_settings(load_adapter("whatsapp"), "nonsense") == {}
    assert typed_networks({"allowed_ips": "10.0.0.0/8, 203.0.113.9\n\n"}) == ["10.0.0.0/8", "203.0.113.9"]
    assert typed_networks({"allowed_ips": 4}) == []


def test_a_wrong_field_that_is_folded_away_opens_its_group() -> None:
    folded = [one for one in setting_fields(load_adapter("whatsapp")) if one.is_advanced]
    assert is_among(Invalid("x", "graph_url"), folded)
    assert is_among(Invalid("x", "allowed_ips"), folded)
    assert not is_among(Invalid("x", "access_token"), folded)


def test_cards_stand_in_the_order_of_channels_and_count_what_is_connected() -> None:
    cards = kind_cards([VIEW, VIEW])
    assert {card.kind: card.connected for card in cards} == {kind: 2 if kind == "whatsapp" else 0 for kind in all_adapters()}
    assert [card.channel for card in cards] == sorted((card.channel for card in cards), key=list(CHANNELS).index)


def test_an_event_says_what_became_of_it_and_what_can_be_done() -> None:
    titles = hook_titles(load_adapter("whatsapp"))
    line = event_line(EVENT, titles, HALIFAX)
    assert (line.what, line.words, line.about, line.can_repeat, line.can_open) == (
        "Messages and statuses",
        "Failed",
        "2 kB, 3 tries",
        True,
        True,
    )
    gone = event_line(replace(EVENT, is_purged=True, hook=""), titles, HALIFAX)
    assert (gone.what, gone.can_repeat, gone.can_open) == ("Fetched", False, False)
    assert not event_line(replace(EVENT, status="handled"), titles, HALIFAX).can_repeat


def test_content_is_readable_and_has_an_end() -> None:
    assert content_words('{"a":{"b":"ü"}}') == '{\n  "a": {\n    "b": "ü"\n  }\n}'
    assert content_words("From: ann") == "From: ann"
    assert content_words("x" * (SHOWN_CONTENT + 12)).endswith("… 12 more characters")


def test_a_template_says_why_it_cannot_be_sent() -> None:
    template = TemplateInfo(
        name="reminder", language="en", status="rejected", category="utility", body="Hi {{1}}", reason="PROMOTIONAL"
    )
    line = template_line(template)
    assert (line.status, line.words, line.category, line.text) == ("bad", "Rejected", "Utility", "Hi {{1}}")
    assert "PROMOTIONAL" in line.reason
    assert template_line(replace(template, status="approved", reason="")).reason == ""


def test_a_test_says_what_it_costs_and_who_it_can_reach() -> None:
    assert "within 24 hours" in receiver_hint(load_adapter("whatsapp"))
    assert receiver_hint(load_adapter("smtp")) == "It is free."


def test_the_strip_names_the_channel_that_is_cut_off() -> None:
    one = CutOff(id=uuid4(), channel="whatsapp", name="Front desk")
    title, about, path = cut_off_words([one])
    assert title == "WhatsApp “Front desk” is disconnected."
    assert about == "Answers wait until somebody connects it."
    assert path == f"/channels/{one.id}"
    assert cut_off_words([one, one])[::2] == ("2 channels are disconnected.", "/channels")
    assert cut_off_words([]) == ("", "", "")
