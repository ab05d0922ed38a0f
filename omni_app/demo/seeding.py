"""Create the demo business, so that a fresh start has something to try.

What is created is written to OMNI_HOME/demo.json (0600) at the end; until then OMNI_HOME/demo.json.new holds the passwords, so a
start that was cut off goes on where it stopped.
"""

import asyncio
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from omni_app.demo.content import DemoBusiness, DemoContent, load_demo_content
from omni_app.infra.crypto import new_secret
from omni_app.infra.database import open_db, read_system, system_db
from omni_app.infra.scope import Scope, system_scope
from omni_app.knowledge.cutting import Reading, read_and_cut
from omni_app.knowledge.documents import add_document, list_documents, prepare_text
from omni_app.knowledge.faqs import create_faq, list_faqs, prepare_faq
from omni_app.knowledge.studying import advance
from omni_app.settings import load_settings
from omni_app.tenancy.api_keys import create_key
from omni_app.tenancy.businesses import update_business
from omni_app.tenancy.members import add_member
from omni_app.tenancy.passwords import hash_password
from omni_app.tenancy.signing_up import sign_up

OWNER = ("Maya Chen", "maya@harbour-dental.example")
AGENT = ("Tom Okafor", "tom@harbour-dental.example")


@dataclass(frozen=True, slots=True)
class Login:
    """A demo sign-in."""

    email: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """What demo.json holds."""

    address: str
    owner: Login
    agent: Login
    api_key: str
    widget_key: str


async def seed_demo(home: Path) -> DemoAccess | None:
    """Create the demo business when there is no business at all; None when there is nothing to do."""
    done, unfinished = home / "demo.json", home / "demo.json.new"
    if done.exists():
        return None
    if not unfinished.exists() and await _has_business():
        return None
    content = load_demo_content()
    saved = _read(unfinished) or {"owner": new_secret("demo-", 9), "agent": new_secret("demo-", 9)}
    _write(unfinished, saved)
    business_id, widget_key = await _create_business(content, saved["owner"])
    scope = system_scope(business_id)
    await _fill_profile(scope, content.business)
    await _add_agent(scope, saved["agent"])
    await _teach(scope, content)
    await _give_documents(scope, content)
    if "api_key" not in saved:
        async with open_db(scope) as db:
            _, saved["api_key"] = await create_key(db, "Demo key")
        _write(unfinished, saved)
    access = DemoAccess(
        address=load_settings().base_url,
        owner=Login(OWNER[1], saved["owner"]),
        agent=Login(AGENT[1], saved["agent"]),
        api_key=saved["api_key"],
        widget_key=widget_key,
    )
    _write(unfinished, asdict(access))
    unfinished.replace(done)
    return access


def keep_address(home: Path) -> None:
    """Write today's address into demo.json: the port may differ from the first start's."""
    path = home / "demo.json"
    known = _read(path)
    if known is not None and known.get("address") != load_settings().base_url:
        _write(path, {**known, "address": load_settings().base_url})


def _read(path: Path) -> dict[str, str] | None:
    return dict(json.loads(path.read_text())) if path.exists() else None


def _write(path: Path, value: object) -> None:
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=2)
    part.replace(path)


async def _has_business() -> bool:
    async with read_system("demo: is there a business") as connection:
        return bool((await connection.execute(text("select exists (select 1 from businesses)"))).scalar_one())


async def _create_business(content: DemoContent, password: str) -> tuple[UUID, str]:
    found = text(
        """select b.id, b.widget_key from users u join members m on m.user_id = u.id join businesses b on b.id = m.business_id
           where u.email = :email"""
    )
    async with read_system("demo: find the business") as connection:
        row = (await connection.execute(found, {"email": OWNER[1]})).one_or_none()
    if row is None:
        await sign_up(content.business.name, OWNER[0], OWNER[1], password, content.business.timezone)
        async with read_system("demo: find the business") as connection:
            row = (await connection.execute(found, {"email": OWNER[1]})).one()
    return row.id, row.widget_key


async def _fill_profile(scope: Scope, business: DemoBusiness) -> None:
    hours = {
        day: [[start.strftime("%H:%M"), end.strftime("%H:%M")] for start, end in spans]
        for day, spans in business.opening_hours.items()
    }
    async with open_db(scope) as db:
        await update_business(
            db,
            industry=business.description,
            locale=business.language,
            opening_hours=hours,
            contact=asdict(business.contact),
            price_list=[asdict(price) for price in business.price_list],
            greeting=business.greeting,
            suggestions=list(business.suggestions),
            colors=asdict(business.colors),
        )


async def _add_agent(scope: Scope, password: str) -> None:
    async with read_system("demo: find the agent") as connection:
        known = await connection.execute(text("select 1 from users where email = :email"), {"email": AGENT[1]})
        is_known = known.one_or_none() is not None
    if not is_known:
        async with open_db(scope) as db:
            await add_member(db, AGENT[1], AGENT[0], "agent")
    password_hash = await hash_password(password)
    async with system_db("demo: the agent's password") as db:
        await db.execute(
            "update users set password_hash = :hash where email = :email and password_hash is null",
            {"hash": password_hash, "email": AGENT[1]},
        )


async def _teach(scope: Scope, content: DemoContent) -> None:
    async with open_db(scope) as db:
        known, _ = await list_faqs(db, limit=1000)
    taught = {faq.question for faq in known}
    prepared = [await prepare_faq(faq.question, faq.answer, faq.phrasings) for faq in content.faqs if faq.question not in taught]
    async with open_db(scope) as db:
        for faq in prepared:
            await create_faq(db, faq)


async def _give_documents(scope: Scope, content: DemoContent) -> None:
    async with open_db(scope) as db:
        known, _ = await list_documents(db, limit=1000)
    waiting = {view.title: view.id for view in known if view.status != "ready"}
    for document in content.documents:
        if document.title not in {view.title for view in known}:
            added = await add_document(scope, prepare_text(document.title, document.text))
            waiting[document.title] = added.id
    for document_id in waiting.values():
        await advance(scope, document_id, read=_read_own)


async def _read_own(data: bytes, name: str) -> Reading:
    # Our own files need no process of their own, which would make the first start longer.
    return await asyncio.to_thread(read_and_cut, data, name)
