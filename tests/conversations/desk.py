"""A business with staff and customers who write, for tests of what staff do."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission, Scope
from omni_app.orchestrator.turn import receive
from omni_app.tenancy.roles import permissions_of
from tests.making import inbound, make_business, rows


@dataclass(frozen=True, slots=True)
class Written:
    """A stored customer message. `turn_id` and `fence` are the lease of the AI's turn, when it got one."""

    conversation_id: UUID
    customer_id: UUID
    seq: int
    turn_id: UUID | None
    fence: int


@dataclass(frozen=True, slots=True)
class Desk:
    """One business without FAQs. `maya` and `tom` are agents, `vera` may only look."""

    system: Scope
    maya: Scope
    tom: Scope
    vera: Scope
    widget_key: str

    async def ask(self, text: str = "Hello?", who: str = "visitor-1", name: str = "") -> Written:
        """Store one message of a customer; nobody answers it."""
        received, _ = await receive(self.system, inbound(text, who, name=name, client_id=str(uuid4())))
        return Written(received.conversation_id, received.customer.id, received.seq, received.turn_id, received.fence)


async def make_member(scope: Scope, name: str, role: str = "agent") -> Scope:
    """A colleague of that role, as a scope."""
    user_id, member_id = new_id(), new_id()
    email = f"{user_id}@staff.example"
    await rows(
        "insert into users (id, email, name, failed_sign_ins, created_at) values (:id, :email, :name, 0, now()) returning id",
        id=user_id,
        email=email,
        name=name,
    )
    await rows(
        """insert into members (id, business_id, user_id, name, email, role, created_at)
           values (:id, :business_id, :user_id, :name, :email, :role, now()) returning id""",
        id=member_id,
        business_id=scope.business_id,
        user_id=user_id,
        name=name,
        email=email,
        role=role,
    )
    actor = Actor(kind="member", id=member_id, name=name)
    return Scope(business_id=scope.business_id, actor=actor, permissions=permissions_of(role))


async def make_desk(name: str = "Harbour Dental") -> Desk:
    made = await make_business(name, faqs=())
    scope = made.scope
    maya, tom = await make_member(scope, "Maya Chen"), await make_member(scope, "Tom Okafor")
    return Desk(scope, maya, tom, await make_member(scope, "Vera Lang", "viewer"), made.widget_key)


def without(scope: Scope, permission: Permission) -> Scope:
    return replace(scope, permissions=scope.permissions - {permission})


async def thread(conversation_id: UUID) -> list[tuple[int, str, str]]:
    """(number, role, text) of every message."""
    found = await rows("select seq, role, text from messages where conversation_id = :id order by seq", id=conversation_id)
    return [(row["seq"], row["role"], row["text"]) for row in found]


async def state(conversation_id: UUID) -> dict[str, object]:
    """The conversation's row."""
    (row,) = await rows("select * from conversations where id = :id", id=conversation_id)
    return row


async def trail(conversation_id: UUID) -> list[str]:
    """What the audit trail says about it, oldest first."""
    found = await rows("select action from audit_entries where subject_id = :id order by created_at, id", id=conversation_id)
    return [row["action"] for row in found]
