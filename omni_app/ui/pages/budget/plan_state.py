"""The plan of a business: what it allows, how much of it is used, and how to change it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import Conflict
from omni_app.tenancy.plans import PLANS, Plan, PlanUse, change_plan, check_plan, load_plan_use, obstacles
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.words import on_day


@dataclass
class PlanLine:
    name: str
    label: str
    price: str
    quotas: list[str]
    is_current: bool
    is_larger: bool
    obstacle: str


@dataclass
class UseLine:
    label: str
    words: str
    percent: str
    tone: str


def quotas_of(plan: Plan) -> list[str]:
    """What a plan allows, a line each."""
    return [
        f"{plan.monthly_messages:,} customer messages a month",
        f"{plan.members:,} people",
        f"{plan.documents:,} documents",
        f"{plan.api_calls_per_hour:,} API calls an hour and key",
    ]


def plan_lines(use: PlanUse) -> list[PlanLine]:
    """Every plan for sale, the smallest first."""
    return [
        PlanLine(
            name=plan.name,
            label=plan.label,
            price=f"${plan.price_cents // 100:,}",
            quotas=quotas_of(plan),
            is_current=plan == use.plan,
            is_larger=plan.price_cents > use.plan.price_cents,
            obstacle=" ".join(obstacles(use, plan)),
        )
        for plan in sorted(PLANS.values(), key=lambda plan: plan.price_cents)
    ]


def use_lines(use: PlanUse) -> list[UseLine]:
    """How much of each quota is used."""
    plan = use.plan
    return [
        _use_line("Customer messages this month", use.messages, plan.monthly_messages),
        _use_line("People", use.members, plan.members),
        _use_line("Documents", use.documents, plan.documents),
    ]


def _use_line(label: str, used: int, most: int) -> UseLine:
    percent = 100 * used / most
    tone = "var(--bad)" if percent >= 100 else "var(--warn)" if percent >= 90 else ""
    return UseLine(label, f"{used:,} of {most:,}", f"{min(percent, 100):.1f}", tone)


def change_words(now: Plan, wanted: Plan) -> str:
    """What changing from `now` to `wanted` means."""
    price = f"${now.price_cents // 100} becomes ${wanted.price_cents // 100} a month, from today."
    parts = [
        f"{name}: {before:,} becomes {after:,}"
        for name, before, after in (
            ("messages a month", now.monthly_messages, wanted.monthly_messages),
            ("people", now.members, wanted.members),
            ("documents", now.documents, wanted.documents),
            ("API calls an hour", now.api_calls_per_hour, wanted.api_calls_per_hour),
        )
    ]
    return f"{price} {'; '.join(parts)}. Nothing is deleted, and the money budget stays as it is."


class PlanState(ViewerState, rx.State):
    plans: list[PlanLine] = []
    uses: list[UseLine] = []
    label: str = ""
    since: str = ""
    wanted: str = ""
    """The plan somebody is asked about; empty when nobody is."""
    wanted_label: str = ""
    wanted_words: str = ""
    is_smaller: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, PlanState.on_live, ("business", "member", "document", "message.created"), every=5.0)
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    async def _read(self) -> PlanUse:
        async with viewer_db(self) as db:
            use = await load_plan_use(db)
        self.plans, self.uses, self.label = plan_lines(use), use_lines(use), use.plan.label
        self.since = f"since {on_day(use.since)}" if use.since else ""
        return use

    @handler
    async def ask(self, name: str) -> None:
        wanted = check_plan(name)
        use = await self._read()
        if found := obstacles(use, wanted):
            raise Conflict(" ".join(found))
        self.wanted, self.wanted_label = wanted.name, wanted.label
        self.wanted_words = change_words(use.plan, wanted)
        self.is_smaller = wanted.price_cents < use.plan.price_cents

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.wanted = ""

    @handler
    async def change(self) -> Any:
        self.busy = "plan"
        yield
        wanted, self.wanted = self.wanted, ""
        async with viewer_db(self) as db:
            use = await change_plan(db, wanted)
        await self._read()
        yield said(f"You are on {use.plan.label} now")
