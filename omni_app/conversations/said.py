"""What somebody says with a message, as models and the memory read it: a mail's subject belongs to it.

People write their question into the subject and "thanks!" below it. The subject is kept beside the text, in `messages.details`
{subject}, where it is new: on a thread's first mail and where somebody changed it. What staff read shows it once, at the thread.
"""

from omni_app.channels.mail.composing import bare_subject

_NONE = frozenset(
    {"no subject", "(no subject)", "(kein betreff)", "(ohne betreff)", "(sans objet)", "(sin asunto)", "(nessun oggetto)"}
    | {"(sem assunto)", "(geen onderwerp)", "(без темы)", "(brak tematu)", "(件名なし)", "(无主题)"}
)


def said(alias: str) -> str:
    """The SQL of all a message says; `alias` is the message's table there. A plain message says its text."""
    return f"concat_ws(chr(10), {alias}.details->>'subject', nullif({alias}.text, ''))"


def subject_said(subject: str, body: str, known: str) -> str:
    """What `subject` says beside the `body`; "" when that is nothing new. `known` is the subject of the thread so far."""
    bare = bare_subject(subject)[:200]
    folded, before = bare.casefold(), bare_subject(known)[:200].casefold()
    if not bare or folded in _NONE or folded in " ".join(body.split()).casefold():
        return ""
    # Mail systems put a mark of their own before a subject that nobody changed: "[External] Re: …".
    return "" if before and before in folded else bare
