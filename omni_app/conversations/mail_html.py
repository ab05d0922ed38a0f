"""The HTML of mails: kept as it came, encrypted; shown sanitised, with the images that came inside, without any other load."""

import asyncio
from uuid import UUID

from omni_app.channels.mail.html import sanitise
from omni_app.conversations.attachments import LINK_SECONDS, sign_link
from omni_app.infra.crypto import sign, verify
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, NotFound, SignedOut
from omni_app.infra.scope import Permission, Scope, system_scope
from omni_app.infra.storage import put_sealed, read_sealed

MOST_HTML = 2 * 1024 * 1024
_LINK = "mail html"

# Mails are written for a white page in a mail program; long words and wide pictures must not widen the thread.
_PAGE = (
    '<!doctype html><html lang=""><head><meta charset="utf-8"><meta name="color-scheme" content="light"><style>'
    "html{background:#fff;color:#1a1a1a}body{margin:0;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}img[data-blocked]{display:none}"
    "</style></head><body>"
)


async def keep_html(scope: Scope, html: str) -> str:
    """Store the raw HTML of a mail and give its key, for `messages.html_key`; beyond 2 MB it is cut."""
    scope.require(Permission.REPLY)
    return await put_sealed(scope.business_id, html.encode("utf-8", "replace")[:MOST_HTML])


def sign_html_link(message_id: UUID, business_id: UUID) -> str:
    """The path under which a frame of ours can show the mail for five minutes."""
    return "/files/html/" + sign(_LINK, {"m": str(message_id), "b": str(business_id)})


async def open_html_link(token: str) -> str:
    """The page of the mail behind a signed link. Raises `Forbidden` when the link is too old or not ours, `NotFound`."""
    try:
        payload = verify(_LINK, token, LINK_SECONDS)
        message_id, business_id = UUID(payload["m"]), UUID(payload["b"])
    except (SignedOut, KeyError, ValueError) as error:
        raise Forbidden("This link is no longer valid. Open the conversation again.") from error
    async with open_db(system_scope(business_id)) as db:
        found = await db.execute(
            """select m.html_key, coalesce(jsonb_object_agg(a.content_id, a.id) filter (where a.content_id <> ''), '{}') as inside
               from messages m left join attachments a on a.message_id = m.id and a.media_type like 'image/%'
                 and a.status = 'stored'
               where m.id = :id group by m.id""",
            {"id": message_id},
        )
        row = found.one_or_none()
    if row is None or not row.html_key:
        raise NotFound("mail")
    raw = (await read_sealed(row.html_key)).decode("utf-8", "replace")
    inside = {content_id: sign_link(UUID(file_id), business_id) for content_id, file_id in row.inside.items()}
    clean = await asyncio.to_thread(sanitise, raw, inside)
    return f"{_PAGE}{clean}</body></html>"
