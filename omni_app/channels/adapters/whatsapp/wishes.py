"""Words by which people say that they want no more messages, or want them again.

Only a message that is nothing but such a word counts. It reaches the inbox like any other, and answers to it still go out: what
stops is what nobody asked for.
"""

from collections.abc import Mapping

from omni_app.infra.text import normalize

STOP: Mapping[str, tuple[str, ...]] = {
    "en": ("stop", "stopall", "stop all", "unsubscribe", "opt out", "opt-out", "optout", "quit", "end", "cancel", "remove me"),
    "de": ("stopp", "abmelden", "abbestellen", "austragen", "keine werbung", "keine nachrichten mehr"),
    "fr": ("arrêt", "arret", "arrêter", "désabonner", "desabonner", "désinscrire", "me désabonner", "stop pub"),
    "es": ("baja", "alto", "parar", "cancelar suscripción", "cancelar suscripcion", "darme de baja", "no más mensajes"),
    "pt": ("parar", "pare", "sair", "cancelar inscrição", "descadastrar", "remover"),
    "it": ("ferma", "basta", "disiscrivi", "disiscrivimi", "annulla iscrizione", "cancellami"),
    "nl": ("stoppen", "afmelden", "uitschrijven"),
    "pl": ("wypisz", "rezygnuję", "rezygnuje", "wypisz mnie"),
    "tr": ("iptal", "dur", "abonelikten çık", "ret"),
    "ru": ("стоп", "отписаться", "отпишите меня"),
    "uk": ("стоп", "відписатися"),
    "ar": ("توقف", "إيقاف", "الغاء الاشتراك", "إلغاء الاشتراك"),
    "he": ("הסר", "עצור", "הסרה"),
    "hi": ("रोकें", "बंद करें", "बंद करो"),
    "id": ("berhenti", "hentikan"),
    "zh": ("停止", "退订", "退訂", "取消订阅", "取消訂閱"),
    "ja": ("停止", "配信停止", "解除"),
    "ko": ("중지", "수신거부", "구독취소"),
}
START: Mapping[str, tuple[str, ...]] = {
    "en": ("start", "unstop", "subscribe", "opt in", "opt-in", "optin", "resume"),
    "de": ("anmelden", "abonnieren", "wieder anmelden"),
    "fr": ("démarrer", "demarrer", "réabonner", "s'abonner"),
    "es": ("alta", "iniciar", "suscribir", "suscribirme"),
    "pt": ("iniciar", "voltar", "inscrever"),
    "it": ("iscrivi", "iscrivimi", "riprendi"),
    "nl": ("aanmelden", "hervatten", "inschrijven"),
    "pl": ("zapisz mnie", "wznów"),
    "tr": ("başla", "abone ol"),
    "ru": ("старт", "подписаться"),
    "uk": ("підписатися",),
    "ar": ("ابدأ", "اشتراك"),
    "he": ("התחל", "הצטרף"),
    "hi": ("शुरू करें",),
    "id": ("mulai", "langganan"),
    "zh": ("开始", "開始", "订阅", "訂閱"),
    "ja": ("開始", "再開"),
    "ko": ("시작", "수신동의"),
}
# The opt-out buttons of marketing templates; "Cancel" on a button is an answer to something else.
BUTTONS = ("stop", "stop promotions", "unsubscribe", "opt out", "opt-out", "stop messages")

_STOP = frozenset(normalize(word) for words in STOP.values() for word in words)
_START = frozenset(normalize(word) for words in START.values() for word in words)
_BUTTONS = frozenset(map(normalize, BUTTONS))
_LONGEST = 40


def wish_of(text: str) -> bool | None:
    """False for a word that stops messages, True for one that starts them again, None for everything else."""
    if len(text) > _LONGEST:
        return None
    word = normalize(text)
    return False if word in _STOP else True if word in _START else None


def is_stop_button(title: str) -> bool:
    """Whether a pressed button says that its owner wants no more of this."""
    return len(title) <= _LONGEST and normalize(title) in _BUTTONS
