"""What the assistant says about a customer's own data, in the languages their questions are recognised in."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Sentences of one language. `forget` is what to write to be forgotten, `confirm` what to write to mean it."""

    known: str
    name: str
    no_name: str
    contact: str
    proven: str
    claimed: str
    browser: str
    conversations: str
    topics: str
    file: str
    to_forget: str
    forget: str
    ask: str
    confirm: str
    done: str
    by_team: str
    you_wrote: str
    they_wrote: str
    answer_was: str
    assistant: str
    team: str
    nothing_like_it: str
    nothing_at_all: str


PHRASES = {
    "en": Phrases(
        known="This is what I know about you:",
        name="Your name: {name}",
        no_name="I do not know your name.",
        contact="Contact: {value} ({proof})",
        proven="proven to be yours",
        claimed="typed by you, not proven",
        browser="I know you by this channel only; I have no e-mail address or phone number of yours.",
        conversations="Conversations: {conversations}, messages: {messages}, since {since}.",
        topics="What they were about:",
        file="The team may have added notes; ask for your whole file and they hand it out.",
        to_forget="To have all of it deleted, write “{forget}”.",
        forget="forget me",
        ask=(
            "I can delete everything {business} keeps about you here: your messages, what was remembered of them, your name, "
            "contact details and files. This cannot be undone. To go ahead, write “{confirm}”."
        ),
        confirm="yes, forget me",
        done=(
            "Done. Everything kept about you is being deleted now: messages, memories, contact details and files. "
            "If you write again, you are somebody new to me."
        ),
        by_team="I may not delete that myself. I have asked the team at {business} to delete everything kept about you.",
        you_wrote="On {date} you wrote: {quote}.",
        they_wrote="On {date} {who} wrote: {quote}.",
        answer_was="The answer was: {quote}.",
        assistant="the assistant",
        team="the team",
        nothing_like_it=(
            "I looked through what you wrote to us and found nothing like that. What you wrote from another device or address "
            "is not known to me here. Shall I ask the team?"
        ),
        nothing_at_all=(
            "I have nothing from you before this conversation. What you wrote from another device or address is not known to me "
            "here. Shall I ask the team?"
        ),
    ),
    "es": Phrases(
        known="Esto es lo que sé de usted:",
        name="Su nombre: {name}",
        no_name="No sé su nombre.",
        contact="Contacto: {value} ({proof})",
        proven="comprobado",
        claimed="escrito por usted, sin comprobar",
        browser="Solo le conozco por este canal; no tengo su correo ni su teléfono.",
        conversations="Conversaciones: {conversations}, mensajes: {messages}, desde el {since}.",
        topics="De qué trataron:",
        file="El equipo puede haber añadido notas; pida su expediente completo y se lo entregarán.",
        to_forget="Para que se borre todo, escriba «{forget}».",
        forget="olvídame",
        ask=(
            "Puedo borrar todo lo que {business} guarda aquí sobre usted: mensajes, recuerdos, nombre, datos de "
            "contacto y archivos. "
            "No se puede deshacer. Para continuar, escriba «{confirm}»."
        ),
        confirm="sí, olvídame",
        done=(
            "Hecho. Todo lo guardado sobre usted se está borrando ahora: mensajes, recuerdos, datos de contacto y archivos. "
            "Si vuelve a escribir, será alguien nuevo para mí."
        ),
        by_team="No puedo borrarlo yo. He pedido al equipo de {business} que borre todo lo guardado sobre usted.",
        you_wrote="El {date} usted escribió: {quote}.",
        they_wrote="El {date} {who} escribió: {quote}.",
        answer_was="La respuesta fue: {quote}.",
        assistant="el asistente",
        team="el equipo",
        nothing_like_it=(
            "He buscado en lo que nos escribió y no hay nada parecido. Lo que escribió desde otro dispositivo o dirección no lo "
            "conozco aquí. ¿Le pregunto al equipo?"
        ),
        nothing_at_all=(
            "No tengo nada suyo antes de esta conversación. Lo que escribió desde otro dispositivo o dirección no lo "
            "conozco aquí. "
            "¿Le pregunto al equipo?"
        ),
    ),
    "fr": Phrases(
        known="Voici ce que je sais de vous :",
        name="Votre nom : {name}",
        no_name="Je ne connais pas votre nom.",
        contact="Contact : {value} ({proof})",
        proven="vérifié",
        claimed="saisi par vous, non vérifié",
        browser="Je ne vous connais que par ce canal ; je n’ai ni votre adresse e-mail ni votre téléphone.",
        conversations="Conversations : {conversations}, messages : {messages}, depuis le {since}.",
        topics="De quoi il s’agissait :",
        file="L’équipe a pu ajouter des notes ; demandez votre dossier complet et elle vous le remettra.",
        to_forget="Pour tout faire effacer, écrivez « {forget} ».",
        forget="oubliez-moi",
        ask=(
            "Je peux effacer tout ce que {business} garde ici sur vous : messages, souvenirs, nom, coordonnées et fichiers. "
            "C’est irréversible. Pour continuer, écrivez « {confirm} »."
        ),
        confirm="oui, oubliez-moi",
        done=(
            "C’est fait. Tout ce qui est gardé sur vous est en cours d’effacement : messages, souvenirs, coordonnées "
            "et fichiers. "
            "Si vous réécrivez, vous serez quelqu’un de nouveau pour moi."
        ),
        by_team=(
            "Je ne peux pas l’effacer moi-même. J’ai demandé à l’équipe de {business} d’effacer tout ce qui est gardé sur vous."
        ),
        you_wrote="Le {date}, vous avez écrit : {quote}.",
        they_wrote="Le {date}, {who} a écrit : {quote}.",
        answer_was="La réponse était : {quote}.",
        assistant="l’assistant",
        team="l’équipe",
        nothing_like_it=(
            "J’ai cherché dans ce que vous nous avez écrit et n’ai rien trouvé de tel. Ce que vous avez écrit d’un "
            "autre appareil "
            "ou d’une autre adresse ne m’est pas connu ici. Dois-je demander à l’équipe ?"
        ),
        nothing_at_all=(
            "Je n’ai rien de vous avant cette conversation. Ce que vous avez écrit d’un autre appareil ou d’une autre adresse ne "
            "m’est pas connu ici. Dois-je demander à l’équipe ?"
        ),
    ),
    "de": Phrases(
        known="Das weiß ich über Sie:",
        name="Ihr Name: {name}",
        no_name="Ihren Namen kenne ich nicht.",
        contact="Kontakt: {value} ({proof})",
        proven="bestätigt",
        claimed="von Ihnen eingegeben, nicht bestätigt",
        browser="Ich kenne Sie nur über diesen Kanal; eine E-Mail-Adresse oder Telefonnummer habe ich nicht.",
        conversations="Gespräche: {conversations}, Nachrichten: {messages}, seit dem {since}.",
        topics="Worum es ging:",
        file="Das Team kann Notizen ergänzt haben; fragen Sie nach Ihrer ganzen Akte, dann bekommen Sie sie.",
        to_forget="Damit alles gelöscht wird, schreiben Sie „{forget}“.",
        forget="vergessen Sie mich",
        ask=(
            "Ich kann alles löschen, was {business} hier über Sie aufbewahrt: Nachrichten, Erinnerungen, Namen, Kontaktdaten und "
            "Dateien. Das lässt sich nicht rückgängig machen. Schreiben Sie dazu „{confirm}“."
        ),
        confirm="ja, vergessen Sie mich",
        done=(
            "Erledigt. Alles über Sie wird jetzt gelöscht: Nachrichten, Erinnerungen, Kontaktdaten und Dateien. "
            "Wenn Sie wieder schreiben, sind Sie für mich jemand Neues."
        ),
        by_team="Das darf ich nicht selbst löschen. Ich habe das Team von {business} gebeten, alles über Sie zu löschen.",
        you_wrote="Am {date} schrieben Sie: {quote}.",
        they_wrote="Am {date} schrieb {who}: {quote}.",
        answer_was="Die Antwort war: {quote}.",
        assistant="der Assistent",
        team="das Team",
        nothing_like_it=(
            "Ich habe in dem gesucht, was Sie uns geschrieben haben, und nichts dergleichen gefunden. Was Sie von einem anderen "
            "Gerät oder einer anderen Adresse schrieben, kenne ich hier nicht. Soll ich das Team fragen?"
        ),
        nothing_at_all=(
            "Vor diesem Gespräch habe ich nichts von Ihnen. Was Sie von einem anderen Gerät oder einer anderen "
            "Adresse schrieben, "
            "kenne ich hier nicht. Soll ich das Team fragen?"
        ),
    ),
    "pt": Phrases(
        known="Isto é o que sei sobre você:",
        name="Seu nome: {name}",
        no_name="Não sei o seu nome.",
        contact="Contato: {value} ({proof})",
        proven="comprovado",
        claimed="escrito por você, não comprovado",
        browser="Só o conheço por este canal; não tenho seu e-mail nem telefone.",
        conversations="Conversas: {conversations}, mensagens: {messages}, desde {since}.",
        topics="Do que trataram:",
        file="A equipe pode ter acrescentado notas; peça seu arquivo completo e ela o entrega.",
        to_forget="Para apagar tudo, escreva “{forget}”.",
        forget="esqueça-me",
        ask=(
            "Posso apagar tudo o que {business} guarda aqui sobre você: mensagens, lembranças, nome, contatos e arquivos. "
            "Não é possível desfazer. Para continuar, escreva “{confirm}”."
        ),
        confirm="sim, esqueça-me",
        done=(
            "Pronto. Tudo o que está guardado sobre você está sendo apagado agora: mensagens, lembranças, contatos e arquivos. "
            "Se escrever de novo, será alguém novo para mim."
        ),
        by_team="Não posso apagar isso eu mesmo. Pedi à equipe de {business} que apague tudo o que está guardado sobre você.",
        you_wrote="Em {date} você escreveu: {quote}.",
        they_wrote="Em {date} {who} escreveu: {quote}.",
        answer_was="A resposta foi: {quote}.",
        assistant="o assistente",
        team="a equipe",
        nothing_like_it=(
            "Procurei no que você nos escreveu e não há nada assim. O que escreveu de outro aparelho ou endereço não "
            "conheço aqui. "
            "Pergunto à equipe?"
        ),
        nothing_at_all=(
            "Não tenho nada seu antes desta conversa. O que escreveu de outro aparelho ou endereço não conheço aqui. "
            "Pergunto à equipe?"
        ),
    ),
    "it": Phrases(
        known="Ecco che cosa so di Lei:",
        name="Il Suo nome: {name}",
        no_name="Non conosco il Suo nome.",
        contact="Contatto: {value} ({proof})",
        proven="verificato",
        claimed="scritto da Lei, non verificato",
        browser="La conosco solo da questo canale; non ho il Suo indirizzo e-mail né il telefono.",
        conversations="Conversazioni: {conversations}, messaggi: {messages}, dal {since}.",
        topics="Di che cosa si trattava:",
        file="Il team può avere aggiunto note; chieda il Suo fascicolo completo e lo riceverà.",
        to_forget="Per far cancellare tutto, scriva “{forget}”.",
        forget="dimenticami",
        ask=(
            "Posso cancellare tutto ciò che {business} conserva qui su di Lei: messaggi, ricordi, nome, contatti e file. "
            "Non si può annullare. Per procedere, scriva “{confirm}”."
        ),
        confirm="sì, dimenticami",
        done=(
            "Fatto. Tutto ciò che è conservato su di Lei viene cancellato ora: messaggi, ricordi, contatti e file. "
            "Se scrive di nuovo, per me sarà una persona nuova."
        ),
        by_team="Non posso cancellarlo io. Ho chiesto al team di {business} di cancellare tutto ciò che è conservato su di Lei.",
        you_wrote="Il {date} Lei ha scritto: {quote}.",
        they_wrote="Il {date} {who} ha scritto: {quote}.",
        answer_was="La risposta è stata: {quote}.",
        assistant="l’assistente",
        team="il team",
        nothing_like_it=(
            "Ho cercato in ciò che ci ha scritto e non ho trovato nulla di simile. Ciò che ha scritto da un altro dispositivo o "
            "indirizzo qui non lo conosco. Chiedo al team?"
        ),
        nothing_at_all=(
            "Non ho nulla di Suo prima di questa conversazione. Ciò che ha scritto da un altro dispositivo o "
            "indirizzo qui non lo "
            "conosco. Chiedo al team?"
        ),
    ),
}


def write_date(language: str, at: datetime, today: datetime) -> str:
    """The day of `at` as it is written in a sentence; the year stands there unless it is this one. Both in local time."""
    if language == "en":
        return f"{at.day} {at:%B}" if at.year == today.year else f"{at.day} {at:%B} {at.year}"
    return f"{at.day}.{at.month}.{at.year}" if language == "de" else f"{at.day}/{at.month}/{at.year}"
