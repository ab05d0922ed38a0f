"""One customer: what is known, and what staff do."""

import json
from typing import Any
from uuid import UUID

import reflex as rx

from omni_app.conversations.forgetting import describe_erasure, erase_customer, export_customer
from omni_app.conversations.joining import undo_join
from omni_app.conversations.listing import ConversationFilter, list_pages
from omni_app.customers.blocking import block_customer, unblock_customer
from omni_app.customers.editing import add_tags, change_customer, remove_tags
from omni_app.customers.figures import load_figures
from omni_app.customers.notes import add_note, delete_note, list_notes
from omni_app.customers.profiles import load_customer
from omni_app.customers.suggesting import list_suggestions
from omni_app.customers.trail import list_trail
from omni_app.customers.verifying import unverify_customer, verify_customer
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.limits.abuse import AbuseFilter, lift_customer, list_events
from omni_app.limits.trust import load_trust
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.customers.showing import (
    ConsentLine,
    MergeLine,
    NoteLine,
    Pair,
    PointLine,
    SuggestionLine,
    TalkLine,
    TrailLine,
    Who,
    attributes_of,
    consents_of,
    details_of,
    figures_of,
    is_shown,
    merge_of,
    name_of,
    note_of,
    point_of,
    reasons_of,
    suggestion_of,
    talk_of,
    trail_of,
    who_of,
)
from omni_app.ui.pages.limits.showing import KINDS, words_of_evidence
from omni_app.ui.words import count, when, zone_of

TALKS = 10


class CustomerState(ViewerState, rx.State):
    who: Who = Who()
    figures: list[Pair] = []
    details: list[Pair] = []
    attributes: list[Pair] = []
    points: list[PointLine] = []
    tags: list[str] = []
    consents: list[ConsentLine] = []
    talks: list[TalkLine] = []
    talks_page: int = 1
    talks_pages: int = 1
    notes: list[NoteLine] = []
    merges: list[MergeLine] = []
    suggestions: list[SuggestionLine] = []
    trust: str = ""
    trust_reasons: list[Pair] = []
    signs: list[Pair] = []
    """The last signs of abuse and when they were seen."""
    trail: list[TrailLine] = []
    undoing_id: str = ""
    undoing_name: str = ""
    is_gone: bool = False
    verify_open: bool = False
    verify_point: str = ""
    """The contact point that is vouched for; empty for the customer as a whole."""
    verify_value: str = ""
    block_open: bool = False
    erase_open: bool = False
    erase_counts: list[str] = []
    form: int = 0
    """Grows when a form starts over."""

    @loader
    async def load(self) -> Any:
        await watch(self, CustomerState.on_live, ("customer", "message.created", "conversation"), every=1.0)
        self.verify_open = self.block_open = self.erase_open = self.is_gone = False
        self.undoing_id = ""
        self.talks_page = 1
        if self.who.id != str(self._id()):
            # Nobody is shown under another's name while this one is on the way.
            self.who, self.loaded, self.problem = Who(), False, ""
            yield
        if into := await self._read():
            yield rx.redirect(f"/customers/{into}", replace=True)

    @handler
    async def on_live(self, note: dict) -> Any:
        if note.get("ids", {}).get("customer_id") not in (self.who.id, None) or self.is_gone:
            return None
        try:
            into = await self._read()
        except NotFound:
            # Somebody erased who is on the screen: say so there.
            self.is_gone = True
            return None
        return rx.redirect(f"/customers/{into}", replace=True) if into else None

    def _id(self) -> UUID:
        return parse_id(self.customer_id, "customer")

    async def _read(self) -> UUID | None:
        """Read everything; gives the customer this one was joined into, when there is one."""
        viewer, at = await current_viewer(self), now()
        async with viewer_db(self) as db:
            view = await load_customer(db, self._id())
            if view.merged_into_id is not None:
                return view.merged_into_id
            zone = zone_of((await load_business(db)).timezone)
            figures = await load_figures(db, view.id)
            talks, total = await list_pages(db, ConversationFilter(customer_id=view.id), self.talks_page, TALKS)
            notes = await list_notes(db, view.id)
            trail = await list_trail(db, view.id)
            trust = await load_trust(db, view.id)
            suggestions = await list_suggestions(db, view.id)
            signs, _ = await list_events(db, AbuseFilter(customer_id=view.id), 1, 5)
        may_administer = Permission.ADMINISTER in viewer.permissions
        self.who = who_of(view, zone, at)
        self.trust, self.trust_reasons = str(trust.score), reasons_of(trust)
        self.signs = [
            Pair(f"{KINDS[sign.kind]}: {words_of_evidence(sign.kind, sign.evidence)}", when(sign.created_at, zone, at))
            for sign in signs
        ]
        self.figures = figures_of(figures)
        self.details, self.attributes = details_of(view, zone, at), attributes_of(view)
        self.points = [point_of(point) for point in view.points if is_shown(point)]
        self.tags = list(view.tags)
        self.consents = consents_of(view, zone, at)
        self.talks, self.talks_pages = [talk_of(talk, zone, at) for talk in talks], max(1, -(-total // TALKS))
        self.notes = [note_of(note, may_administer, zone, at) for note in notes]
        self.trail = [trail_of(entry, zone, at) for entry in trail]
        self.merges = [merge_of(merged, zone, at) for merged in view.merged_from]
        self.suggestions = [suggestion_of(one, zone, at) for one in suggestions]
        return None

    @handler
    async def refresh(self) -> None:
        await self._read()

    @handler
    async def go(self, page: int) -> None:
        self.talks_page = max(1, min(page, self.talks_pages)) if isinstance(page, int) else 1
        await self._read()

    @handler
    async def add_tag(self, form: dict[str, Any]) -> None:
        typed = form_text(form, "tag")
        if not typed:
            return
        try:
            async with viewer_db(self) as db:
                await add_tags(db, self._id(), [tag for tag in (part.strip() for part in typed.split(",")) if tag])
        except Invalid as error:
            raise Invalid(str(error), "tag") from error
        self.form += 1
        await self._read()

    @handler
    async def remove_tag(self, tag: str) -> None:
        async with viewer_db(self) as db:
            await remove_tags(db, self._id(), [tag])
        await self._read()

    @handler
    async def set_consent(self, purpose: str, given: bool) -> Any:
        try:
            async with viewer_db(self) as db:
                await change_customer(db, self._id(), consent={purpose: bool(given)})
        finally:
            # The switch on the screen already shows the new answer; the truth comes from the rows.
            await self._read()
        return said("Consent noted")

    @handler
    async def add_note(self, form: dict[str, Any]) -> Any:
        self.busy = "note"
        yield
        async with viewer_db(self) as db:
            await add_note(db, self._id(), form_text(form, "note"))
        self.form += 1
        await self._read()
        yield said("Note added")

    @handler
    async def remove_note(self, note_id: str) -> Any:
        async with viewer_db(self) as db:
            await delete_note(db, parse_id(note_id, "note"))
        await self._read()
        return said("Note removed")

    @handler
    async def ask_verify(self, point_id: str = "") -> None:
        point = next((line for line in self.points if line.id == point_id), None)
        self.verify_point, self.verify_value = (point.id, point.value) if point else ("", "")
        self.verify_open, self.form = True, self.form + 1

    @handler
    async def set_verify_open(self, is_open: bool) -> None:
        self.verify_open = bool(is_open)

    @handler
    async def verify(self, form: dict[str, Any]) -> Any:
        self.busy = "verify"
        yield
        point_id = parse_id(self.verify_point, "contact point") if self.verify_point else None
        async with viewer_db(self) as db:
            await verify_customer(db, self._id(), form_text(form, "reason"), point_id)
        self.verify_open = False
        await self._read()
        yield said(f"{self.verify_value or self.who.name} is verified")

    @handler
    async def unverify(self) -> Any:
        async with viewer_db(self) as db:
            await unverify_customer(db, self._id(), "Taken back on the customer's page")
        await self._read()
        return said(f"{self.who.name} is not verified any more")

    @handler
    async def set_block_open(self, is_open: bool) -> None:
        self.block_open, self.form = bool(is_open), self.form + 1

    @handler
    async def block(self, form: dict[str, Any]) -> Any:
        self.busy = "block"
        yield
        async with viewer_db(self) as db:
            await block_customer(db, self._id(), form_text(form, "reason"))
        self.block_open = False
        await self._read()
        yield said(f"{self.who.name} is blocked")

    @handler
    async def unblock(self) -> Any:
        self.busy = "unblock"
        yield
        async with viewer_db(self) as db:
            await unblock_customer(db, self._id())
        await self._read()
        yield said(f"{self.who.name} can write again")

    @handler
    async def lift(self) -> Any:
        self.busy = "lift"
        yield
        async with viewer_db(self) as db:
            await lift_customer(db, self._id())
        await self._read()
        yield said(f"{self.who.name} can write again")

    @handler
    async def ask_undo(self, merge_id: str) -> None:
        line = next((line for line in self.merges if line.id == merge_id), None)
        if line is None:
            raise Invalid("This was undone already.")
        self.undoing_id, self.undoing_name = line.id, line.name

    @handler
    async def keep_joined(self, is_open: bool = False) -> None:
        self.undoing_id = ""

    @handler
    async def undo(self) -> Any:
        self.busy = "undo"
        yield
        merge_id, self.undoing_id = parse_id(self.undoing_id, "join of two customers"), ""
        async with viewer_db(self) as db:
            await undo_join(db, merge_id)
        await self._read()
        yield said(f"{self.undoing_name} is a customer of their own again")

    @handler
    async def export(self) -> Any:
        async with viewer_db(self) as db:
            kept = await export_customer(db, self._id())
        data = json.dumps(kept, ensure_ascii=False, indent=2)
        return rx.download(data=data, filename=f"customer-{self._id()}.json", mime_type="application/json")

    @handler
    async def ask_erase(self) -> None:
        async with viewer_db(self) as db:
            goes = await describe_erasure(db, self._id())
        kinds = [
            (goes.conversations, "conversation", None),
            (goes.messages, "message", None),
            (goes.contact_points, "address", "addresses"),
            (goes.memories, "memory of the assistant", "memories of the assistant"),
            (goes.attachments, "file", None),
            (goes.notes, "note", None),
        ]
        self.erase_counts = [count(number, one, many) for number, one, many in kinds if number]
        self.erase_open, self.form = True, self.form + 1

    @handler
    async def set_erase_open(self, is_open: bool) -> None:
        self.erase_open = bool(is_open)

    @handler
    async def erase(self, form: dict[str, Any]) -> Any:
        self.busy = "erase"
        yield
        async with viewer_db(self) as db:
            view = await load_customer(db, self._id())
            name = name_of(view.name, view.id)
            if " ".join(form_text(form, "confirm").split()).casefold() != " ".join(name.split()).casefold():
                raise Invalid(f"Write {name} to confirm.", "confirm")
            await erase_customer(db, view.id)
        self.erase_open = False
        yield said(f"{name} is erased")
        yield rx.redirect("/customers")
