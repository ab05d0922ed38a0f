"""The assistant's own sentences, in the languages it can tell apart. What a business wrote itself is never translated here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sayings:
    """Sentences of one language; `…_soon` and `…_back` follow an opening. `weekdays` from Monday, `months` from January.

    `on_weekday`, `on_date`, `today` and `tomorrow` are put into `away_back`; `weekday` and `month` stand as they are listed.
    """

    hello: str
    welcome_back: str
    welcome: str
    goodbye: str
    all_right: str
    cannot_open_files: str
    not_sure: str
    asked_before: str
    of_course: str
    not_known: str
    sorry: str
    cannot_answer: str
    free_soon: str
    minute_soon: str
    minutes_soon: str
    hour_soon: str
    hours_soon: str
    one_waits: str
    many_wait: str
    away_back: str
    passed_on: str
    today: str
    tomorrow: str
    on_weekday: str
    on_date: str
    asks_address: str
    noted: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


def _names(line: str) -> tuple[str, ...]:
    return tuple(line.split())


SAYINGS = {
    "en": Sayings(
        hello="Hello! This is {business}. What would you like to know?",
        welcome_back="Welcome back, {name}. What can I do for you?",
        welcome="You are welcome. Write any time.",
        goodbye="Goodbye. Write any time.",
        all_right="All right. What else would you like to know?",
        cannot_open_files="I cannot open files. Shall I pass it to the team?",
        not_sure="I am not sure about that, and I do not want to guess. Shall I ask the team?",
        asked_before="Does this not answer your question? Then I can ask the team.",
        of_course="Of course.",
        not_known="I do not know that either, and I do not want to guess.",
        sorry="I am sorry about this.",
        cannot_answer="I cannot answer this by myself at the moment.",
        free_soon="I have asked the team at {business}. Somebody answers you here as soon as they are free.",
        minute_soon="I have asked the team at {business}. Somebody answers you here usually within a minute.",
        minutes_soon="I have asked the team at {business}. Somebody answers you here usually within {number} minutes.",
        hour_soon="I have asked the team at {business}. Somebody answers you here usually within an hour.",
        hours_soon="I have asked the team at {business}. Somebody answers you here usually within {number} hours.",
        one_waits="One person is waiting before you.",
        many_wait="{number} people are waiting before you.",
        away_back="The team is away now and back {when}. Your messages are kept, and somebody answers you here then.",
        passed_on="I have passed this to the team at {business}. Somebody answers you here.",
        today="today at {clock}",
        tomorrow="tomorrow at {clock}",
        on_weekday="on {weekday} at {clock}",
        on_date="on {weekday} {day} {month} at {clock}",
        asks_address="Leave an e-mail address or a phone number here if the answer should reach you there.",
        noted="Thank you. The team can also answer you at",
        weekdays=_names("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        months=_names("January February March April May June July August September October November December"),
    ),
    "es": Sayings(
        hello="¡Hola! Somos {business}. ¿Qué le gustaría saber?",
        welcome_back="Qué bien verle de nuevo, {name}. ¿En qué puedo ayudarle?",
        welcome="De nada. Escriba cuando quiera.",
        goodbye="Hasta pronto. Escriba cuando quiera.",
        all_right="De acuerdo. ¿Qué más le gustaría saber?",
        cannot_open_files="No puedo abrir archivos. ¿Se lo paso al equipo?",
        not_sure="No estoy seguro de eso y no quiero adivinar. ¿Le pregunto al equipo?",
        asked_before="¿No responde esto a su pregunta? Entonces puedo preguntar al equipo.",
        of_course="Por supuesto.",
        not_known="Eso tampoco lo sé y no quiero adivinar.",
        sorry="Lo lamento.",
        cannot_answer="En este momento no puedo responder a esto por mi cuenta.",
        free_soon="He avisado al equipo de {business}. Alguien le responderá aquí en cuanto pueda.",
        minute_soon="He avisado al equipo de {business}. Alguien suele responder aquí en un minuto.",
        minutes_soon="He avisado al equipo de {business}. Alguien suele responder aquí en menos de {number} minutos.",
        hour_soon="He avisado al equipo de {business}. Alguien suele responder aquí en menos de una hora.",
        hours_soon="He avisado al equipo de {business}. Alguien suele responder aquí en menos de {number} horas.",
        one_waits="Hay una persona esperando antes que usted.",
        many_wait="Hay {number} personas esperando antes que usted.",
        away_back="El equipo no está ahora y vuelve {when}. Sus mensajes se guardan y alguien le responderá aquí entonces.",
        passed_on="He pasado esto al equipo de {business}. Alguien le responderá aquí.",
        today="hoy a las {clock}",
        tomorrow="mañana a las {clock}",
        on_weekday="el {weekday} a las {clock}",
        on_date="el {weekday} {day} de {month} a las {clock}",
        asks_address="Deje aquí un correo electrónico o un teléfono si quiere recibir la respuesta allí.",
        noted="Gracias. El equipo también puede responderle en",
        weekdays=_names("lunes martes miércoles jueves viernes sábado domingo"),
        months=_names("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    ),
    "fr": Sayings(
        hello="Bonjour ! Ici {business}. Que souhaitez-vous savoir ?",
        welcome_back="Heureux de vous revoir, {name}. Que puis-je faire pour vous ?",
        welcome="Je vous en prie. Écrivez quand vous voulez.",
        goodbye="Au revoir. Écrivez quand vous voulez.",
        all_right="Très bien. Que souhaitez-vous savoir d’autre ?",
        cannot_open_files="Je ne peux pas ouvrir les fichiers. Dois-je le transmettre à l’équipe ?",
        not_sure="Je n’en suis pas sûr et je ne veux pas deviner. Dois-je demander à l’équipe ?",
        asked_before="Cela ne répond pas à votre question ? Je peux alors demander à l’équipe.",
        of_course="Bien sûr.",
        not_known="Cela non plus, je ne le sais pas, et je ne veux pas deviner.",
        sorry="Je suis désolé.",
        cannot_answer="Je ne peux pas répondre à cela moi-même pour le moment.",
        free_soon="J’ai prévenu l’équipe de {business}. Quelqu’un vous répond ici dès que possible.",
        minute_soon="J’ai prévenu l’équipe de {business}. Quelqu’un répond ici, d’habitude en une minute.",
        minutes_soon="J’ai prévenu l’équipe de {business}. Quelqu’un répond ici, d’habitude en moins de {number} minutes.",
        hour_soon="J’ai prévenu l’équipe de {business}. Quelqu’un répond ici, d’habitude en moins d’une heure.",
        hours_soon="J’ai prévenu l’équipe de {business}. Quelqu’un répond ici, d’habitude en moins de {number} heures.",
        one_waits="Une personne attend avant vous.",
        many_wait="{number} personnes attendent avant vous.",
        away_back=(
            "L’équipe est absente pour le moment et revient {when}. Vos messages sont gardés et quelqu’un vous répondra ici à ce "
            "moment-là."
        ),
        passed_on="J’ai transmis cela à l’équipe de {business}. Quelqu’un vous répondra ici.",
        today="aujourd’hui à {clock}",
        tomorrow="demain à {clock}",
        on_weekday="{weekday} à {clock}",
        on_date="{weekday} {day} {month} à {clock}",
        asks_address="Laissez ici une adresse e-mail ou un numéro de téléphone si la réponse doit vous y parvenir.",
        noted="Merci. L’équipe peut aussi vous répondre à",
        weekdays=_names("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        months=_names("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    ),
    "de": Sayings(
        hello="Guten Tag! Hier ist {business}. Was möchten Sie wissen?",
        welcome_back="Schön, dass Sie wieder da sind, {name}. Was kann ich für Sie tun?",
        welcome="Gern geschehen. Schreiben Sie jederzeit.",
        goodbye="Auf Wiedersehen. Schreiben Sie jederzeit.",
        all_right="In Ordnung. Was möchten Sie noch wissen?",
        cannot_open_files="Dateien kann ich nicht öffnen. Soll ich sie an das Team weitergeben?",
        not_sure="Das weiß ich nicht sicher, und raten möchte ich nicht. Soll ich das Team fragen?",
        asked_before="Beantwortet das Ihre Frage nicht? Dann kann ich das Team fragen.",
        of_course="Natürlich.",
        not_known="Auch das weiß ich nicht, und raten möchte ich nicht.",
        sorry="Das tut mir leid.",
        cannot_answer="Das kann ich im Moment nicht selbst beantworten.",
        free_soon="Ich habe das Team von {business} gefragt. Jemand antwortet Ihnen hier, sobald es geht.",
        minute_soon="Ich habe das Team von {business} gefragt. Jemand antwortet hier meist innerhalb einer Minute.",
        minutes_soon="Ich habe das Team von {business} gefragt. Jemand antwortet hier meist innerhalb von {number} Minuten.",
        hour_soon="Ich habe das Team von {business} gefragt. Jemand antwortet hier meist innerhalb einer Stunde.",
        hours_soon="Ich habe das Team von {business} gefragt. Jemand antwortet hier meist innerhalb von {number} Stunden.",
        one_waits="Eine Person wartet vor Ihnen.",
        many_wait="{number} Personen warten vor Ihnen.",
        away_back=(
            "Das Team ist jetzt nicht da und {when} zurück. Ihre Nachrichten bleiben erhalten, dann antwortet Ihnen hier jemand."
        ),
        passed_on="Ich habe das an das Team von {business} weitergegeben. Jemand antwortet Ihnen hier.",
        today="heute um {clock}",
        tomorrow="morgen um {clock}",
        on_weekday="am {weekday} um {clock}",
        on_date="am {weekday}, {day}. {month} um {clock}",
        asks_address="Schreiben Sie hier eine E-Mail-Adresse oder Telefonnummer, wenn die Antwort Sie dort erreichen soll.",
        noted="Danke. Das Team kann Ihnen auch hier antworten:",
        weekdays=_names("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        months=_names("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    ),
    "pt": Sayings(
        hello="Olá! Aqui é {business}. O que gostaria de saber?",
        welcome_back="Que bom ver você de novo, {name}. Como posso ajudar?",
        welcome="De nada. Escreva quando quiser.",
        goodbye="Até logo. Escreva quando quiser.",
        all_right="Tudo bem. O que mais gostaria de saber?",
        cannot_open_files="Não consigo abrir arquivos. Passo para a equipe?",
        not_sure="Não tenho certeza disso e não quero adivinhar. Pergunto à equipe?",
        asked_before="Isto não responde à sua pergunta? Então posso perguntar à equipe.",
        of_course="Claro.",
        not_known="Isso também não sei, e não quero adivinhar.",
        sorry="Sinto muito.",
        cannot_answer="No momento não consigo responder a isso sozinho.",
        free_soon="Avisei a equipe de {business}. Alguém responde aqui assim que puder.",
        minute_soon="Avisei a equipe de {business}. Alguém costuma responder aqui em um minuto.",
        minutes_soon="Avisei a equipe de {business}. Alguém costuma responder aqui em menos de {number} minutos.",
        hour_soon="Avisei a equipe de {business}. Alguém costuma responder aqui em menos de uma hora.",
        hours_soon="Avisei a equipe de {business}. Alguém costuma responder aqui em menos de {number} horas.",
        one_waits="Uma pessoa está esperando antes de você.",
        many_wait="{number} pessoas estão esperando antes de você.",
        away_back=("A equipe não está agora e volta {when}. As suas mensagens ficam guardadas, e então alguém responde aqui."),
        passed_on="Passei isto para a equipe de {business}. Alguém responde aqui.",
        today="hoje às {clock}",
        tomorrow="amanhã às {clock}",
        on_weekday="{weekday} às {clock}",
        on_date="{weekday}, {day} de {month}, às {clock}",
        asks_address="Deixe aqui um e-mail ou um telefone se quiser receber a resposta por lá.",
        noted="Obrigado. A equipe também pode responder em",
        weekdays=_names("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        months=_names("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    ),
    "it": Sayings(
        hello="Buongiorno! Qui {business}. Che cosa desidera sapere?",
        welcome_back="Che piacere rivederla, {name}. Che cosa posso fare per lei?",
        welcome="Prego. Scriva quando vuole.",
        goodbye="Arrivederci. Scriva quando vuole.",
        all_right="Va bene. Che cos’altro desidera sapere?",
        cannot_open_files="Non posso aprire i file. Lo passo al team?",
        not_sure="Di questo non sono sicuro e non voglio tirare a indovinare. Chiedo al team?",
        asked_before="Questo non risponde alla sua domanda? Allora posso chiedere al team.",
        of_course="Certo.",
        not_known="Neanche questo lo so, e non voglio tirare a indovinare.",
        sorry="Mi dispiace.",
        cannot_answer="Al momento non posso rispondere da solo.",
        free_soon="Ho avvisato il team di {business}. Qualcuno le risponde qui appena possibile.",
        minute_soon="Ho avvisato il team di {business}. Di solito qualcuno risponde qui entro un minuto.",
        minutes_soon="Ho avvisato il team di {business}. Di solito qualcuno risponde qui entro {number} minuti.",
        hour_soon="Ho avvisato il team di {business}. Di solito qualcuno risponde qui entro un’ora.",
        hours_soon="Ho avvisato il team di {business}. Di solito qualcuno risponde qui entro {number} ore.",
        one_waits="Una persona è in attesa prima di lei.",
        many_wait="{number} persone sono in attesa prima di lei.",
        away_back="Il team ora non c’è e torna {when}. I suoi messaggi restano salvati e allora qualcuno le risponderà qui.",
        passed_on="Ho passato questo al team di {business}. Qualcuno le risponderà qui.",
        today="oggi alle {clock}",
        tomorrow="domani alle {clock}",
        on_weekday="{weekday} alle {clock}",
        on_date="{weekday} {day} {month} alle {clock}",
        asks_address="Lasci qui un indirizzo e-mail o un numero di telefono se la risposta deve arrivarle lì.",
        noted="Grazie. Il team può risponderle anche a",
        weekdays=_names("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        months=_names("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    ),
    "ar": Sayings(
        hello="مرحبًا! هنا {business}. ماذا تود أن تعرف؟",
        welcome_back="أهلًا بعودتك، {name}. كيف يمكنني مساعدتك؟",
        welcome="على الرحب والسعة. اكتب في أي وقت.",
        goodbye="مع السلامة. اكتب في أي وقت.",
        all_right="حسنًا. ماذا تود أن تعرف أيضًا؟",
        cannot_open_files="لا يمكنني فتح الملفات. هل أحيلها إلى الفريق؟",
        not_sure="لست متأكدًا من ذلك ولا أريد أن أخمّن. هل أسأل الفريق؟",
        asked_before="ألا يجيب هذا عن سؤالك؟ يمكنني إذن أن أسأل الفريق.",
        of_course="بالطبع.",
        not_known="هذا أيضًا لا أعرفه، ولا أريد أن أخمّن.",
        sorry="أعتذر عن ذلك.",
        cannot_answer="لا يمكنني الإجابة عن هذا بنفسي حاليًا.",
        free_soon="أبلغت فريق {business}. سيجيبك أحدهم هنا في أقرب وقت ممكن.",
        minute_soon="أبلغت فريق {business}. يأتي الرد هنا عادةً خلال دقيقة.",
        minutes_soon="أبلغت فريق {business}. يأتي الرد هنا عادةً خلال {number} دقيقة.",
        hour_soon="أبلغت فريق {business}. يأتي الرد هنا عادةً خلال ساعة.",
        hours_soon="أبلغت فريق {business}. يأتي الرد هنا عادةً خلال {number} ساعات.",
        one_waits="ينتظر قبلك شخص واحد.",
        many_wait="عدد المنتظرين قبلك: {number}.",
        away_back="الفريق غير موجود الآن ويعود {when}. رسائلك محفوظة، وسيجيبك أحدهم هنا عندئذٍ.",
        passed_on="أحلت هذا إلى فريق {business}. سيجيبك أحدهم هنا.",
        today="اليوم في الساعة {clock}",
        tomorrow="غدًا في الساعة {clock}",
        on_weekday="يوم {weekday} في الساعة {clock}",
        on_date="يوم {weekday} {day} {month} في الساعة {clock}",
        asks_address="اترك هنا بريدًا إلكترونيًا أو رقم هاتف إذا أردت أن يصلك الجواب هناك.",
        noted="شكرًا. يمكن للفريق أن يجيبك أيضًا على",
        weekdays=_names("الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد"),
        months=_names("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
    ),
    "hi": Sayings(
        hello="नमस्ते! यह {business} है। आप क्या जानना चाहेंगे?",
        welcome_back="आपका फिर से स्वागत है, {name}। मैं आपके लिए क्या कर सकता हूँ?",
        welcome="आपका स्वागत है। जब चाहें लिखें।",
        goodbye="फिर मिलेंगे। जब चाहें लिखें।",
        all_right="ठीक है। आप और क्या जानना चाहेंगे?",
        cannot_open_files="मैं फ़ाइलें नहीं खोल सकता। क्या मैं इसे टीम को दे दूँ?",
        not_sure="मुझे यह पक्का नहीं पता और मैं अंदाज़ा नहीं लगाना चाहता। क्या मैं टीम से पूछूँ?",
        asked_before="क्या इससे आपके सवाल का जवाब नहीं मिला? तो मैं टीम से पूछ सकता हूँ।",
        of_course="ज़रूर।",
        not_known="यह भी मुझे नहीं पता और मैं अंदाज़ा नहीं लगाना चाहता।",
        sorry="मुझे इसका खेद है।",
        cannot_answer="इस समय मैं खुद इसका जवाब नहीं दे सकता।",
        free_soon="मैंने {business} की टीम को बता दिया है। खाली होते ही कोई आपको यहाँ जवाब देगा।",
        minute_soon="मैंने {business} की टीम को बता दिया है। आम तौर पर एक मिनट में यहाँ जवाब मिलता है।",
        minutes_soon="मैंने {business} की टीम को बता दिया है। आम तौर पर {number} मिनट में यहाँ जवाब मिलता है।",
        hour_soon="मैंने {business} की टीम को बता दिया है। आम तौर पर एक घंटे में यहाँ जवाब मिलता है।",
        hours_soon="मैंने {business} की टीम को बता दिया है। आम तौर पर {number} घंटे में यहाँ जवाब मिलता है।",
        one_waits="आपसे पहले एक व्यक्ति प्रतीक्षा में है।",
        many_wait="आपसे पहले {number} लोग प्रतीक्षा में हैं।",
        away_back="टीम अभी नहीं है और {when} लौटेगी। आपके संदेश सुरक्षित हैं, और तब कोई आपको यहाँ जवाब देगा।",
        passed_on="मैंने यह {business} की टीम को दे दिया है। कोई आपको यहाँ जवाब देगा।",
        today="आज {clock} बजे",
        tomorrow="कल {clock} बजे",
        on_weekday="{weekday} को {clock} बजे",
        on_date="{weekday}, {day} {month} को {clock} बजे",
        asks_address="अगर जवाब वहाँ चाहिए तो यहाँ ई-मेल पता या फ़ोन नंबर छोड़ें।",
        noted="धन्यवाद। टीम आपको यहाँ भी जवाब दे सकती है:",
        weekdays=_names("सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार"),
        months=_names("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
    ),
}
