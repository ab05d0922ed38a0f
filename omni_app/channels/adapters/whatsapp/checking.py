"""Try a connection: does the token work, whose number is it, which templates are there."""

from omni_app.channels.adapters.whatsapp.graph import call
from omni_app.channels.adapters.whatsapp.reading import text_of
from omni_app.channels.adapters.whatsapp.settings import WhatsAppSettings
from omni_app.channels.adapters.whatsapp.templates import list_templates
from omni_app.channels.contract import CheckResult
from omni_app.channels.failures import Refused, Revoked, Unavailable
from omni_app.infra.http import Http

FIELDS = "id,display_phone_number,verified_name,quality_rating"


async def check_settings(settings: WhatsAppSettings, http: Http) -> CheckResult:
    """The number's name and the templates, or what Meta says against it."""
    try:
        number = await call(settings, http, "GET", settings.phone_number_id, query={"fields": FIELDS})
        key = text_of(number.get("id"), 40) or settings.phone_number_id
        if key != settings.phone_number_id:
            return CheckResult(is_ok=False, text="Meta knows another number under this id.")
        templates = await list_templates(settings, http)
    except Revoked as error:
        return CheckResult(is_ok=False, text=f"Meta says: {error}", is_revoked=True)
    except Refused as error:
        return CheckResult(is_ok=False, text=f"Meta says: {error}")
    except Unavailable as error:
        return CheckResult(is_ok=False, text=str(error))
    said = ", ".join(filter(None, (text_of(number.get("verified_name"), 120), text_of(number.get("display_phone_number"), 40))))
    usable = sum(one.status == "approved" for one in templates)
    count = f"{usable} template{'' if usable == 1 else 's'} can be sent"
    quality = text_of(number.get("quality_rating"), 20).lower()
    words = [f"Connected{f' as {said}' if said else ''}", count]
    if quality and quality not in {"unknown", "na"}:
        words.append(f"quality {quality}")
    return CheckResult(is_ok=True, text="; ".join(words) + ".", account_key=key, templates=templates)
