"""Members: list, invite, change role, remove."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business
from omni_app.tenancy.members import add_member, change_role, list_members, remove_member
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import avatar_tone, initials, said
from omni_app.ui.words import on_day, zone_of

ROLES = [
    ("owner", "Owner"),
    ("admin", "Admin"),
    ("agent", "Agent"),
    ("viewer", "Viewer"),
]
ROLE_HELP = {
    "owner": "Everything, owners too",
    "admin": "Sets up, teaches, invites",
    "agent": "Reads and replies",
    "viewer": "Reads only",
}


@dataclass
class MemberLine:
    id: str
    name: str
    email: str
    role: str
    since: str
    letters: str
    tone: str
    is_me: bool


class TeamState(ViewerState, rx.State):
    members: list[MemberLine] = []
    may_change: bool = False
    invite_open: bool = False
    invite_role: str = "agent"
    removing_id: str = ""
    removing_name: str = ""

    @loader
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        viewer = await current_viewer(self)
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            members = await list_members(db)
        self.may_change = Permission.ADMINISTER in viewer.permissions
        self.members = [
            MemberLine(
                id=str(member.id),
                name=member.name,
                email=member.email,
                role=member.role,
                since=on_day(member.created_at, zone),
                letters=initials(member.name),
                tone=avatar_tone(member.name),
                is_me=member.is_me,
            )
            for member in members
        ]

    @handler
    async def set_invite_open(self, is_open: bool) -> None:
        self.invite_open, self.invite_role = bool(is_open), "agent"

    @handler
    async def set_invite_role(self, role: str) -> None:
        if role in ROLE_HELP:
            self.invite_role = role

    @handler
    async def invite(self, form: dict[str, Any]) -> Any:
        self.busy = "invite"
        yield
        email, name = form_text(form, "email"), form_text(form, "name")
        async with viewer_db(self) as db:
            await add_member(db, email, name, form_text(form, "role") or self.invite_role)
        self.invite_open = False
        await self._read()
        yield said(f"{name} is invited. The link is in their mail.")

    @handler
    async def set_role(self, member_id: str, role: str) -> Any:
        try:
            async with viewer_db(self) as db:
                await change_role(db, parse_id(member_id, "member"), role)
        finally:
            # The list in the browser already shows the new choice; the truth comes from the rows.
            await self._read()
        return said("Role changed")

    @handler
    async def ask_remove(self, member_id: str) -> None:
        member = next((line for line in self.members if line.id == member_id), None)
        if member is None:
            raise Invalid("This person is not on the list any more.")
        self.removing_id, self.removing_name = member.id, member.name

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.removing_id = ""

    @handler
    async def remove(self) -> Any:
        self.busy = "remove"
        yield
        name, member_id = self.removing_name, parse_id(self.removing_id, "member")
        self.removing_id = ""
        async with viewer_db(self) as db:
            await remove_member(db, member_id)
        await self._read()
        yield said(f"{name} is removed")
