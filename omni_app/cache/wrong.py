"""Staff say that an answer from the cache is wrong for a question: it is never served there again."""

from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.cache.jobs import RefitCache
from omni_app.cache.keys import answer_key, question_key
from omni_app.cache.stored import bump, vector_text
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.llm.embedding import embed_one, embedder_name

# The question an answer is for: the customer's last words before it. An answer from the cache is always for one message.
_LOAD = text(
    """
    select r.id, r.tier, r.source, r.matched_question, r.wrong_at, a.text as answer, a.conversation_id,
      coalesce(k.answer_hash, '') as answer_hash,
      (select concat_ws(chr(10), q.details->>'subject', nullif(q.text, '')) from messages q
         where q.conversation_id = a.conversation_id and q.role = 'customer' and q.seq <= a.answers_seq
         order by q.seq desc limit 1) as question
    from receipts r join messages a on a.id = r.message_id
      left join cached_answers k on k.id = r.cached_answer_id and starts_with(a.text, k.text)
    where r.id = :id
    """
)
_REJECT = text(
    """
    insert into cache_rejections (id, business_id, question_hash, question, answer_hash, receipt_id, matched_question,
      embedding_model, embedding, created_by, created_at)
    values (:id, :business_id, :question_hash, :question, :answer_hash, :receipt_id, :matched, :model, cast(:vector as vector),
      :by, :now)
    on conflict (business_id, question_hash, answer_hash) do nothing
    """
)
# The wording itself, and every other wording that was taken for the same answer: those are judged anew.
_FORGET = text(
    """
    delete from cached_answers where question_hash = :question_hash or (kind = 'same' and answer_hash = any(:answers))
    """
)
_MARK = text("update receipts set wrong_at = :now, wrong_by = :by where id = :id and wrong_at is null returning id")


async def mark_wrong(db: Db, receipt_id: UUID) -> None:
    """The answer of this receipt is wrong for its question: serve it no more to these words nor to what means the same.

    Saying it twice changes nothing. Raises `Forbidden`, `NotFound`, and `Conflict` when it did not come from the cache.
    """
    db.scope.require(Permission.REPLY)
    row = (await db.execute(_LOAD, {"id": receipt_id})).one_or_none()
    if row is None or not row.question:
        raise NotFound("receipt")
    if row.tier is None:
        raise Conflict("This answer did not come from the cache, so nothing is served again because of it.")
    if row.wrong_at is not None:
        return
    vector = await embed_one(row.question)
    await bump(db)
    at, by, question_hash = now(), db.scope.actor.name, question_key(row.question)
    # Entries that say the same in other words have one key, which need not be that of these words.
    answers = list(dict.fromkeys(one for one in (row.answer_hash, answer_key(row.answer)) if one))
    for answer_hash in answers:
        values = {
            "id": new_id(),
            "business_id": db.scope.business_id,
            "question_hash": question_hash,
            "question": row.question,
            "answer_hash": answer_hash,
            "receipt_id": receipt_id,
            "matched": row.matched_question,
            "model": embedder_name(),
            "vector": vector_text(vector),
            "by": by,
            "now": at,
        }
        await db.execute(_REJECT, values)
    await db.execute(_FORGET, {"question_hash": question_hash, "answers": answers})
    await db.execute(_MARK, {"id": receipt_id, "now": at, "by": by})
    # What was asked and answered are a customer's words: they stay out of the trail.
    await audit.record(db, "cache.marked_wrong", "receipt", receipt_id, after={"tier": row.tier, "source": row.source})
    await enqueue(db, RefitCache())
    live.publish(db, "conversation.changed", conversation_id=row.conversation_id)
