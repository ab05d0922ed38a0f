"""Whether the server that received a mail checked who sent it: its Authentication-Results header (RFC 8601).

Anybody can write that header. Only the topmost one that names the configured server counts: a server puts its own above what came
with the mail, and takes out those that pretend to be its own (section 5).
"""

import re

from omni_app.channels.mail.arriving import are_related, sender_of
from omni_app.channels.mail.heads import Head

# A sign with the backslash before it, or a run of letters that mean nothing here.
_SIGN = re.compile(r'\\.|[^\\()";]+|.', re.DOTALL)
_RESULT = re.compile(r"^\s*([a-z0-9.-]+)(?:/\d+)?\s*=\s*([a-z]+)(.*)$", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"([a-z]+\.[a-z-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)


def is_proven(head: Head, authserv_id: str) -> bool:
    """Whether DMARC passed, or DKIM or SPF did for the domain the reader sees in From. Never without an `authserv_id`."""
    wanted = authserv_id.strip().lower()
    domain = sender_of(head)[1].rpartition("@")[2]
    if not wanted or not domain:
        return False
    for value in head.raws("authentication-results"):
        first, *results = _results(value)
        if first.strip().lower().split(" ")[0] == wanted:
            return any(_passes(result, domain) for result in results)
    return False


def _results(value: str) -> list[str]:
    """The header's parts between semicolons, without comments; only the first when somebody may have written into it.

    The server repeats what the sender said of themselves, such as `smtp.mailfrom="a; dkim=pass header.d=bank.test"@evil.test`: a
    semicolon inside quotes or a comment ends nothing, and what has quotes or parentheses that do not fit is not believed.
    """
    parts, depth, is_quoted, is_odd = [""], 0, False, False
    for sign in _SIGN.findall(value):
        if is_quoted or sign == '"':
            is_quoted ^= sign == '"'
            is_odd |= depth > 0
            parts[-1] += sign if not depth else ""
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            is_odd |= depth < 0
            parts[-1] += " "
        elif not depth and sign == ";":
            parts.append("")
        elif not depth:
            parts[-1] += sign
    return parts[:1] if is_odd or is_quoted or depth else parts


def _passes(result: str, domain: str) -> bool:
    found = _RESULT.match(result)
    if found is None or found[2].lower() != "pass":
        return False
    method = found[1].lower()
    properties = {name.lower(): value.strip('"').lower() for name, value in _PROPERTY.findall(found[3])}
    if method == "dmarc":
        return are_related(properties.get("header.from", ""), domain)
    if method == "dkim":
        signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
        return are_related(signer, domain)
    if method == "spf":
        return are_related(properties.get("smtp.mailfrom", "").rpartition("@")[2], domain)
    return False
