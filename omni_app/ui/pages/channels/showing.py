"""What the pages of channels say: lights, kinds, steps of the guide, events and templates as plain values."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from omni_app.channels.connections import ConnectionView, WebhookAddress
from omni_app.channels.contract import Adapter, TemplateInfo
from omni_app.channels.events import EventView
from omni_app.channels.lights import Light
from omni_app.channels.registry import all_adapters
from omni_app.channels.templates import preview, why_not
from omni_app.ui.components import CHANNELS
from omni_app.ui.words import when

SHOWN_CONTENT = 40_000
"""Characters of an event's content that a browser is given."""

_WEBHOOK = re.compile(r"\{webhook:([^}]+)\}")
_MADE = re.compile(r"\{made:([^}]+)\}")


@dataclass
class ConnectionLine:
    """`light`: ok, untested, failing, revoked, paused or off; `words` says it, `detail` in the provider's own words."""

    id: str = ""
    kind: str = ""
    channel: str = "chat"
    name: str = ""
    title: str = ""
    account: str = ""
    light: str = "untested"
    words: str = ""
    detail: str = ""
    tested: str = ""
    last_event: str = ""
    failed: int = 0
    is_on: bool = True
    is_sandbox: bool = False


@dataclass
class KindCard:
    """Something that can be connected."""

    kind: str
    channel: str
    title: str
    summary: str
    connected: int


@dataclass
class AddressLine:
    title: str
    url: str


@dataclass
class StepLine:
    """One step of a guide; `addresses` are those its text speaks of, once there are any."""

    title: str
    text: str
    addresses: list[AddressLine] = field(default_factory=list)


@dataclass
class EventLine:
    id: str
    at: str
    what: str
    status: str
    words: str
    detail: str
    about: str
    can_open: bool
    can_repeat: bool


@dataclass
class TemplateLine:
    key: str
    name: str
    language: str
    status: str
    words: str
    category: str
    text: str
    reason: str
    buttons: list[str]


EVENT_WORDS = {"new": "Waiting", "handled": "Handled", "ignored": "Nothing to do", "refused": "Refused", "failed": "Failed"}


def light_of(view: ConnectionView, light: Light | None, zone: ZoneInfo) -> tuple[str, str]:
    """The state of the light and its words, the most serious first."""
    if not view.is_on:
        return "off", "Switched off"
    if view.health == "revoked":
        return "revoked", "Disconnected"
    if light is not None and light.paused_until is not None:
        return "paused", f"Paused until {light.paused_until.astimezone(zone):%H:%M:%S}"
    if view.health == "failing":
        return "failing", "Failing"
    return ("ok", "Working") if view.health == "ok" else ("untested", "Not tested")


def connection_line(view: ConnectionView, light: Light | None, zone: ZoneInfo) -> ConnectionLine:
    state, words = light_of(view, light, zone)
    return ConnectionLine(
        id=str(view.id),
        kind=view.kind,
        channel=view.channel,
        name=view.name,
        title=all_adapters()[view.kind].title,
        account=view.account_key,
        light=state,
        words=words,
        detail=view.health_detail,
        tested=when(view.health_at, zone),
        last_event=when(light.last_event_at, zone) if light is not None else "",
        failed=light.failed if light is not None else 0,
        is_on=view.is_on,
        is_sandbox=view.is_sandbox,
    )


def kind_cards(views: Sequence[ConnectionView]) -> list[KindCard]:
    """Every adapter, in the order people know their channels."""
    order = list(CHANNELS)
    adapters = sorted(all_adapters().values(), key=lambda one: (order.index(one.channel), one.title))
    return [
        KindCard(one.kind, one.channel, one.title, one.summary, sum(view.kind == one.kind for view in views)) for one in adapters
    ]


def step_lines(adapter: Adapter, *, is_saved: bool = False) -> list[StepLine]:
    """The whole guide; `{webhook:PATH}` says where that address stands: `paste_lines` shows it once the connection is saved."""
    words = "the address above" if is_saved else "the address you get here after saving"
    return [StepLine(step.title, _said(adapter, step.text, words)) for step in adapter.guide]


def _said(adapter: Adapter, text: str, address: str) -> str:
    return _MADE.sub(lambda found: f"the {_title(adapter, found.group(1)).lower()}", _WEBHOOK.sub(address, text))


def _title(adapter: Adapter, name: str) -> str:
    return adapter.settings_model.model_fields[name].title or name


def paste_lines(adapter: Adapter, addresses: Sequence[WebhookAddress], made: Mapping[str, str] | None = None) -> list[StepLine]:
    """The steps of the guide in which an address is pasted, each with its addresses; every address stands in one of them.

    `made` {field: word} are words of the settings that are pasted beside them.
    """
    left = {one.path: AddressLine(one.title, one.url) for one in addresses}
    lines = []
    for step in adapter.guide:
        named = [left.pop(path) for path in dict.fromkeys(_WEBHOOK.findall(step.text)) if path in left]
        if named:
            words = [(name, (made or {}).get(name)) for name in _MADE.findall(step.text)]
            copied = [AddressLine(_title(adapter, name), word) for name, word in words if word]
            lines.append(StepLine(step.title, _said(adapter, step.text, "the address below"), [*named, *copied]))
    if left:
        lines.append(StepLine("More addresses", "Paste them where the provider asks for them.", list(left.values())))
    return lines


def receiver_words(channel: str) -> tuple[str, str]:
    """Label and example of the field a test is sent to."""
    if channel == "email":
        return "E-mail address", "you@example.com"
    if channel in ("whatsapp", "sms", "voice"):
        return "Phone number", "+1 902 555 0123"
    return "Id of the person", ""


def receiver_hint(adapter: Adapter) -> str:
    """What has to be known before a test can arrive."""
    window = adapter.capabilities.reply_window
    price = "It costs what a message costs." if adapter.capabilities.cost_unit else "It is free."
    if window is None:
        return price
    hours = int(window.total_seconds() // 3600)
    return f"Write to this channel from there first: free text only reaches who wrote within {hours} hours. {price}"


def event_line(event: EventView, titles: dict[str, str], zone: ZoneInfo) -> EventLine:
    tries = "" if event.attempts < 2 else f", {event.attempts} tries"
    return EventLine(
        id=str(event.id),
        at=when(event.received_at, zone),
        what=titles.get(event.hook, event.hook or "Fetched"),
        status=event.status,
        words=EVENT_WORDS.get(event.status, event.status),
        detail=event.detail,
        about="content deleted by age" if event.is_purged else f"{_size(event.size)}{tries}",
        can_open=not event.is_purged,
        can_repeat=not event.is_purged and event.status in ("failed", "refused"),
    )


def hook_titles(adapter: Adapter) -> dict[str, str]:
    return {hook.path: hook.title for hook in adapter.webhooks}


def _size(size: int) -> str:
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def content_words(content: str) -> str:
    """What a provider sent, indented when it is JSON, and cut when it is long."""
    try:
        shown = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except ValueError:
        shown = content
    return shown if len(shown) <= SHOWN_CONTENT else f"{shown[:SHOWN_CONTENT]}\n… {len(shown) - SHOWN_CONTENT:,} more characters"


def template_line(template: TemplateInfo) -> TemplateLine:
    problem = why_not(template)
    return TemplateLine(
        key=f"{template.name}/{template.language}",
        name=template.name,
        language=template.language,
        status="good" if template.status == "approved" else "bad" if template.status in ("rejected", "disabled") else "warn",
        words=template.status.replace("_", " ").capitalize() or "Unknown",
        category=template.category.capitalize(),
        text=preview(template, {}),
        reason=problem,
        buttons=[str(button.get("text") or "") for button in template.buttons if button.get("text")],
    )
