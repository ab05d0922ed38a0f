"""The mail that carries a code, in the languages the widget speaks."""

# Subject, and the lines around the code. `{code}` and `{business}` are filled in.
_MAILS: dict[str, tuple[str, str, str]] = {
    "en": (
        "{code} is your code for the chat with {business}",
        "Somebody, most likely you, gave this address in the chat with {business}.",
        "Enter this code in the chat within ten minutes. Nobody of the team will ask you for it.\n"
        "If it was not you, ignore this mail: without the code nothing happens.",
    ),
    "es": (
        "{code} es su código para el chat con {business}",
        "Alguien, probablemente usted, dio esta dirección en el chat con {business}.",
        "Escriba este código en el chat en los próximos diez minutos. Nadie del equipo se lo pedirá.\n"
        "Si no fue usted, ignore este correo: sin el código no pasa nada.",
    ),
    "fr": (
        "{code} est votre code pour le chat avec {business}",
        "Quelqu’un, sans doute vous, a donné cette adresse dans le chat avec {business}.",
        "Saisissez ce code dans le chat d’ici dix minutes. Personne de l’équipe ne vous le demandera.\n"
        "Si ce n’était pas vous, ignorez ce message : sans le code, il ne se passe rien.",
    ),
    "de": (
        "{code} ist Ihr Code für den Chat mit {business}",
        "Jemand, wahrscheinlich Sie, hat diese Adresse im Chat mit {business} angegeben.",
        "Geben Sie den Code innerhalb von zehn Minuten im Chat ein. Niemand vom Team wird Sie danach fragen.\n"
        "Wenn Sie es nicht waren, beachten Sie diese Mail nicht: Ohne den Code geschieht nichts.",
    ),
    "pt": (
        "{code} é o seu código para o chat com {business}",
        "Alguém, provavelmente você, deu este endereço no chat com {business}.",
        "Escreva este código no chat nos próximos dez minutos. Ninguém da equipe vai pedir o código.\n"
        "Se não foi você, ignore este e-mail: sem o código nada acontece.",
    ),
    "it": (
        "{code} è il suo codice per la chat con {business}",
        "Qualcuno, probabilmente lei, ha dato questo indirizzo nella chat con {business}.",
        "Inserisca questo codice nella chat entro dieci minuti. Nessuno del team glielo chiederà.\n"
        "Se non era lei, ignori questa e-mail: senza il codice non succede nulla.",
    ),
    "ar": (
        "{code} هو رمزك للمحادثة مع {business}",
        "أعطى أحدهم، وعلى الأرجح أنت، هذا العنوان في المحادثة مع {business}.",
        "أدخل هذا الرمز في المحادثة خلال عشر دقائق. لن يطلبه منك أحد من الفريق.\n"
        "إن لم تكن أنت فتجاهل هذه الرسالة: لا يحدث شيء من دون الرمز.",
    ),
    "hi": (
        "{code} {business} के साथ चैट के लिए आपका कोड है",
        "किसी ने, शायद आपने ही, {business} के साथ चैट में यह पता दिया है।",
        "दस मिनट के अंदर यह कोड चैट में लिखें। टीम का कोई भी व्यक्ति इसे आपसे नहीं माँगेगा।\n"
        "अगर यह आप नहीं थे तो इस मेल को अनदेखा करें: कोड के बिना कुछ नहीं होता।",
    ),
}


def code_mail(code: str, business: str, *languages: str) -> tuple[str, str]:
    """Subject and text, in the first of `languages` (BCP 47, may be empty) that is known, else in English."""
    tags = (language.split("-")[0].lower() for language in languages)
    subject, before, after = _MAILS[next((tag for tag in tags if tag in _MAILS), "en")]
    return (
        subject.format(code=code, business=business),
        f"{before.format(business=business)}\n\n    {code}\n\n{after}\n",
    )
