"""The message templates a simulated WhatsApp account has, and whether a use of one is right."""

import re

from embedded.sandbox.accounts import JSON, digits

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def new_templates() -> list[JSON]:
    """What a new account begins with: some that can be sent, one paused, one refused."""
    return [
        _template("hello_world", "en_US", "UTILITY", "Welcome and congratulations! This message shows that sending works."),
        _template(
            "appointment_reminder",
            "en_US",
            "UTILITY",
            "Hello {{1}}, this is a reminder of your appointment on {{2}}. Please tell us if you cannot come.",
            footer="Reply STOP to hear no more of this",
            buttons=[{"type": "QUICK_REPLY", "text": "I will be there"}, {"type": "QUICK_REPLY", "text": "Change it"}],
            examples=["Ana", "Monday at 10:00"],
        ),
        _template(
            "appointment_reminder",
            "de",
            "UTILITY",
            "Hallo {{1}}, wir erinnern an Ihren Termin am {{2}}. Bitte melden Sie sich, wenn Sie verhindert sind.",
            examples=["Ana", "Montag um 10:00"],
        ),
        _template(
            "answer_ready",
            "en_US",
            "UTILITY",
            "Hello {{name}}, we have an answer to your question about {{topic}}. Reply to this message to read it.",
            header={"type": "HEADER", "format": "TEXT", "text": "News for {{name}}"},
            named=True,
        ),
        _template(
            "spring_offer",
            "en_US",
            "MARKETING",
            "{{1}}, everything costs {{2}} less this week.",
            buttons=[{"type": "URL", "text": "Have a look", "url": "https://example.org/offer"}],
            examples=["Ana", "20 %"],
        ),
        _template(
            "new_menu",
            "en_US",
            "UTILITY",
            "Hello {{1}}, this is what we cook this week.",
            header={"type": "HEADER", "format": "IMAGE"},
            examples=["Ana"],
        ),
        _template("old_offer", "en_US", "MARKETING", "Our offer is back, {{1}}.", status="PAUSED"),
        _template("new_offer", "en_US", "MARKETING", "{{1}}{{2}}", status="REJECTED", reason="INVALID_FORMAT"),
    ]


def _template(
    name: str,
    language: str,
    category: str,
    body: str,
    *,
    header: JSON | None = None,
    footer: str = "",
    buttons: list[JSON] | None = None,
    examples: list[str] | None = None,
    status: str = "APPROVED",
    reason: str = "NONE",
    named: bool = False,
) -> JSON:
    components: list[JSON] = [header] if header else []
    text: JSON = {"type": "BODY", "text": body}
    if examples:
        text["example"] = {"body_text": [examples]}
    components.append(text)
    if footer:
        components.append({"type": "FOOTER", "text": footer})
    if buttons:
        components.append({"type": "BUTTONS", "buttons": buttons})
    return {
        "name": name,
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": components,
        "language": language,
        "status": status,
        "category": category,
        "rejected_reason": reason,
        "id": digits(16),
    }


def find_template(templates: list[JSON], name: str, language: str) -> JSON | None:
    return next((one for one in templates if one["name"] == name and one["language"] == language), None)


def judge_use(template: JSON, given: list[JSON]) -> tuple[int, str] | None:
    """(error code, details) of what is wrong with the components of a template message; None when it can be sent."""
    if template["status"] == "PAUSED":
        return 132015, ""
    if template["status"] == "DISABLED":
        return 132016, ""
    if template["status"] != "APPROVED":
        return 132001, f"template name ({template['name']}) is not approved"
    for kind in ("HEADER", "BODY"):
        part: JSON = next((one for one in template["components"] if one["type"] == kind), {})
        wanted = list(dict.fromkeys(_VARIABLE.findall(part.get("text", ""))))
        filled = next((one for one in given if str(one.get("type", "")).upper() == kind), {}).get("parameters", [])
        form = str(part.get("format", "TEXT")).lower()
        if form != "text":
            if (wrong := _judge_file(form, filled)) is not None:
                return wrong
            continue
        if len(filled) != len(wanted):
            return (
                132000,
                f"{kind.lower()}: number of localizable_params ({len(filled)}) does not match the expected {len(wanted)}",
            )
        for parameter in filled:
            text = parameter.get("text")
            if parameter.get("type") == "text" and (not isinstance(text, str) or not text):
                return 131008 if text is None else 132012, f"{kind.lower()}: a text parameter is empty"
            if isinstance(text, str) and ("\n" in text or "\t" in text or "     " in text):
                return 132012, f"{kind.lower()}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        if template["parameter_format"] == "NAMED" and {one.get("parameter_name") for one in filled} != set(wanted):
            return 132000, f"{kind.lower()}: parameters must be named {', '.join(wanted)}"
    return None


def _judge_file(form: str, filled: list[JSON]) -> tuple[int, str] | None:
    """What is wrong with the file at the top: it needs one parameter of its kind with an id or a link."""
    if len(filled) != 1 or filled[0].get("type") != form:
        received = filled[0].get("type") if filled else "nothing"
        return 132012, f"header: Format mismatch, expected {form.upper()}, received {received}"
    file = filled[0].get(form)
    named = [name for name in ("id", "link") if isinstance(file, dict) and isinstance(file.get(name), str) and file[name]]
    return None if len(named) == 1 else (131008, f"header: {form} needs an id or a link")


def fill_in(template: JSON, given: list[JSON]) -> str:
    """What the customer reads."""
    lines = []
    for part in template["components"]:
        values = next((one for one in given if str(one.get("type", "")).upper() == part["type"]), {}).get("parameters", [])
        words = {str(one.get("parameter_name") or n): str(one.get("text", "")) for n, one in enumerate(values, 1)}
        if "text" in part:
            lines.append(_VARIABLE.sub(lambda found, words=words: words.get(found[1], found[0]), part["text"]))  # type: ignore[misc]
    return "\n".join(lines)
