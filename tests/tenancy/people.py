"""Businesses and people for these tests, made the way the product makes them."""

import re
from collections.abc import Mapping
from typing import Any

from omni_app.infra.database import system_db
from omni_app.infra.scope import Client
from omni_app.notices.mailbox import list_mails
from omni_app.tenancy.resetting import request_reset, reset_password
from omni_app.tenancy.sessions import Viewer, load_viewer
from omni_app.tenancy.signing_in import complete_sign_in, sign_in
from omni_app.tenancy.signing_up import sign_up

PASSWORD = "four plain words here"
CLIENT = Client(ip="203.0.113.7", user_agent="Test browser", request_id="request-1")


async def found(business: str = "Brook Street Dental", email: str = "maya@example.com", name: str = "Maya Okafor") -> str:
    """Sign up a business; give back the session token of its owner."""
    return await complete_sign_in(await sign_up(business, name, email, PASSWORD, "Europe/London", CLIENT), CLIENT)


async def owner(business: str = "Brook Street Dental", email: str = "maya@example.com", name: str = "Maya Okafor") -> Viewer:
    """Sign up a business; give back its signed-in owner."""
    return await load_viewer(await found(business, email, name), CLIENT)


async def enter(email: str, password: str = PASSWORD) -> Viewer:
    """Sign in; give back who is signed in."""
    return await load_viewer(await complete_sign_in(await sign_in(email, password, CLIENT), CLIENT), CLIENT)


async def confirm(email: str) -> None:
    """Use a link from the mail, which proves the address; the password stays PASSWORD, sessions end."""
    await request_reset(email, CLIENT)
    await reset_password(await link_token(email), PASSWORD, CLIENT)


async def mails_to(email: str) -> list[tuple[str, str]]:
    """Subjects and texts, newest first."""
    return [(mail.subject, mail.text) for mail in (await list_mails(email)).items]


async def link_token(email: str) -> str:
    """The token in the newest mail that carries a link to set a password."""
    for _, text in await mails_to(email):
        if match := re.search(r"/reset/new\?token=(\S+)", text):
            return match.group(1)
    raise AssertionError(f"no link was mailed to {email}")


async def sql(statement: str, **values: Any) -> list[Mapping[str, Any]]:
    """Run one statement as omni_system; rows as mappings (none for a plain UPDATE)."""
    async with system_db("test") as db:
        result = await db.execute(statement, values)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


async def actions() -> list[str]:
    """What the trail says, oldest first."""
    return [row["action"] for row in await sql("select action from audit_entries order by created_at, id")]
