/* Omni chat widget. One tag on any website:
 *   <script async src="https://your-omni/widget.js" data-business="YOUR_WIDGET_KEY"></script>
 * No dependency. Lives in a shadow root, styles itself through constructed style sheets and builds every node by DOM calls, so
 * it runs under a page's `default-src 'none'; script-src <omni>; connect-src <omni> ws(s)://<omni>` and no text is ever markup.
 * Embedding, texts and keyboard: docs/widget.md.
 */
(() => {
  "use strict";

  const script = document.currentScript || document.querySelector("script[data-business][src]");
  const business = script && script.dataset.business;
  const ONCE = Symbol.for("omni.widget");
  if (window[ONCE]) return;
  if (!business) {
    console.warn("Omni: the script tag lacks data-business.");
    return;
  }
  window[ONCE] = true;

  const origin = new URL(script.src).origin;
  const { lang: forcedLanguage, user, userHash } = script.dataset;

  const MAX_LENGTH = 8000; // characters, counted as the server counts them: by code point
  const COUNT_FROM = 7500;
  const FIRST_RETRY = 500; // ms; doubles up to LAST_RETRY, with jitter
  const LAST_RETRY = 15000;
  const PING_EVERY = 25000;
  const ANSWER_WITHIN = 10000; // a connection silent for longer after a hello or ping is dead
  const STRIP_AFTER = 3000;
  const TYPING_AFTER = 300;
  const TYPING_FOR = { assistant: 60000, staff: 6000 };
  const TYPING_EVERY = 3000;
  const RESEND_AFTER = 30000;
  const LINK_FOR = 240000; // links to files live five minutes
  const MOST_FILES = 5;
  const SOON = 30; // seconds; a message refused for no longer is sent again by itself

  // ---------------------------------------------------------------- texts

  const NAMES = (
    "open hide close unread dialog dismiss log quick write writeTo send person askTeam sources assistant you team now "
    + "delivered read waiting again edit remove typing offline connecting asking asked joined back closed gone failed left over "
    + "status foot more sounds me aboutMe proven attach drop tooLarge wrongType tooMany before name email phone optional start "
    + "skip save needed codeText sendCode codeSent code confirm resend resendIn other away awayLong wait waitLong leave "
    + "answerTo"
  ).split(" ");
  // In the order of NAMES.
  const TEXTS = {
    en:
      "Open chat|Hide chat|Close chat|{n} unread|Chat with {name}|Dismiss greeting|Messages|Suggested replies|Write a message|"
      + "Write to {name}|Send|Talk to a person|Yes, ask the team|Sources|Assistant|You|Team|now|Delivered|Read|Waiting to send|"
      + "Try again|Edit|Remove|{name} is typing|You are offline. We send your message as soon as you are back.|"
      + "Connecting again…|Asking the team…|You asked for a person|{name} is here now|The assistant answers again|"
      + "You can write again at any time.|This chat is not available any more.|This was not sent.|{n} left|{n} over the limit|"
      + "Answers in seconds|Answers by an AI assistant and our team|More|Sounds|It’s me: get a code|What do you know about me?|"
      + "We know it is you|Attach a file|Drop files here|{name} is larger than {max}.|"
      + "{name} cannot be sent: this kind of file is not accepted.|Up to {n} files at once.|Before we start|Your name|E-mail|"
      + "Phone|optional|Start chat|Skip|Save|This is needed.|We send a six-digit code to your e-mail.|Send code|"
      + "We sent a code to {address}.|Six-digit code|Confirm|Send again|Send again in {n} s|Another address|"
      + "Our team is back {when}. The assistant answers now.|Our team is away. The assistant answers now.|"
      + "Our team is back {when} and answers then.|Our team is away and answers later.|Leave your e-mail|"
      + "We answer to {address}.",
    es:
      "Abrir el chat|Ocultar el chat|Cerrar el chat|{n} sin leer|Chat con {name}|Quitar el saludo|Mensajes|"
      + "Respuestas sugeridas|Escribe un mensaje|Escribe a {name}|Enviar|Hablar con una persona|Sí, pregunta al equipo|Fuentes|"
      + "Asistente|Tú|Equipo|ahora|Entregado|Leído|Esperando para enviar|Reintentar|Editar|Quitar|{name} está escribiendo|"
      + "Estás sin conexión. Enviamos tu mensaje en cuanto vuelvas.|Conectando de nuevo…|Preguntando al equipo…|"
      + "Pediste una persona|{name} ya está aquí|El asistente responde de nuevo|Puedes escribir de nuevo cuando quieras.|"
      + "Este chat ya no está disponible.|No se envió.|quedan {n}|{n} de más|Responde en segundos|"
      + "Responden un asistente de IA y nuestro equipo|Más|Sonidos|Soy yo: pedir un código|¿Qué sabes de mí?|"
      + "Sabemos que eres tú|Adjuntar un archivo|Suelta los archivos aquí|{name} ocupa más de {max}.|"
      + "{name} no se puede enviar: este tipo de archivo no se acepta.|Hasta {n} archivos a la vez.|Antes de empezar|Tu nombre|"
      + "Correo electrónico|Teléfono|opcional|Empezar|Omitir|Guardar|Hace falta.|Enviamos un código de seis cifras a tu correo.|"
      + "Enviar código|Enviamos un código a {address}.|Código de seis cifras|Confirmar|Enviar de nuevo|Enviar de nuevo en {n} s|"
      + "Otra dirección|Nuestro equipo vuelve {when}. El asistente responde ahora.|"
      + "Nuestro equipo no está. El asistente responde ahora.|Nuestro equipo vuelve {when} y responde entonces.|"
      + "Nuestro equipo no está y responde más tarde.|Deja tu correo|Respondemos a {address}.",
    fr:
      "Ouvrir le chat|Masquer le chat|Fermer le chat|{n} non lus|Chat avec {name}|Fermer l’accueil|Messages|"
      + "Réponses proposées|Écrivez un message|Écrivez à {name}|Envoyer|Parler à une personne|Oui, demandez à l’équipe|Sources|"
      + "Assistant|Vous|Équipe|à l’instant|Distribué|Lu|En attente d’envoi|Réessayer|Modifier|Retirer|{name} écrit|"
      + "Vous êtes hors ligne. Votre message part dès votre retour.|Reconnexion…|On demande à l’équipe…|"
      + "Vous avez demandé une personne|{name} est là|L’assistant répond à nouveau|Vous pouvez réécrire à tout moment.|"
      + "Ce chat n’est plus disponible.|Ceci n’a pas été envoyé.|{n} restants|{n} de trop|Répond en quelques secondes|"
      + "Réponses d’un assistant IA et de notre équipe|Plus|Sons|C’est moi : recevoir un code|Que savez-vous de moi ?|"
      + "Nous savons que c’est vous|Joindre un fichier|Déposez les fichiers ici|{name} dépasse {max}.|"
      + "{name} ne peut pas être envoyé : ce type de fichier n’est pas accepté.|{n} fichiers à la fois.|Avant de commencer|"
      + "Votre nom|E-mail|Téléphone|facultatif|Commencer|Passer|Enregistrer|C’est nécessaire.|"
      + "Nous envoyons un code à six chiffres à votre e-mail.|Envoyer le code|Un code a été envoyé à {address}.|"
      + "Code à six chiffres|Confirmer|Renvoyer|Renvoyer dans {n} s|Autre adresse|"
      + "Notre équipe revient {when}. L’assistant répond maintenant.|Notre équipe est absente. L’assistant répond maintenant.|"
      + "Notre équipe revient {when} et répond alors.|Notre équipe est absente et répond plus tard.|Laissez votre e-mail|"
      + "Nous répondons à {address}.",
    de:
      "Chat öffnen|Chat ausblenden|Chat schließen|{n} ungelesen|Chat mit {name}|Begrüßung schließen|Nachrichten|Vorschläge|"
      + "Nachricht schreiben|An {name} schreiben|Senden|Mit einem Menschen sprechen|Ja, Team fragen|Quellen|Assistent|Du|Team|"
      + "jetzt|Zugestellt|Gelesen|Wartet auf Versand|Nochmal versuchen|Bearbeiten|Entfernen|{name} schreibt|"
      + "Du bist offline. Wir senden deine Nachricht, sobald du zurück bist.|Neu verbinden…|Das Team wird gefragt…|"
      + "Du möchtest einen Menschen sprechen|{name} ist jetzt da|Der Assistent antwortet wieder|"
      + "Du kannst jederzeit wieder schreiben.|Diesen Chat gibt es nicht mehr.|Das wurde nicht gesendet.|noch {n}|{n} zu viel|"
      + "Antwortet in Sekunden|Antworten von KI-Assistent und Team|Mehr|Töne|Ich bin’s: Code anfordern|Was weißt du über mich?|"
      + "Wir wissen, dass du es bist|Datei anhängen|Dateien hier ablegen|{name} ist größer als {max}.|"
      + "{name} kann nicht gesendet werden: Dateityp nicht erlaubt.|Bis zu {n} Dateien auf einmal.|Bevor wir anfangen|Dein Name|"
      + "E-Mail|Telefon|freiwillig|Chat starten|Überspringen|Speichern|Das wird gebraucht.|"
      + "Wir senden einen sechsstelligen Code an deine E-Mail.|Code senden|Code gesendet an {address}.|Sechsstelliger Code|"
      + "Bestätigen|Nochmal senden|Nochmal senden in {n} s|Andere Adresse|"
      + "Unser Team ist {when} zurück. Der Assistent antwortet jetzt.|Unser Team ist nicht da. Der Assistent antwortet jetzt.|"
      + "Unser Team ist {when} zurück und antwortet dann.|Unser Team ist nicht da und antwortet später.|E-Mail hinterlassen|"
      + "Wir antworten an {address}.",
    pt:
      "Abrir o chat|Ocultar o chat|Fechar o chat|{n} não lidas|Chat com {name}|Fechar a saudação|Mensagens|"
      + "Respostas sugeridas|Escreva uma mensagem|Escreva para {name}|Enviar|Falar com uma pessoa|Sim, pergunte à equipe|Fontes|"
      + "Assistente|Você|Equipe|agora|Entregue|Lida|Aguardando envio|Tentar de novo|Editar|Remover|{name} está digitando|"
      + "Você está offline. Enviamos sua mensagem assim que voltar.|Conectando de novo…|Perguntando à equipe…|"
      + "Você pediu uma pessoa|{name} está aqui|O assistente responde de novo|Você pode escrever de novo quando quiser.|"
      + "Este chat não está mais disponível.|Isto não foi enviado.|restam {n}|{n} a mais|Responde em segundos|"
      + "Respostas de um assistente de IA e da nossa equipe|Mais|Sons|Sou eu: receber um código|O que você sabe sobre mim?|"
      + "Sabemos que é você|Anexar um arquivo|Solte os arquivos aqui|{name} tem mais de {max}.|"
      + "{name} não pode ser enviado: tipo de arquivo não aceito.|Até {n} arquivos por vez.|Antes de começar|Seu nome|E-mail|"
      + "Telefone|opcional|Começar|Pular|Salvar|É necessário.|Enviamos um código de seis dígitos ao seu e-mail.|Enviar código|"
      + "Enviamos um código para {address}.|Código de seis dígitos|Confirmar|Enviar de novo|Enviar de novo em {n} s|"
      + "Outro endereço|Nossa equipe volta {when}. O assistente responde agora.|"
      + "Nossa equipe está ausente. O assistente responde agora.|Nossa equipe volta {when} e responde então.|"
      + "Nossa equipe está ausente e responde depois.|Deixe seu e-mail|Respondemos para {address}.",
    it:
      "Apri la chat|Nascondi la chat|Chiudi la chat|{n} non letti|Chat con {name}|Chiudi il saluto|Messaggi|"
      + "Risposte suggerite|Scrivi un messaggio|Scrivi a {name}|Invia|Parla con una persona|Sì, chiedi al team|Fonti|Assistente|"
      + "Tu|Team|adesso|Consegnato|Letto|In attesa di invio|Riprova|Modifica|Rimuovi|{name} sta scrivendo|"
      + "Sei offline. Inviamo il messaggio appena torni.|Nuova connessione…|Chiediamo al team…|Hai chiesto una persona|"
      + "{name} è qui|L’assistente risponde di nuovo|Puoi scrivere di nuovo quando vuoi.|Questa chat non è più disponibile.|"
      + "Non è stato inviato.|ancora {n}|{n} di troppo|Risponde in pochi secondi|Risposte di un assistente IA e del nostro team|"
      + "Altro|Suoni|Sono io: ricevi un codice|Che cosa sai di me?|Sappiamo che sei tu|Allega un file|Rilascia qui i file|"
      + "{name} supera {max}.|{name} non si può inviare: tipo di file non accettato.|Fino a {n} file alla volta.|"
      + "Prima di iniziare|Il tuo nome|E-mail|Telefono|facoltativo|Inizia|Salta|Salva|È necessario.|"
      + "Inviamo un codice di sei cifre alla tua e-mail.|Invia codice|Codice inviato a {address}.|Codice di sei cifre|Conferma|"
      + "Invia di nuovo|Invia di nuovo tra {n} s|Altro indirizzo|Il nostro team torna {when}. L’assistente risponde ora.|"
      + "Il nostro team non c’è. L’assistente risponde ora.|Il nostro team torna {when} e risponde allora.|"
      + "Il nostro team non c’è e risponde più tardi.|Lascia la tua e-mail|Rispondiamo a {address}.",
    ar:
      "فتح المحادثة|إخفاء المحادثة|إغلاق|{n} غير مقروءة|محادثة مع {name}|إخفاء الترحيب|الرسائل|ردود مقترحة|اكتب رسالة|"
      + "اكتب إلى {name}|إرسال|التحدث مع موظف|نعم، اسألوا الفريق|المصادر|المساعد|أنت|الفريق|الآن|وصلت|قُرئت|بانتظار الإرسال|"
      + "إعادة المحاولة|تعديل|حذف|{name} يكتب|أنت غير متصل. سنرسل رسالتك فور عودة الاتصال.|جارٍ إعادة الاتصال…|نسأل الفريق…|"
      + "طلبت التحدث مع موظف|{name} معك الآن|المساعد يجيب من جديد|يمكنك الكتابة من جديد في أي وقت.|هذه المحادثة لم تعد متاحة.|"
      + "لم تُرسل.|بقي {n}|{n} فوق الحد|يجيب خلال ثوانٍ|يجيبك مساعد ذكي وفريقنا|المزيد|الأصوات|هذا أنا: احصل على رمز|"
      + "ماذا تعرف عني؟|تأكدنا من هويتك|إرفاق ملف|أفلت الملفات هنا|{name} أكبر من {max}.|"
      + "لا يمكن إرسال {name}: هذا النوع غير مقبول.|حتى {n} ملفات معًا.|قبل أن نبدأ|اسمك|البريد الإلكتروني|الهاتف|اختياري|"
      + "ابدأ المحادثة|تخطٍّ|حفظ|هذا مطلوب.|نرسل رمزًا من ستة أرقام إلى بريدك.|إرسال الرمز|أرسلنا رمزًا إلى {address}.|"
      + "رمز من ستة أرقام|تأكيد|إعادة الإرسال|إعادة الإرسال بعد {n} ث|عنوان آخر|يعود فريقنا {when}. المساعد يجيب الآن.|"
      + "فريقنا غير موجود. المساعد يجيب الآن.|يعود فريقنا {when} ويرد حينها.|فريقنا غير موجود وسيرد لاحقًا.|اترك بريدك|"
      + "نرد على {address}.",
    hi:
      "चैट खोलें|चैट छिपाएँ|चैट बंद करें|{n} अपठित|{name} के साथ चैट|अभिवादन हटाएँ|संदेश|सुझाए गए उत्तर|संदेश लिखें|"
      + "{name} को लिखें|भेजें|किसी व्यक्ति से बात करें|हाँ, टीम से पूछें|स्रोत|सहायक|आप|टीम|अभी|पहुँचा|पढ़ा गया|"
      + "भेजने की प्रतीक्षा|फिर कोशिश करें|बदलें|हटाएँ|{name} लिख रहे हैं|आप ऑफ़लाइन हैं। वापस आते ही आपका संदेश भेजा जाएगा।|"
      + "फिर से जुड़ रहे हैं…|टीम से पूछ रहे हैं…|आपने किसी व्यक्ति के लिए कहा|{name} अब यहाँ हैं|सहायक फिर उत्तर दे रहा है|"
      + "आप कभी भी फिर लिख सकते हैं।|यह चैट अब उपलब्ध नहीं है।|यह नहीं भेजा गया।|{n} शेष|सीमा से {n} अधिक|कुछ सेकंड में उत्तर|"
      + "उत्तर AI सहायक और हमारी टीम से|और|ध्वनि|यह मैं हूँ: कोड पाएँ|आप मेरे बारे में क्या जानते हैं?|"
      + "हम जानते हैं कि यह आप हैं|फ़ाइल जोड़ें|फ़ाइलें यहाँ छोड़ें|{name} {max} से बड़ी है।|"
      + "{name} नहीं भेजी जा सकती: यह प्रकार स्वीकार नहीं है।|एक बार में {n} फ़ाइलें तक।|शुरू करने से पहले|आपका नाम|ई-मेल|फ़ोन|"
      + "वैकल्पिक|चैट शुरू करें|छोड़ें|सहेजें|यह ज़रूरी है।|हम आपके ई-मेल पर छह अंकों का कोड भेजते हैं।|कोड भेजें|"
      + "{address} पर कोड भेजा गया।|छह अंकों का कोड|पुष्टि करें|फिर भेजें|{n} सेकंड में फिर भेजें|दूसरा पता|"
      + "हमारी टीम {when} लौटेगी। सहायक अभी उत्तर देता है।|हमारी टीम अभी नहीं है। सहायक उत्तर देता है।|"
      + "हमारी टीम {when} लौटकर उत्तर देगी।|हमारी टीम नहीं है, बाद में उत्तर देगी।|अपना ई-मेल छोड़ें|"
      + "हम {address} पर उत्तर देंगे।",
  };
  let language = "en";
  let words = [];

  const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

  /** A text of the widget; an inserted value of another direction is isolated, so that it cannot turn the sentence around. */
  function say(key, values) {
    const isolate = (value) => (language === "ar" || TURNS.test(value) ? `\u2068${value}\u2069` : value);
    return words[NAMES.indexOf(key)].replace(/\{(\w+)\}/g, (_, name) => isolate(values[name]));
  }

  // ---------------------------------------------------------------- look

  const STYLE = `
    :host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto!important}
    *{box-sizing:border-box;margin:0;padding:0}
    [hidden]{display:none!important}
    button,textarea,input{font:inherit;color:inherit;letter-spacing:inherit;background:none;border:0;border-radius:0}
    button{cursor:pointer;-webkit-tap-highlight-color:transparent}
    .ow{--ow-primary:var(--brand);--ow-on-primary:var(--on-brand);--ow-ink:var(--brand-ink);--ow-bg:#fff;--ow-text:#16262b;
      --ow-muted:#55666b;--ow-bubble:#eef2f3;--ow-line:#dfe6e8;--ow-bad:#bd272d;--ow-radius:16px;
      --ow-font:"Inter Variable",Inter,"Noto Sans Arabic Variable",ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
      --ow-shadow:0 0 0 1px rgba(16,38,43,.06),0 20px 48px -12px rgba(16,38,43,.28),0 6px 16px -6px rgba(16,38,43,.14);
      color-scheme:light;position:fixed;inset-inline-end:28px;bottom:24px;display:flex;flex-direction:column;align-items:flex-end;
      gap:14px;font-family:var(--ow-font);color:var(--ow-text);font-size:14px;line-height:21px;letter-spacing:-.003em;text-align:start}
    :focus-visible{outline:2px solid var(--ow-ink);outline-offset:2px}
    .ow-sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    .i{width:18px;height:18px;display:block;flex:none;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
    .i.xs{width:13px;height:13px}
    .ow-panel{position:relative;display:flex;flex-direction:column;width:376px;height:560px;max-height:calc(100vh - 110px);background:var(--ow-bg);
      border-radius:var(--ow-radius);box-shadow:var(--ow-shadow);overflow:hidden;animation:owin .18s cubic-bezier(.2,0,0,1)}
    .ow-head{display:flex;align-items:center;gap:10px;padding-block:12px;padding-inline:14px 8px;background:var(--brand);color:var(--on-brand);flex:none}
    .ow-head>.grow{min-width:0;flex:1}
    .ow-head b,.ow-head small>.ow-iso{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
    .ow-head b{display:block;font-weight:600;font-size:15px;line-height:20px;letter-spacing:-.01em}
    .ow-head small{display:flex;align-items:center;gap:6px;font-size:12px;line-height:16px;opacity:.92}
    .ow-head :focus-visible{outline-color:currentColor;outline-offset:-3px}
    .ow-mark,.ow-face{width:36px;height:36px;display:grid;place-items:center;font-weight:600;font-size:13px;flex:none}
    .ow-mark{border-radius:10px;background:color-mix(in srgb,var(--on-brand) 16%,transparent)}
    .ow-face{border-radius:99px;background:var(--on-brand);color:var(--brand)}
    .ow-on.off{background:currentColor;opacity:.5}
    .ow-menu{position:absolute;top:56px;inset-inline-end:8px;z-index:2;min-width:220px;max-width:calc(100% - 16px);padding:6px;border-radius:12px;background:var(--ow-bg);box-shadow:var(--ow-shadow);animation:owin .18s cubic-bezier(.2,0,0,1)}
    .ow-menu button{display:flex;align-items:center;gap:10px;width:100%;min-height:40px;padding:8px 10px;border-radius:8px;text-align:start}
    .ow-menu button:hover,.ow-menu button:focus-visible{background:var(--ow-bubble)}
    .ow-menu p{padding:8px 10px;font-size:12px;line-height:16px;color:var(--ow-muted);overflow-wrap:anywhere}
    .ow-menu [aria-checked=false] .i{opacity:0}
    .ow-on{width:7px;height:7px;border-radius:9px;background:#5fe0a8;flex:none}
    .ow-ib{width:40px;height:40px;display:grid;place-items:center;border-radius:10px;flex:none}
    .ow-ib:hover{background:color-mix(in srgb,currentColor 12%,transparent)}
    .ow-ib .i{width:20px;height:20px}
    .ow-bar{display:flex;gap:8px;align-items:center;padding:9px 14px;font-size:13px;line-height:18px;background:var(--ow-bubble);flex:none}
    .ow-scroll{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:14px;display:flex;flex-direction:column;gap:10px;outline-offset:-3px!important}
    .ow-log{margin-top:auto;display:flex;flex-direction:column;gap:10px}
    .ow-m{max-width:84%;align-self:flex-start;display:flex;flex-direction:column;align-items:flex-start;gap:4px;position:relative}
    .ow-m.me{align-self:flex-end;align-items:flex-end}
    .ow-b{max-width:100%;padding:8px 12px;border-radius:14px;border-end-start-radius:4px;background:var(--ow-bubble)}
    .me>.ow-b{background:var(--ow-primary);color:var(--ow-on-primary);border-radius:14px;border-end-end-radius:4px}
    .ow-t{display:block;unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}
    .ow-t a{color:inherit;text-decoration:underline;text-underline-offset:2px}
    .ow-iso{unicode-bidi:isolate}
    .wait>.ow-b{opacity:.72}
    .wait>.ow-meta{animation:owlate 1ms .6s both}
    .ow-meta{display:flex;flex-wrap:wrap;align-items:center;gap:5px;font-size:12px;line-height:16px;color:var(--ow-muted);padding:0 2px}
    .ow-meta.bad{color:var(--ow-bad)}
    .ow-meta button{min-height:26px;padding:0 6px;border-radius:6px;font-weight:550;text-decoration:underline;text-underline-offset:2px;color:var(--ow-text)}
    .ow-ev,.ow-away{align-self:center;max-width:90%;font-size:12px;line-height:16px;color:var(--ow-muted);text-align:center;display:flex;flex-wrap:wrap;justify-content:center;gap:6px;align-items:center;position:relative}
    .ow-away{display:block}
    .ow-away .i{display:inline-block;margin-inline-end:5px;vertical-align:-2px}
    .ow-away button{display:block;margin:4px auto 0;color:var(--ow-text)}
    .ow-src{display:flex;flex-wrap:wrap;gap:6px;margin-top:2px}
    .ow-src button{position:relative;z-index:0;display:inline-flex;align-items:center;gap:5px;max-width:100%;min-height:26px;padding:3px 9px;border-radius:99px;font-size:12px;line-height:16px;text-align:start}
    .ow-src button::before{content:"";position:absolute;z-index:-1;inset:var(--chip-inset,0) 0;border-radius:14px;box-shadow:inset 0 0 0 1px var(--ow-line)}
    .ow-src button:hover::before,.ow-src [aria-expanded=true]::before{background:var(--ow-bubble)}
    .ow-quote{padding-block:2px;padding-inline:10px 2px;border-inline-start:2px solid var(--ow-line);font-size:13px;line-height:19px;color:var(--ow-muted)}
    .ow-q{display:flex;flex-direction:column;gap:8px;align-items:flex-end}
    .ow-q button{min-height:36px;padding:6px 14px;border-radius:99px;box-shadow:inset 0 0 0 1.5px color-mix(in srgb,var(--ow-primary) 45%,transparent);color:var(--ow-ink);font-weight:550;text-align:start}
    .ow-q button:hover{background:color-mix(in srgb,var(--ow-primary) 8%,transparent)}
    .ow-caret::after{content:"";display:inline-block;width:2px;height:1em;margin-inline-start:2px;vertical-align:-2px;background:currentColor;animation:owcaret 1s steps(2) infinite}
    .ow-files{display:flex;flex-wrap:wrap;gap:6px;max-width:100%}
    .me>.ow-files{justify-content:flex-end}
    .ow-file{position:relative;display:inline-flex;align-items:center;gap:8px;max-width:100%;min-height:44px;padding:8px 12px;border:0;border-radius:12px;background:var(--ow-bubble);color:var(--ow-text);font-size:13px;line-height:17px;text-decoration:none;text-align:start}
    .ow-file b{display:block;font-weight:550;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
    .ow-file small{display:block;font-size:12px;color:var(--ow-muted)}
    .ow-file.pic{padding:0;overflow:hidden;background:none;box-shadow:inset 0 0 0 1px var(--ow-line)}
    .ow-file canvas{display:block;max-width:220px;max-height:180px}
    .ow-tray{display:flex;flex-direction:column;gap:6px;max-height:148px;overflow-y:auto;padding:0 12px 8px;flex:none}
    .ow-tray .ow-file{width:100%;padding-inline-end:4px;min-height:48px;overflow:hidden}
    .ow-tray .ow-file>span{flex:1;min-width:0}
    .ow-tray .bad small{color:var(--ow-bad)}
    .ow-file progress{position:absolute;inset:auto 0 0;width:100%;height:3px;appearance:none;border:0;background:none;color:var(--ow-primary)}
    .ow-file progress::-webkit-progress-bar{background:var(--ow-line)}.ow-file progress::-webkit-progress-value{background:var(--ow-primary)}.ow-file progress::-moz-progress-bar{background:var(--ow-primary)}
    .ow-ib.sm{width:36px;height:36px}
    .ow-drop{position:absolute;inset:8px;z-index:3;display:grid;place-items:center;border:2px dashed var(--ow-ink);border-radius:12px;background:color-mix(in srgb,var(--ow-bg) 92%,transparent);font-weight:600;pointer-events:none}
    .ow-form{display:flex;flex-direction:column;gap:10px;padding:14px;border-radius:14px;box-shadow:inset 0 0 0 1px var(--ow-line)}
    .ow-form>b{font-weight:600;font-size:15px;line-height:20px}
    .ow-form p{font-size:13px;line-height:18px;color:var(--ow-muted);overflow-wrap:anywhere}
    .ow-form label{display:flex;flex-direction:column;gap:4px;font-weight:550;font-size:13px;line-height:18px}
    .ow-form label small{font-weight:400;font-size:12px;color:var(--ow-muted)}
    .ow-form input{width:100%;min-height:40px;padding:8px 12px;border:1px solid var(--ow-line);border-radius:10px;font-weight:400;font-size:14px;color:var(--ow-text)}
    .ow-form input[inputmode=numeric]{letter-spacing:.3em;font-size:18px;font-variant-numeric:tabular-nums}
    .ow-form [aria-invalid=true]{border-color:var(--ow-bad)}
    .ow-err{font-weight:400;color:var(--ow-bad);font-size:12px;line-height:16px}
    .ow-err:empty{display:none}
    .ow-acts{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
    .ow-go{min-height:40px;padding:8px 16px;border-radius:10px;background:var(--ow-primary);color:var(--ow-on-primary);font-weight:600}
    .ow-go[disabled],.ow-link[disabled]{opacity:.55;cursor:default}
    .ow-link{min-height:32px;padding:4px 8px;border-radius:8px;font-weight:550;font-size:13px;text-decoration:underline;text-underline-offset:2px}
    .ow-typing{align-self:flex-start;display:inline-flex;gap:4px;padding:13px 14px}
    .ow-typing i{width:7px;height:7px;border-radius:9px;background:var(--ow-muted);animation:owt 1.2s infinite cubic-bezier(.2,0,0,1)}
    .ow-typing i:nth-child(2){animation-delay:.15s}.ow-typing i:nth-child(3){animation-delay:.3s}
    .ow-in{display:flex;align-items:flex-end;gap:4px;margin:0 12px;padding-block:4px;padding-inline:12px 4px;min-height:48px;border:1px solid var(--ow-line);border-radius:12px;flex:none}
    .ow-in:focus-within{outline:2px solid var(--ow-ink);outline-offset:-1px}
    .ow-in textarea{flex:1;min-width:0;min-height:38px;max-height:122px;padding:9px 0 8px;resize:none;outline:0;color:var(--ow-text);overflow-y:auto}
    .ow-in textarea::placeholder{color:var(--ow-muted);opacity:1}
    .ow-send{width:40px;height:40px;border-radius:9px;display:grid;place-items:center;background:var(--ow-primary);color:var(--ow-on-primary);flex:none}
    .ow-send[disabled]{background:var(--ow-bubble);color:var(--ow-muted);cursor:default}
    .ow-count{padding:4px 14px 0;font-size:12px;line-height:16px;text-align:end;color:var(--ow-muted)}
    .ow-count.bad{color:var(--ow-bad)}
    .ow-foot{padding:7px 12px 10px;text-align:center;font-size:12px;line-height:16px;color:var(--ow-muted);flex:none}
    .ow-launch{position:relative;width:56px;height:56px;border-radius:99px;background:var(--ow-primary);color:var(--ow-on-primary);display:grid;place-items:center;
      box-shadow:0 0 0 1.5px color-mix(in srgb,var(--ow-on-primary) 55%,transparent),0 8px 24px -6px rgba(16,38,43,.45)}
    .ow-launch .i{width:24px;height:24px}
    .ow-launch em{position:absolute;top:-2px;inset-inline-end:-2px;min-width:20px;height:20px;padding:0 5px;border-radius:99px;background:var(--accent);color:var(--on-accent);font:600 12px/20px var(--ow-font);text-align:center;box-shadow:0 0 0 2px #fff}
    .ow-tease{position:relative;max-width:260px;border-radius:14px;border-end-end-radius:4px;background:var(--ow-bg);box-shadow:var(--ow-shadow);animation:owin .18s cubic-bezier(.2,0,0,1)}
    .ow-tease>button:first-child{display:block;width:100%;padding-block:11px;padding-inline:14px 38px;border-radius:inherit;text-align:start}
    .ow-x{position:absolute;top:4px;inset-inline-end:4px;width:28px;height:28px;display:grid;place-items:center;border-radius:8px;color:var(--ow-muted)}
    @keyframes owin{from{opacity:0;transform:translateY(8px)}}
    @keyframes owcaret{to{opacity:0}}
    @keyframes owlate{from{opacity:0}to{opacity:1}}
    @keyframes owt{0%,60%,100%{opacity:.3;transform:none}30%{opacity:1;transform:translateY(-3px)}}
    @media (max-width:640px){
      .ow{inset-inline-end:16px;bottom:16px}
      .ow-panel{position:fixed;inset:var(--ow-top,0) 0 auto;width:100%;height:var(--ow-height,100dvh);max-height:none;border-radius:0;z-index:1}
      .ow-ib,.ow-ib.sm,.ow-send,.ow-x{width:44px;height:44px}.ow-x{top:0;inset-inline-end:0}
      .ow-tease>button:first-child{min-height:44px;padding-inline-end:44px}
      .ow-q button,.ow-src button,.ow-meta button{min-height:44px}.ow-meta button{padding:0 10px}
      .ow-src{--chip-inset:6px;gap:0 6px;margin-block:-4px}.ow-src button{padding:9px 12px}
      .ow-in textarea,.ow-form input{font-size:16px;min-height:42px;padding-block:10px}
      .ow-form input,.ow-menu button,.ow-go,.ow-link{min-height:44px}
    }
    @media (prefers-color-scheme:dark){
      .ow{--ow-primary:var(--brand-night);--ow-on-primary:var(--on-brand-night);--ow-ink:var(--brand-night);--ow-bg:#14191b;--ow-text:#e9eff0;--ow-muted:#a3b1b5;
        --ow-bubble:#232a2d;--ow-line:#2e373a;--ow-bad:#ff9592;--ow-shadow:0 0 0 1px rgba(255,255,255,.09),0 20px 48px -12px rgba(0,0,0,.7);color-scheme:dark}
      .ow-launch em{box-shadow:0 0 0 2px #14191b}
    }
    @media (prefers-reduced-motion:reduce){.ow-panel,.ow-tease,.ow-typing i,.ow-menu,.ow-caret::after{animation:none}.ow-typing i{opacity:.7}}
    @media (forced-colors:active){.ow-panel,.ow-tease,.ow-b,.ow-launch,.ow-send,.ow-q button,.ow-src button,.ow-file,.ow-form,.ow-menu,.ow-go{border:1px solid}}
    @media print{.ow{display:none}}`;

  // Lucide, 24 × 24
  const ICONS = {
    chat: ["M2.992 16.342a2 2 0 0 1 .094 1.167l-1.065 3.29a1 1 0 0 0 1.236 1.168l3.413-.998a2 2 0 0 1 1.099.092 10 10 0 1 0-4.777-4.719"],
    down: ["m6 9 6 6 6-6"],
    cross: ["M18 6 6 18", "m6 6 12 12"],
    up: ["m5 12 7-7 7 7", "M12 19V5"],
    clock: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M12 6v6l4 2"],
    alert: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M12 8v4", "M12 16h.01"],
    faq: ["M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0", "M9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3", "M12 17h.01"],
    file: ["M6 22a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h8a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 8v12a2 2 0 0 1-2 2z", "M14 2v5a1 1 0 0 0 1 1h5", "M10 9H8", "M16 13H8", "M16 17H8"],
    sparkles: ["M11.017 2.814a1 1 0 0 1 1.966 0l1.051 5.558a2 2 0 0 0 1.594 1.594l5.558 1.051a1 1 0 0 1 0 1.966l-5.558 1.051a2 2 0 0 0-1.594 1.594l-1.051 5.558a1 1 0 0 1-1.966 0l-1.051-5.558a2 2 0 0 0-1.594-1.594l-5.558-1.051a1 1 0 0 1 0-1.966l5.558-1.051a2 2 0 0 0 1.594-1.594z", "M20 2v4", "M22 4h-4"],
    user: ["m16 11 2 2 4-4", "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2", "M13 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0"],
    dots: ["M13 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0", "M20 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0", "M6 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0"],
    clip: ["m16 6-8.414 8.586a2 2 0 0 0 2.829 2.829l8.414-8.586a4 4 0 1 0-5.657-5.657l-8.379 8.551a6 6 0 1 0 8.485 8.485l8.379-8.551"],
    check: ["M20 6 9 17l-5-5"],
    cut: ["M12 20h.01", "M8.5 16.429a5 5 0 0 1 7 0", "M5 12.859a10 10 0 0 1 5.17-2.69", "M19 12.859a10 10 0 0 0-2.007-1.523", "M2 8.82a15 15 0 0 1 4.177-2.643", "M22 8.82a15 15 0 0 0-11.288-3.764", "m2 2 20 20"],
  };

  const SVG = "http://www.w3.org/2000/svg";

  function icon(name, size = "") {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", `i ${size}`);
    svg.setAttribute("aria-hidden", "true");
    for (const d of ICONS[name]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  }

  /** An element; functions among the attributes are listeners, strings among the children become text, never markup. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  /** Text from others: its direction is its own and its bidi controls end with it. */
  function foreign(tag, text, name = "ow-iso") {
    const node = el(tag, { class: name, dir: "auto" });
    node.textContent = text;
    return node;
  }

  const LINK = /https?:\/\/[^\s<>"'\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;

  /** Fills `node` with `text`, web addresses as links. */
  function fillWithLinks(node, text) {
    let from = 0;
    for (const match of text.matchAll(LINK)) {
      const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
      let url;
      try {
        url = new URL(address);
      } catch {
        continue;
      }
      const link = el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" });
      link.textContent = address;
      node.append(text.slice(from, match.index), link);
      from = match.index + address.length;
    }
    node.append(text.slice(from));
  }

  // ---------------------------------------------------------------- colours

  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const isHex = (value) => /^#[0-9a-f]{6}$/i.test(value || "");

  /** WCAG contrast of two "#rrggbb" colours. */
  function contrast(one, other) {
    const [dark, light] = [one, other]
      .map((hex) => rgb(hex).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)))
      .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
      .sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  /** The brand's hue, light enough to be read on the dark panel. */
  function nightShades(hex) {
    const [r, g, b] = rgb(hex);
    const max = Math.max(r, g, b);
    const span = max - Math.min(r, g, b);
    const light = max - span / 2;
    const turn = !span ? 0 : max === r ? (g - b) / span : max === g ? (b - r) / span + 2 : (r - g) / span + 4;
    const hue = Math.round((turn * 60 + 360) % 360);
    const pure = span ? Math.min(55, Math.round((span / (1 - Math.abs(2 * light - 1))) * 100)) : 0;
    return [`hsl(${hue} ${pure}% 72%)`, `hsl(${hue} ${pure}% 10%)`];
  }

  function paint(root, colors) {
    const brand = isHex(colors.primary) ? colors.primary : "#0f4c5c";
    const onBrand = isHex(colors.on_primary) ? colors.on_primary : contrast(brand, "#ffffff") >= 4.5 ? "#ffffff" : "#16262b";
    const accent = isHex(colors.accent) ? colors.accent : "#b84a1e";
    const [night, onNight] = nightShades(brand);
    const shades = {
      brand, "on-brand": onBrand, "brand-night": night, "on-brand-night": onNight, accent,
      "on-accent": contrast(accent, "#ffffff") >= 4.5 ? "#ffffff" : "#16262b",
      // a pale brand colour cannot be read as text on the white panel
      "brand-ink": contrast(brand, "#ffffff") >= 4.5 ? brand : "#16262b",
    };
    for (const [name, value] of Object.entries(shades)) root.style.setProperty(`--${name}`, value);
  }

  // ---------------------------------------------------------------- what the browser keeps

  // One key per unacknowledged message: two tabs never overwrite each other's.
  const PREFIX = `omni:${business}:`;
  const PENDING = "pending:";
  const memory = (() => {
    const inRam = new Map();
    let disk = null;
    try {
      disk = window.localStorage;
      disk.setItem(`${PREFIX}probe`, "1");
      disk.removeItem(`${PREFIX}probe`);
    } catch {
      disk = null; // blocked by the browser: everything lives until the page is left
    }
    return {
      get: (key) => (inRam.has(key) ? inRam.get(key) : disk && disk.getItem(PREFIX + key)),
      set(key, value) {
        inRam.delete(key);
        try {
          if (!disk) throw new Error("no storage");
          disk.setItem(PREFIX + key, value);
        } catch {
          inRam.set(key, value); // full
        }
      },
      drop(key) {
        inRam.delete(key);
        if (disk) disk.removeItem(PREFIX + key);
      },
      keys() {
        const kept = disk ? Object.keys(disk).filter((key) => key.startsWith(PREFIX)) : [];
        return [...new Set([...inRam.keys(), ...kept.map((key) => key.slice(PREFIX.length))])];
      },
    };
  })();

  // What belongs to this tab: whether the panel is open, and what was begun and not sent.
  const tab = {
    get(key) {
      try {
        return window.sessionStorage.getItem(PREFIX + key);
      } catch {
        return null; // blocked: it lives until the page is left
      }
    },
    set(key, value) {
      try {
        window.sessionStorage.setItem(PREFIX + key, value);
      } catch {
        // blocked or full
      }
    },
  };

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only on https and localhost
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // ---------------------------------------------------------------- state

  let config = null;
  let session = memory.get("session") || null;
  let conversation = null; // as the server sends it
  const messages = []; // acknowledged, by seq
  // id -> {id, kind: "say"|"person", text, attachments?, at: ms, error?, retry?}, not yet acknowledged
  const pending = new Map();
  const asks = new Map(); // id -> {frame, done, fail}: questions about identity and files, not yet answered
  let seen = 0; // every seq up to here is in `messages`
  const ahead = new Set(); // seqs that arrived before the ones below them
  let link = "idle"; // idle | connecting | up | lost
  let isOpen = false;
  let isGone = false;
  let typing = null; // "assistant" | "staff"
  let typist = ""; // the name of whoever types
  let stream = null; // {id, text}: an answer that is being written
  let identity = { proof: "none", name: "", claimed: "" };
  let hours = { online: true, backAt: null }; // the team's
  let notice = ""; // an error that belongs to no message

  for (const key of memory.keys()) if (key.startsWith(PENDING)) recall(key);

  function recall(key) {
    try {
      const item = JSON.parse(memory.get(key));
      if (item && item.id) pending.set(item.id, item);
    } catch {
      memory.drop(key);
    }
  }

  function keep(item) {
    pending.set(item.id, item);
    memory.set(PENDING + item.id, JSON.stringify(item));
  }

  function settle(id) {
    memory.drop(PENDING + id);
    return pending.delete(id);
  }

  const waitingItems = () => [...pending.values()].sort((a, b) => a.at - b.at);
  const lastSeq = () => (messages.length ? messages[messages.length - 1].seq : 0);
  const isFromTeam = (message) => message.role === "assistant" || message.role === "staff";
  const readUpTo = () => Number(memory.get("read")) || 0;
  const isFirstVisit = () => !session && !memory.get("greeted");

  /** Takes a message in once, whatever tells us about it first: its own frame, the replay or the acknowledgement. True: news. */
  function take(message) {
    if (!message || typeof message.text !== "string" || !(message.seq > 0)) return;
    if (message.client_id) settle(message.client_id);
    const twin = messages.find((known) => known.seq === message.seq || (message.id && known.id === message.id));
    if (stream && stream.id === message.id) setStream(null);
    for (const file of message.attachments || []) if (file.url) links.set(file.id, { url: file.url, at: Date.now() });
    if (twin) {
      // An acknowledged message holds no server id and only the browser's clock until its own frame comes.
      if (!twin.id) Object.assign(twin, message, { client_id: twin.client_id });
      return;
    }
    if (typing === (message.role === "staff" ? "staff" : "assistant") && isFromTeam(message)) setTyping(null);
    let at = messages.length;
    while (at && messages[at - 1].seq > message.seq) at -= 1;
    messages.splice(at, 0, message);
    ahead.add(message.seq);
    while (ahead.delete(seen + 1)) seen += 1;
    return isFromTeam(message);
  }

  /** Forgets what belongs to another session or conversation; unsent messages stay. */
  function forget() {
    messages.length = 0;
    ahead.clear();
    seen = 0;
    conversation = null;
    setStream(null);
    memory.drop("read");
    memory.drop("skipped");
  }

  // ---------------------------------------------------------------- connection

  let socket = null;
  let isWelcome = false;
  let welcomedAt = 0;
  let offered = null; // the session token of the last hello
  let attempt = 0;
  let lostAt = 0;
  let retryTimer, pingTimer, deadline, stripTimer;

  function connect() {
    clearTimeout(retryTimer);
    if (socket || isGone) return;
    if (link === "idle") link = "connecting";
    let mine;
    try {
      mine = new WebSocket(`${origin.replace(/^http/, "ws")}/chat/ws?business=${encodeURIComponent(business)}`);
    } catch {
      onLost();
      return;
    }
    socket = mine;
    mine.onopen = () => {
      offered = session;
      shownPage = JSON.stringify(page());
      transmit({ t: "hello", session, seen, page: page(), lang: wantedLanguage(), user, user_hash: userHash });
    };
    mine.onmessage = (event) => mine === socket && receive(event.data);
    mine.onclose = (event) => mine === socket && onLost(event.code);
    expectAnswer();
  }

  let shownPage = "";

  // The address without its query: that part may hold what is none of our business.
  const page = () => ({ url: location.origin + location.pathname, title: document.title });

  /** On a site that never loads a new page, tells where the visitor went. */
  function tellPage() {
    const now = JSON.stringify(page());
    if (!isWelcome || now === shownPage) return;
    shownPage = now;
    transmit({ t: "page", ...page() });
  }

  window.addEventListener("popstate", tellPage);
  window.addEventListener("hashchange", tellPage);
  if (window.navigation) window.navigation.addEventListener("navigatesuccess", tellPage);

  /** Asks the server something; the question is kept until answered, also over a lost connection. */
  function ask(frame, done, fail) {
    const id = newId();
    asks.set(id, { frame: { ...frame, id }, done, fail });
    if (isWelcome) transmit({ ...frame, id });
    else connect();
  }

  function answered(id, frame, how) {
    const question = asks.get(id);
    if (!question) return;
    asks.delete(id);
    question[how](frame);
  }

  function transmit(frame) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  function expectAnswer() {
    clearTimeout(deadline);
    deadline = setTimeout(hangUp, ANSWER_WITHIN);
  }

  /** Lets the connection go without waiting for the other side, which may be out of reach. */
  function discard() {
    const old = socket;
    socket = null;
    isWelcome = false;
    if (old) old.close();
  }

  function hangUp() {
    if (socket) {
      discard();
      onLost();
    } else render();
  }

  function onLost(code, wait) {
    socket = null;
    isWelcome = false;
    if (welcomedAt && Date.now() - welcomedAt > ANSWER_WITHIN) attempt = 0; // it was a good one
    welcomedAt = 0;
    clearTimeout(pingTimer);
    clearTimeout(deadline);
    setTyping(null);
    setStream(null);
    if (code === 4404) isGone = true;
    if (isGone) {
      link = "lost";
      render();
      return;
    }
    if (link !== "lost") {
      link = "lost";
      clearTimeout(stripTimer);
      stripTimer = setTimeout(render, STRIP_AFTER);
      lostAt = Date.now();
    }
    const backOff = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** attempt) * (0.5 + Math.random() / 2);
    attempt += 1;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, Math.max(backOff, wait || 0));
    render();
  }

  function reconnectNow() {
    if (!shouldConnect()) return;
    attempt = 0;
    if (isWelcome && socket.readyState === WebSocket.OPEN) {
      beat();
      return;
    }
    discard();
    connect();
  }

  const shouldConnect = () => Boolean(config && (isOpen || session || pending.size));

  function beat() {
    clearTimeout(pingTimer);
    pingTimer = setTimeout(beat, PING_EVERY);
    transmit({ t: "ping" });
    tellPage();
    expectAnswer();
    // Also what another tab left behind; the server takes each id once.
    for (const item of waitingItems()) if (Date.now() - item.at > PING_EVERY) post(item);
  }

  function post(item) {
    if (!isWelcome || item.error) return;
    const files = item.attachments && item.attachments.length ? { attachments: item.attachments.map((file) => file.id) } : {};
    transmit(item.kind === "person" ? { t: "person", id: item.id } : { t: "say", id: item.id, text: item.text, ...files });
  }

  function receive(raw) {
    clearTimeout(deadline);
    let frame;
    try {
      frame = JSON.parse(raw);
    } catch {
      return;
    }
    if (frame.t === "welcome") onWelcome(frame);
    else if (frame.t === "ack") onAck(frame);
    else if (frame.t === "message") take(frame.message) && chime();
    else if (frame.t === "delta") onDelta(frame);
    else if (frame.t === "typing") setTyping(frame.on ? frame.who : null, frame.name);
    else if (frame.t === "status") onStatus(frame);
    else if (frame.t === "state") onState(frame.conversation, frame);
    else if (frame.t === "identity") onIdentity(frame);
    else if (frame.t === "link") answered(frame.id, frame, "done");
    else if (frame.t === "error") onError(frame);
    if (frame.t !== "pong") render();
    markRead();
  }

  function onWelcome(frame) {
    const stored = memory.get("session");
    if (stored && stored !== offered && stored !== frame.session) {
      adopt(stored); // another tab was first
      return;
    }
    if (session && session !== frame.session) forget(); // the server no longer knew the old one
    session = frame.session;
    memory.set("session", session);
    if (isAnother(frame.conversation) && seen) {
      startOver();
      return;
    }
    conversation = frame.conversation;
    onAbout(frame);
    for (const message of frame.messages || []) take(message);
    seen = Math.max(seen, lastSeq()); // the replay is complete
    for (const seq of ahead) if (seq <= seen) ahead.delete(seq);
    link = "up";
    notice = "";
    isWelcome = true;
    welcomedAt = Date.now();
    clearTimeout(stripTimer);
    clearTimeout(pingTimer);
    pingTimer = setTimeout(beat, PING_EVERY);
    for (const item of waitingItems()) post(item);
    for (const { frame: question } of asks.values()) transmit(question);
    for (const entry of tray) if (entry.file && !entry.request && !entry.error) upload(entry);
    if (readUpTo() && isOpen && !document.hidden) transmit({ t: "read", seq: readUpTo() });
  }

  // No id any more: the conversation was deleted, or its customer forgotten.
  const isAnother = (next) => Boolean(next && (conversation && conversation.id ? next.id !== conversation.id : !next.id && messages.length));

  /** What a welcome or state says beside the conversation: who we are, and whether the team is there. */
  function onAbout(frame) {
    if (frame.identity) identity = frame.identity;
    if ("online" in frame) hours = { online: frame.online !== false, backAt: frame.back_at ? new Date(frame.back_at) : null };
  }

  const isTeamThere = () => hours.online || Boolean(hours.backAt && hours.backAt <= new Date());

  function onIdentity(frame) {
    const before = identity.proof;
    identity = frame.identity || identity;
    if (identity.proof === "proven" && before !== "proven") announce(say("proven"));
    answered(frame.id, frame, "done");
    // Another tab got the code.
    if (identity.proof === "proven" && card && card.kind !== "leave") card = null;
  }

  function onDelta({ message_id: id, text }) {
    if (messages.some((message) => message.id === id) || typeof text !== "string") return;
    setStream(text ? { id, text } : null); // nothing: the answer was taken back, a person has the chat now
  }

  let streamEnd;

  function setStream(next) {
    clearTimeout(streamEnd);
    stream = next;
    if (next) {
      streamEnd = setTimeout(() => {
        setStream(null);
        render();
      }, TYPING_FOR.assistant);
    }
  }

  function onStatus({ seq, status }) {
    if (status !== "read") return;
    for (const message of messages) if (message.role === "customer" && message.seq <= seq) message.status = status;
  }

  /** Asks for everything again: numbers of another conversation or session mean nothing here. */
  function startOver() {
    forget();
    attempt = 0;
    discard();
    connect();
  }

  function adopt(token) {
    session = token;
    startOver();
  }

  function onAck({ id, seq }) {
    const item = pending.get(id);
    if (item && item.kind === "say") {
      const { text, attachments } = item;
      take({ id: null, client_id: id, seq, role: "customer", text, attachments, at: new Date(item.at).toISOString() });
    }
    answered(id, { seq }, "done");
    settle(id);
    notice = "";
  }

  function onState(next, frame) {
    onAbout(frame);
    if (isAnother(next)) {
      startOver();
      return;
    }
    const before = speakerName();
    conversation = next;
    const after = speakerName();
    if (before !== after) announce(after ? say("joined", { name: after }) : say("back"));
  }

  function onError(frame) {
    const item = frame.id && pending.get(frame.id);
    if (frame.id && asks.has(frame.id)) answered(frame.id, frame, "fail");
    else if (item && frame.retry && frame.retry_after <= SOON) {
      notice = frame.message || "";
      setTimeout(() => pending.has(item.id) && post(item), frame.retry_after * 1000);
    } else if (item) keep({ ...item, error: frame.message || say("failed"), retry: Boolean(frame.retry) });
    else if (frame.code === "gone") isGone = true;
    else if (frame.code === "forbidden") console.warn(`Omni: ${frame.message}`); // the page's own mistake, none of the visitor's
    else if (frame.code === "unauthorized") {
      session = null;
      memory.drop("session");
      startOver();
    } else {
      notice = frame.message || "";
      if (!isWelcome && frame.retry_after) {
        discard();
        onLost(0, frame.retry_after * 1000);
      }
    }
  }

  function markRead() {
    if (!isOpen || document.hidden || lastSeq() <= readUpTo()) return;
    memory.set("read", String(lastSeq()));
    transmit({ t: "read", seq: lastSeq() });
    render();
  }

  window.addEventListener("online", reconnectNow);
  window.addEventListener("offline", hangUp);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    reconnectNow();
    markRead();
  });
  window.addEventListener("storage", (event) => {
    if (event.key && event.key.startsWith(PREFIX + PENDING)) {
      const key = event.key.slice(PREFIX.length);
      if (memory.get(key) === null) pending.delete(key.slice(PENDING.length));
      else recall(key);
    } else if (event.key === `${PREFIX}session`) {
      const stored = memory.get("session"); // not event.newValue: the last writer counts
      if (stored && stored !== session) adopt(stored);
    } else if (event.key !== `${PREFIX}read` && event.key !== `${PREFIX}greeted`) return;
    render();
  });

  // ---------------------------------------------------------------- what the visitor does

  let lastAt = 0;

  function submit(kind, text, attachments) {
    lastAt = Math.max(Date.now(), lastAt + 1); // keeps the order of two messages of one millisecond
    const item = { id: newId(), kind, text, attachments, at: lastAt };
    tellTyping(false);
    keep(item);
    if (isWelcome) post(item);
    else connect();
    ui.pinned = true;
    render();
  }

  function sendDraft() {
    // A half surrogate, as cut emoji leave behind, is no character and no JSON reader has to take it.
    const text = ui.field.value.replace(/\p{Surrogate}/gu, "\ufffd").trim();
    const files = tray.filter((entry) => entry.done).map((entry) => entry.done);
    if (ui.send.disabled || (!text && !files.length)) return;
    ui.field.value = "";
    for (const entry of tray.filter((known) => known.done)) drop(entry);
    onDraft();
    submit("say", text, files);
  }

  let typedAt = 0;
  let typingStop;

  /** Tells the team that the visitor writes, at most every three seconds, and that they stopped. */
  function tellTyping(isOn) {
    clearTimeout(typingStop);
    if (isOn) typingStop = setTimeout(tellTyping, TYPING_FOR.staff, false);
    if (!isWelcome || (isOn ? Date.now() - typedAt < TYPING_EVERY : !typedAt)) return;
    typedAt = isOn ? Date.now() : 0;
    transmit({ t: "typing", on: isOn });
  }

  // ---------------------------------------------------------------- files

  // {key, name, size, type, file?, request?, error?, done?: as the server named it}: chosen, not yet sent
  let tray = [];
  const links = new Map(); // id -> {url, at}: where a file can be read for five minutes

  const inWords = (size) => {
    const unit = size < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
    const value = Math.max(size / unit[1], 0.1);
    return new Intl.NumberFormat(language, { style: "unit", unit: unit[0], maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  };

  /** Why a file cannot be sent, or nothing. A browser that does not know its type leaves the question to the server. */
  function faultOf({ name, size, type }) {
    const { max_bytes: most, types } = config.attachments;
    if (most && size > most) return say("tooLarge", { name, max: inWords(most) });
    return type && types && !types.includes(type) ? say("wrongType", { name }) : "";
  }

  function addFiles(list) {
    if (!config.attachments || isGone) return;
    for (const file of list) {
      if (tray.length >= MOST_FILES) {
        announce(say("tooMany", { n: MOST_FILES }));
        notice = say("tooMany", { n: MOST_FILES });
        break;
      }
      const entry = { key: newId(), name: file.name || "file", size: file.size, type: file.type, file };
      entry.error = faultOf(entry);
      tray.push(entry);
      if (entry.error) announce(entry.error);
      else if (isWelcome) upload(entry);
      else connect();
    }
    onDraft();
    render();
  }

  function upload(entry) {
    const request = new XMLHttpRequest();
    const fail = (message, isFinal) => {
      Object.assign(entry, { error: message || say("failed"), isFinal, request: null });
      announce(entry.error);
      onDraft();
      render();
    };
    entry.request = request;
    entry.error = "";
    request.open("POST", `${origin}/chat/${encodeURIComponent(business)}/attachments`);
    request.upload.onprogress = ({ loaded, total }) => {
      if (entry.bar && total) entry.bar.value = loaded / total;
    };
    request.onerror = () => fail();
    request.onload = () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // no words of the server's: ours are said
      }
      if (request.status >= 300) {
        fail(body.message, request.status < 500 && request.status !== 429);
        return;
      }
      entry.done = body.data || body;
      entry.request = entry.file = null;
      keepTray();
      onDraft();
      render();
    };
    const form = new FormData();
    form.append("session", session);
    form.append("file", entry.file, entry.name);
    request.send(form);
  }

  function drop(entry) {
    tray = tray.filter((known) => known !== entry);
    if (entry.request) entry.request.abort();
    keepTray();
  }

  /** What is uploaded and not yet sent outlives a reload of the tab. */
  const keepTray = () => tab.set("files", JSON.stringify(tray.filter((entry) => entry.done).map(({ key, name, size, type, done }) => ({ key, name, size, type, done }))));

  function renderTray() {
    const look = JSON.stringify(tray.map(({ key, error, done }) => [key, error, Boolean(done)]));
    if (ui.tray.dataset.look === look) return;
    ui.tray.dataset.look = look;
    ui.tray.hidden = !tray.length;
    ui.tray.replaceChildren(...tray.map((entry) => {
      const isBusy = !entry.error && !entry.done;
      entry.bar = isBusy ? el("progress", { max: "1", value: "0", "aria-label": entry.name }) : null;
      const about = el("span", {}, foreign("b", entry.name), el("small", entry.error ? { role: "alert" } : {}, entry.error || inWords(entry.size)));
      const act = (label, mark, press) => el("button", { type: "button", class: "ow-ib sm", "aria-label": `${say(label)}: ${entry.name}`, click: () => {
        press();
        onDraft();
        ui.field.focus();
        render();
      } }, mark);
      return el("div", { class: entry.error ? "ow-file bad" : "ow-file" }, icon(entry.error ? "alert" : "file"), about,
        entry.error && entry.file && !entry.isFinal && !faultOf(entry) ? act("again", icon("up"), () => upload(entry)) : "",
        act("remove", icon("cross"), () => drop(entry)), entry.bar || "");
    }));
  }

  /** Follows a link to a file; an old one is asked for anew. */
  function openFile(event, id) {
    const known = links.get(id);
    if (known && Date.now() - known.at < LINK_FOR) return;
    event.preventDefault();
    ask({ t: "link", attachment: id }, ({ url }) => {
      links.set(id, { url, at: Date.now() });
      el("a", { href: origin + url, target: "_blank", rel: "noopener noreferrer" }).click();
    }, (frame) => {
      notice = frame.message || "";
    });
  }

  function newFile(file) {
    const known = links.get(file.id);
    const chip = el(known ? "a" : "span", { class: "ow-file", ...(known && { href: origin + known.url, target: "_blank", rel: "noopener noreferrer", click: (event) => openFile(event, file.id) }) },
      icon("file"), el("span", {}, foreign("b", file.name), el("small", {}, inWords(file.size))));
    if (known && /^image\/(png|jpeg|gif|webp)$/.test(file.media_type)) showPicture(chip, file, origin + known.url);
    return chip;
  }

  /** Draws the picture: a strict page allows no image element, but what is fetched may be painted. */
  async function showPicture(chip, file, url) {
    try {
      const answer = await fetch(url, { credentials: "omit" });
      if (!answer.ok) return;
      const picture = await createImageBitmap(await answer.blob());
      const scale = Math.min(1, 220 / picture.width, 180 / picture.height);
      const dense = Math.min(window.devicePixelRatio || 1, 1 / scale);
      const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
      const canvas = el("canvas", { role: "img", "aria-label": file.name, width: Math.round(width * dense), height: Math.round(height * dense) });
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      chip.classList.add("pic");
      chip.replaceChildren(canvas);
      if (ui.pinned) toBottom();
    } catch {
      // no picture after all: the chip with its name stays
    }
  }

  // ---------------------------------------------------------------- who it is

  // {kind: "before"|"leave"|"me"|"code", errors: {field: text}, isBusy}; null: none is open
  let card = null;

  const FIELDS = { name: "name", email: "email", phone: "tel" };

  const typed = () => JSON.parse(memory.get("form") || "{}");
  const openCard = (kind) => {
    card = { kind, errors: {}, isBusy: false };
    render();
    const first = ui.card.querySelector("input,button");
    if (first) first.focus();
    toBottom();
  };

  /** The form before the first message: shown while nobody has written and nothing is known. */
  function isFormDue() {
    const isDue = config.preChat.enabled && isWelcome && !messages.length && !pending.size && identity.proof === "none" && !memory.get("skipped");
    return isDue && !identity.name;
  }

  const isFormRequired = () => Boolean(card && card.kind === "before" && config.preChat.required);

  function renderCard() {
    if (!card && isFormDue()) card = { kind: "before", errors: {}, isBusy: false };
    else if (card && card.kind === "before" && !card.isBusy && !isFormDue() && isWelcome) card = null;
    const look = card ? `${card.kind} ${identity.claimed}` : "";
    if (ui.card.dataset.look !== look) {
      ui.card.dataset.look = look;
      ui.card.hidden = !card;
      ui.card.replaceChildren(...(card ? [newCard()] : []));
    }
    if (card) {
      for (const input of ui.card.querySelectorAll("input")) {
        const text = card.errors[input.name] || "";
        input.setAttribute("aria-invalid", String(Boolean(text)));
        setText(input.nextSibling, text);
      }
      setText(ui.card.querySelector(".ow-form>.ow-err"), card.errors[""] || "");
      for (const button of ui.card.querySelectorAll(".ow-go")) button.disabled = card.isBusy;
      renderResend();
    }
    ui.composer.hidden = isFormRequired();
  }

  function newCard() {
    const { kind } = card;
    const fields = kind === "before" ? config.preChat.fields : kind === "code" ? ["code"] : identity.claimed && kind === "me" ? [] : ["email"];
    const title = { before: "before", leave: "leave", me: "me", code: "me" }[kind];
    const text = kind === "code" ? say("codeSent", { address: identity.claimed }) : kind === "me" ? say("codeText") : "";
    const go = { before: "start", leave: "save", me: "sendCode", code: "confirm" }[kind];
    const isOptional = kind === "before" && !config.preChat.required;
    return el("form", { class: "ow-form", novalidate: true, "aria-label": say(title), submit: (event) => {
      event.preventDefault();
      submitCard();
    } },
      el("b", {}, say(title)), ...(text ? [el("p", {}, text)] : []), ...(kind === "me" && identity.claimed ? [foreign("p", identity.claimed)] : []),
      ...fields.map((name) => newField(name, isOptional)),
      el("span", { class: "ow-err", role: "alert" }),
      el("div", { class: "ow-acts" }, el("button", { class: "ow-go" }, say(go)), ...otherActs(kind)));
  }

  function newField(name, isOptional) {
    const isCode = name === "code";
    const input = el("input", { name, id: `ow-${name}`, type: isCode ? "text" : FIELDS[name], autocomplete: isCode ? "one-time-code" : FIELDS[name], "aria-describedby": `ow-${name}-error`,
      ...(isCode ? { inputmode: "numeric", maxlength: "12" } : { maxlength: "320" }), dir: "auto", input: () => {
        if (isCode && input.value.replace(/\D/g, "").length === 6) submitCard();
        if (!isCode) memory.set("form", JSON.stringify({ ...typed(), [name]: input.value }));
        delete card.errors[name];
        renderCard();
      } });
    if (!isCode) input.value = typed()[name] || "";
    return el("label", {}, el("span", {}, say(name), isOptional ? el("small", {}, ` (${say("optional")})`) : ""), input, el("span", { class: "ow-err", id: `ow-${name}-error`, role: "alert" }));
  }

  function otherActs(kind) {
    const act = (key, press) => el("button", { type: "button", class: "ow-link", click: press }, say(key));
    const away = () => {
      card = null;
      ui.field.focus();
      render();
    };
    if (kind === "before") {
      return config.preChat.required ? [] : [act("skip", () => {
        memory.set("skipped", "1");
        away();
      })];
    }
    const anew = () => {
      identity = { ...identity, claimed: "" };
      openCard("me");
    };
    if (kind === "code") {
      ui.resend = act("resend", sendCode);
      return [ui.resend, act("other", anew)];
    }
    return [...(kind === "me" && identity.claimed ? [act("other", anew)] : []), act("skip", away)];
  }

  let sentAt = 0;
  let resendTimer;

  function renderResend() {
    if (card.kind !== "code" || !ui.resend) return;
    const left = Math.ceil((sentAt + RESEND_AFTER - Date.now()) / 1000);
    ui.resend.disabled = left > 0 || card.isBusy;
    setText(ui.resend, left > 0 ? say("resendIn", { n: left }) : say("resend"));
    clearTimeout(resendTimer);
    if (left > 0) resendTimer = setTimeout(() => card && renderResend(), 1000);
  }

  function busy(mine) {
    mine.isBusy = true;
    mine.errors = {};
    const fail = (frame) => {
      mine.isBusy = false;
      for (const { field, message } of frame.fields || [{ field: frame.field, message: frame.message }]) {
        const isShown = ui.card.querySelector(`input[name="${CSS.escape(field || "")}"]`);
        mine.errors[isShown ? field : ""] = message || say("failed");
      }
      render();
      const wrong = ui.card.querySelector("[aria-invalid=true]");
      if (wrong && mine === card) wrong.focus();
    };
    return fail;
  }

  function submitCard() {
    const mine = card;
    if (!mine || mine.isBusy) return;
    const values = {};
    for (const input of ui.card.querySelectorAll("input")) if (input.value.trim()) values[input.name] = input.value.trim();
    const wanted = mine.kind === "before" && !config.preChat.required ? [] : [...ui.card.querySelectorAll("input")].map((input) => input.name);
    const missing = wanted.filter((name) => !values[name]);
    if (missing.length) {
      busy(mine)({ fields: missing.map((field) => ({ field, message: say("needed") })) });
      return;
    }
    if (mine.kind === "code") {
      const fail = busy(mine);
      ask({ t: "code", code: values.code.replace(/\D/g, "") || values.code }, closeCard, (frame) => {
        fail(frame);
        ui.card.querySelector("input").select();
      });
    } else if (mine.kind === "me" && !wanted.length) sendCode();
    else if (!Object.keys(values).length) {
      memory.set("skipped", "1");
      closeCard();
    } else {
      ask({ t: "claim", ...values }, () => {
        memory.drop("form");
        if (mine.kind === "me") sendCode();
        else closeCard();
      }, busy(mine));
    }
    render();
  }

  function sendCode() {
    const fail = busy(card);
    ask({ t: "code", send: true }, () => {
      sentAt = Date.now();
      openCard("code");
    }, fail);
    render();
  }

  function closeCard() {
    card = null;
    render();
    if (isOpen) ui.field.focus();
  }

  /** When the team is back, in the visitor's words and clock. */
  function whenBack() {
    const back = hours.backAt;
    const days = (back - Date.now()) / 86400000;
    const isToday = back.toDateString() === new Date().toDateString();
    const day = isToday ? {} : days < 6 ? { weekday: "long" } : { day: "numeric", month: "long" };
    return back.toLocaleString(locale(), { ...day, hour: "numeric", minute: "2-digit" });
  }

  /** Before writing: who answers now. After asking for a person: when they answer, and where. */
  function renderAway() {
    const isWaiting = Boolean(conversation && (conversation.speaker === "human" || conversation.status === "waiting"));
    const isShown = !isTeamThere() && !isGone && (isWaiting || !messages.length);
    const key = (isWaiting ? "wait" : "away") + (hours.backAt ? "" : "Long");
    const mayLeave = isWaiting && identity.proof === "none" && !(card && card.kind === "leave");
    const words = isShown ? [say(key, hours.backAt ? { when: whenBack() } : {}), isWaiting && identity.claimed ? say("answerTo", { address: identity.claimed }) : ""] : [];
    const look = JSON.stringify([words, mayLeave]);
    if (ui.away.dataset.look === look) return;
    ui.away.dataset.look = look;
    ui.away.hidden = !isShown;
    ui.away.replaceChildren(icon("clock", "xs"), el("span", {}, words.filter(Boolean).join(" ").replace("..", ".")),
      ...(mayLeave ? [el("button", { type: "button", class: "ow-link", click: () => openCard("leave") }, say("leave"))] : []));
  }

  // ---------------------------------------------------------------- menu and sounds

  function toggleMenu(isWanted) {
    const isShown = isWanted && ui.menu.hidden;
    ui.menu.hidden = !isShown;
    ui.more.setAttribute("aria-expanded", String(isShown));
    if (!isShown) return;
    const item = (words, mark, press, more = {}) => el("button", { type: "button", role: "menuitem", tabindex: "-1", ...more, click: () => {
      toggleMenu(false);
      press();
    } }, icon(mark), words);
    const isOn = memory.get("sounds") === "1";
    const isHuman = speakerName() || (conversation && conversation.status === "waiting");
    ui.menu.replaceChildren(
      identity.proof === "proven" ? el("p", { role: "presentation" }, `${say("proven")} `, foreign("span", identity.name)) : item(say("me"), "user", () => openCard("me")),
      item(say("aboutMe"), "faq", () => {
        submit("say", say("aboutMe"));
        ui.field.focus();
      }),
      ...(isHuman ? [] : [item(say("person"), "chat", () => {
        submit("person");
        ui.field.focus();
      })]),
      item(say("sounds"), "check", () => {
        memory.set("sounds", isOn ? "0" : "1");
        if (!isOn) beep();
        ui.more.focus();
      }, { role: "menuitemcheckbox", "aria-checked": String(isOn) }));
    ui.menu.querySelector("button").focus();
  }

  function onMenuKey(event) {
    const items = [...ui.menu.querySelectorAll("button")];
    const at = items.indexOf(ui.root.getRootNode().activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[to % items.length].focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      toggleMenu(false);
      ui.more.focus();
    }
  }

  let speaker = null;

  function beep() {
    try {
      speaker = speaker || new AudioContext();
      speaker.resume();
      const [tone, loud] = [speaker.createOscillator(), speaker.createGain()];
      const at = speaker.currentTime;
      tone.frequency.setValueAtTime(660, at);
      tone.frequency.setValueAtTime(880, at + 0.09);
      loud.gain.setValueAtTime(0.08, at);
      loud.gain.exponentialRampToValueAtTime(0.001, at + 0.25);
      tone.connect(loud).connect(speaker.destination);
      tone.start(at);
      tone.stop(at + 0.25);
    } catch {
      // no sound here
    }
  }

  /** A sound for a message the visitor may not be looking at; off until switched on. */
  function chime() {
    if (memory.get("sounds") === "1" && (!isOpen || document.hidden || !document.hasFocus())) beep();
  }

  function tryAgain(item) {
    const { error, retry, ...fresh } = item;
    keep(fresh);
    if (isWelcome) post(fresh);
    focusAfterPress();
    render();
  }

  function withdraw(item, edit) {
    settle(item.id);
    if (edit && !ui.field.value) ui.field.value = item.text;
    onDraft();
    focusAfterPress(edit);
    render();
  }

  /** The pressed button is about to vanish. On touch the text field would push the keyboard over the answer. */
  function focusAfterPress(write) {
    if (write || !matchMedia("(pointer:coarse)").matches) ui.field.focus();
    else ui.scroller.focus();
  }

  // ---------------------------------------------------------------- view

  const ui = { nodes: new Map(), pinned: true };
  const phone = matchMedia("(max-width:640px)");

  function build() {
    const host = document.createElement("omni-widget");
    const shadow = host.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.append(el("style", {}, STYLE)); // browsers before constructed sheets; a strict page refuses it there
    }

    ui.more = el("button", { type: "button", class: "ow-ib", "aria-label": say("more"), "aria-haspopup": "menu", "aria-expanded": "false", click: () => toggleMenu(true) }, icon("dots"));
    ui.menu = el("div", { class: "ow-menu", role: "menu", "aria-label": say("more"), hidden: true, keydown: onMenuKey, focusout: ({ relatedTarget }) => {
      if (relatedTarget && !ui.menu.contains(relatedTarget) && relatedTarget !== ui.more) toggleMenu(false);
    } });
    ui.face = el("span", { "aria-hidden": "true" });
    ui.title = foreign("span", "");
    ui.dot = el("i", { class: "ow-on" });
    ui.status = foreign("span", "");
    const head = el("div", { class: "ow-head" }, ui.face, el("div", { class: "grow" }, el("b", {}, ui.title), el("small", {}, ui.dot, ui.status)),
      ui.more, el("button", { type: "button", class: "ow-ib", "aria-label": say("close"), click: () => close() }, icon("down")));

    ui.barText = el("span");
    ui.bar = el("div", { class: "ow-bar", hidden: true }, icon("cut"), ui.barText);
    ui.barStatus = el("div", { role: "status" }, ui.bar);

    ui.log = el("div", { class: "ow-log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": say("log") });
    // Words that grow are for the eye; a screen reader gets the finished message from the log.
    ui.stream = el("div", { class: "ow-m", "aria-hidden": "true", hidden: true }, el("div", { class: "ow-b" }, el("span", { class: "ow-t ow-caret", dir: "auto" })));
    ui.typing = el("div", { role: "status" });
    ui.away = el("div", { class: "ow-away", hidden: true });
    ui.awayStatus = el("div", { role: "status" }, ui.away);
    ui.card = el("div", { hidden: true });
    ui.quick = el("div", { class: "ow-q", role: "group", "aria-label": say("quick") });
    ui.scroller = el("div", { class: "ow-scroll", tabindex: "0", role: "group", "aria-label": say("log"), scroll: onScroll }, ui.log, ui.stream, ui.typing, ui.awayStatus, ui.card, ui.quick);

    ui.field = el("textarea", { rows: "1", dir: "auto", enterkeyhint: "send", input: onInput, keydown: onFieldKey, paste: onPaste });
    ui.field.value = tab.get("draft") || "";
    ui.picker = el("input", { type: "file", multiple: true, hidden: true, "aria-hidden": "true", tabindex: "-1", change: () => {
      addFiles(ui.picker.files);
      ui.picker.value = "";
    } });
    if (config.attachments && config.attachments.types) ui.picker.accept = config.attachments.types.join();
    ui.attach = el("button", { type: "button", class: "ow-ib", "aria-label": say("attach"), hidden: !config.attachments, click: () => ui.picker.click() }, icon("clip"));
    ui.tray = el("div", { class: "ow-tray", role: "group", "aria-label": say("attach"), hidden: true });
    ui.drop = el("div", { class: "ow-drop", hidden: true }, say("drop"));
    ui.send = el("button", { type: "button", class: "ow-send", "aria-label": say("send"), disabled: true, click: () => {
      sendDraft();
      ui.field.focus();
    } }, icon("up"));
    ui.composer = el("div", { class: "ow-in" }, ui.field, ui.attach, ui.picker, ui.send);
    ui.count = el("div", { class: "ow-count", role: "status", hidden: true });
    ui.foot = foreign("div", "", "ow-foot");
    ui.announcer = el("div", { class: "ow-sr", role: "status" });

    ui.panel = el("div", { class: "ow-panel", id: "panel", role: "dialog", "aria-label": say("dialog", { name: config.name }), hidden: true },
      head, ui.menu, ui.barStatus, ui.scroller, ui.tray, ui.composer, ui.count, ui.foot, ui.announcer, ui.drop);
    for (const event of ["dragenter", "dragover", "dragleave", "drop"]) ui.panel.addEventListener(event, onDrag);

    ui.tease = el("div", { class: "ow-tease", hidden: true },
      el("button", { type: "button", click: () => open() }, foreign("span", config.greeting, "ow-t")),
      el("button", { type: "button", class: "ow-x", "aria-label": say("dismiss"), click: dismissTease }, icon("cross", "xs")));
    ui.badge = el("em", { "aria-hidden": "true", hidden: true });
    ui.launch = el("button", { type: "button", class: "ow-launch", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": "panel",
      click: () => (isOpen ? close() : open()) }, icon("chat"), ui.badge);

    ui.root = el("div", { class: "ow", lang: language, dir: config.dir, keydown: onKey }, ui.tease, ui.panel, ui.launch);
    paint(ui.root, config.colors);
    shadow.append(ui.root);
    document.body.append(host);

    phone.addEventListener("change", applyMode);
    if (window.visualViewport) {
      // The on-screen keyboard of a phone covers the page instead of shrinking it.
      for (const event of ["resize", "scroll"]) visualViewport.addEventListener(event, fitKeyboard);
    }
    setInterval(() => isOpen && render(), 30000); // "now" becomes a time
  }

  function fitKeyboard() {
    ui.panel.style.setProperty("--ow-height", `${visualViewport.height}px`);
    ui.panel.style.setProperty("--ow-top", `${visualViewport.offsetTop}px`);
    if (ui.pinned) toBottom();
  }

  const speakerName = () => (conversation && conversation.speaker === "human" && ((conversation.agent || {}).name || say("team"))) || "";
  const firstName = (name) => name.split(/\s+/)[0];

  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function announce(text) {
    if (ui.announcer) ui.announcer.textContent = text;
  }

  function render() {
    if (!ui.root) return;
    renderHead();
    renderBar();
    renderLog();
    renderStream();
    renderTyping();
    renderAway();
    renderCard();
    renderQuick();
    renderTray();
    renderLauncher();
    const agent = speakerName();
    ui.field.placeholder = agent ? say("writeTo", { name: firstName(agent) }) : say("write");
    ui.field.setAttribute("aria-label", ui.field.placeholder);
    ui.field.disabled = ui.attach.disabled = isGone;
    setText(ui.foot, conversation && conversation.status === "closed" ? say("closed") : config.foot);
    if (ui.pinned) toBottom();
  }

  function renderHead() {
    const agent = speakerName();
    const isLost = link === "lost";
    const isAsking = !agent && conversation && conversation.status === "waiting";
    ui.face.className = agent ? "ow-face" : "ow-mark";
    setText(ui.face, agent ? (conversation.agent || {}).initials || initials(agent) : initials(config.name));
    setText(ui.title, agent || config.name);
    setText(ui.status, isLost ? say("connecting") : agent ? config.name : isAsking ? say("asking") : config.statusLine);
    ui.dot.hidden = isLost;
    ui.dot.className = (agent || isAsking) && !isTeamThere() ? "ow-on off" : "ow-on";
  }

  const initials = (name) => name.split(/\s+/).map((word) => [...word][0] || "").slice(0, 2).join("").toUpperCase();

  function renderBar() {
    const isLate = link === "lost" && (!navigator.onLine || Date.now() - lostAt >= STRIP_AFTER);
    const text = isGone ? say("gone") : isLate ? say("offline") : notice;
    setText(ui.barText, text);
    ui.bar.hidden = !text;
  }

  function renderLog() {
    const rows = config.greeting ? [{ key: "greeting", role: "assistant", text: config.greeting }] : [];
    for (const message of messages) rows.push({ ...message, key: message.client_id || message.id });
    for (const item of waitingItems()) rows.push({ ...item, key: item.id, role: item.kind === "person" ? "asked" : "customer", item });
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, node] of ui.nodes) {
      if (wanted.has(key)) continue;
      node.remove();
      ui.nodes.delete(key);
    }
    const lastFromTeam = messages.filter(isFromTeam).reduce((top, message) => Math.max(top, message.seq), 0);
    let place = ui.log.firstChild;
    for (const row of rows) {
      let node = ui.nodes.get(row.key);
      if (!node) {
        node = row.role === "system" || row.role === "asked" ? newEvent(row) : newMessage(row);
        ui.nodes.set(row.key, node);
      }
      // A node that stands right stays untouched, or a screen reader would read it again.
      if (node === place) place = place.nextSibling;
      else ui.log.insertBefore(node, place);
      renderFiles(node, row.attachments || []);
      renderMeta(node, row, lastFromTeam);
    }
  }

  function speakerOf(row) {
    if (row.role === "customer") return say("you");
    return row.role === "staff" ? row.author || say("team") : say("assistant");
  }

  function newMessage(row) {
    const text = el("span", { class: "ow-t", dir: "auto" });
    fillWithLinks(text, row.text);
    const node = el("div", { class: row.role === "customer" ? "ow-m me" : "ow-m" },
      foreign("span", `${speakerOf(row)}: `, "ow-sr"), el("div", { class: "ow-b" }, text));
    if (!row.text) node.lastChild.hidden = true; // a file without a word
    node.append(el("div", { class: "ow-files", hidden: true }));
    if (row.sources && row.sources.length) node.append(...newSources(row.sources));
    node.append(el("div", { class: "ow-meta" }));
    return node;
  }

  /** Files get their links with the server's own frame, after the message stands there. */
  function renderFiles(node, files) {
    const place = node.querySelector(".ow-files");
    const look = JSON.stringify(files.map((file) => [file.id, links.has(file.id)]));
    if (!place || place.dataset.look === look || (!files.length && place.hidden)) return;
    place.dataset.look = look;
    place.hidden = false;
    place.replaceChildren(...files.map(newFile));
  }

  function newEvent(row) {
    return el("div", { class: "ow-ev" }, icon("user", "xs"), foreign("span", row.role === "asked" ? say("asked") : row.text, "ow-t"), el("span", { class: "ow-meta" }));
  }

  function newSources(sources) {
    const chips = el("div", { class: "ow-src", role: "group", "aria-label": say("sources") });
    const quotes = sources.map((source) => {
      const quote = el("div", { class: "ow-quote", hidden: true }, foreign("span", source.quote || source.title, "ow-t"));
      const chip = el("button", { type: "button", "aria-expanded": "false", click: () => {
        quote.hidden = !quote.hidden;
        chip.setAttribute("aria-expanded", String(!quote.hidden));
        if (ui.pinned && !quote.hidden) toBottom();
      } }, icon(source.kind === "faq" ? "faq" : "file", "xs"), foreign("span", source.title));
      chips.append(chip);
      return quote;
    });
    return [chips, ...quotes];
  }

  function renderMeta(node, row, lastFromTeam) {
    const { item } = row;
    const isWaiting = Boolean(item && !item.error);
    node.classList.toggle("wait", isWaiting);
    const words = [];
    if (isWaiting) words.push(say("waiting"));
    else if (item) words.push(item.error);
    else if (row.role === "customer") words.push(say(row.status === "read" || row.seq < lastFromTeam ? "read" : "delivered"));
    else if (row.role !== "system") words.push(row.role === "staff" ? firstName(speakerOf(row)) : say("assistant"));
    if (!item && row.at) words.push(timeOf(row.at));
    const meta = node.lastChild;
    const look = JSON.stringify([words, item && item.error && item.retry]);
    if (meta.dataset.look === look) return;
    meta.dataset.look = look;
    meta.className = item && item.error ? "ow-meta bad" : "ow-meta";
    const mark = isWaiting ? "clock" : item ? "alert" : row.role === "assistant" ? "sparkles" : null;
    meta.replaceChildren(...(mark ? [icon(mark, "xs")] : []), row.role === "system" ? " · " : "", ...words.flatMap((word, n) => [n ? " · " : "", foreign("span", word)]));
    if (!item || !item.error) return;
    meta.setAttribute("role", "alert");
    const act = (key, press) => meta.append(el("button", { type: "button", click: press }, say(key)));
    if (item.retry) act("again", () => tryAgain(item));
    else if (item.kind === "say") act("edit", () => withdraw(item, true));
    act("remove", () => withdraw(item, false));
  }

  // The visitor's own way to write times, as far as it is of the widget's language.
  const locale = () => (navigator.language.toLowerCase().split("-")[0] === language ? navigator.language : language);

  function timeOf(at) {
    const then = new Date(at);
    if (Number.isNaN(then.getTime())) return "";
    const age = Date.now() - then;
    if (age < 60000) return say("now");
    const day = then.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    return then.toLocaleString(locale(), { ...day, hour: "numeric", minute: "2-digit" });
  }

  function renderQuick() {
    const last = messages[messages.length - 1];
    const items = waitingItems();
    const isPersonDue = speakerName() || (conversation && conversation.status === "waiting") || items.some((item) => item.kind === "person");
    const choices = [];
    if (!isGone && !items.length && !card && !stream) {
      if (!last) for (const text of config.suggestions) choices.push([text, () => submit("say", text)]);
      if (!isPersonDue && (!last || last.role === "assistant")) {
        choices.push([say(last && last.offer_person ? "askTeam" : "person"), () => submit("person")]);
      }
    }
    const look = JSON.stringify(choices);
    if (ui.quick.dataset.look === look) return;
    ui.quick.dataset.look = look;
    const hadFocus = ui.quick.contains(ui.root.getRootNode().activeElement);
    ui.quick.hidden = !choices.length;
    ui.quick.replaceChildren(...choices.map(([text, choose]) => el("button", { type: "button", dir: "auto", class: "ow-iso", click: () => {
      choose();
      focusAfterPress();
    } }, text)));
    if (hadFocus) focusAfterPress();
  }

  let typingTimer, typingEnd;

  function setTyping(who, name) {
    clearTimeout(typingEnd);
    if (who && TYPING_FOR[who]) typingEnd = setTimeout(setTyping, TYPING_FOR[who], null);
    if (who === typing) return;
    typing = who;
    typist = name || "";
    clearTimeout(typingTimer);
    if (who) typingTimer = setTimeout(render, TYPING_AFTER);
    ui.typingFrom = Date.now() + TYPING_AFTER;
    render();
  }

  function renderTyping() {
    const isShown = Boolean(typing) && Date.now() >= ui.typingFrom && !stream;
    const isStaff = typing === "staff";
    const name = isStaff ? firstName(typist || speakerName() || say("team")) : say("assistant");
    const look = isShown ? name : "";
    if ((ui.typing.dataset.look || "") === look) return;
    ui.typing.dataset.look = look;
    ui.typing.replaceChildren(...(isShown ? [el("div", { class: "ow-m" }, el("div", { class: "ow-b ow-typing", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      el("div", { class: isStaff ? "ow-meta" : "ow-sr" }, say("typing", { name })))] : []));
  }

  function renderStream() {
    ui.stream.hidden = !stream;
    setText(ui.stream.firstChild.firstChild, stream ? stream.text : "");
  }

  function renderLauncher() {
    const isGreeting = isFirstVisit();
    const read = readUpTo();
    const unread = messages.filter((message) => isFromTeam(message) && message.seq > read).length;
    const count = isOpen ? 0 : unread || (isGreeting ? 1 : 0);
    ui.tease.hidden = isOpen || !isGreeting || !config.greeting;
    ui.badge.hidden = !count;
    setText(ui.badge, count > 99 ? "99+" : String(count));
    ui.launch.setAttribute("aria-label", isOpen ? say("hide") : count ? `${say("open")}, ${say("unread", { n: count })}` : say("open"));
    ui.launch.setAttribute("aria-expanded", String(isOpen));
  }

  function dismissTease() {
    memory.set("greeted", "1");
    ui.launch.focus();
    render();
  }

  function onScroll() {
    ui.pinned = ui.scroller.scrollHeight - ui.scroller.scrollTop - ui.scroller.clientHeight < 40;
  }

  function toBottom() {
    ui.scroller.scrollTop = ui.scroller.scrollHeight;
  }

  function onDraft() {
    const length = [...ui.field.value.trim()].length;
    const left = MAX_LENGTH - length;
    const isBusy = tray.some((entry) => !entry.done && !entry.error);
    ui.send.disabled = !(length || tray.some((entry) => entry.done)) || left < 0 || isGone || isBusy;
    tab.set("draft", ui.field.value);
    ui.count.hidden = length < COUNT_FROM;
    ui.count.className = left < 0 ? "ow-count bad" : "ow-count";
    setText(ui.count, ui.count.hidden ? "" : left < 0 ? say("over", { n: -left }) : say("left", { n: left }));
    ui.field.style.height = "auto";
    ui.field.style.height = `${ui.field.scrollHeight}px`;
  }

  function onInput() {
    onDraft();
    tellTyping(Boolean(ui.field.value.trim()));
  }

  function onPaste(event) {
    const files = event.clipboardData ? event.clipboardData.files : [];
    if (!files.length || !config.attachments) return;
    event.preventDefault();
    addFiles(files);
  }

  let dragEnd;

  function onDrag(event) {
    if (!config.attachments || !event.dataTransfer || ![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault(); // else the browser leaves the page to show the file
    clearTimeout(dragEnd);
    if (event.type === "drop") addFiles(event.dataTransfer.files);
    const isOver = event.type === "dragenter" || event.type === "dragover";
    // Moving between two children leaves one before it enters the other.
    dragEnd = setTimeout(() => {
      ui.drop.hidden = true;
    }, isOver ? 1000 : 50);
    if (isOver) ui.drop.hidden = false;
  }

  // ---------------------------------------------------------------- keyboard, opening, closing

  function onFieldKey(event) {
    // keyCode 229: Safari ends the composition before its Enter arrives
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    sendDraft();
  }

  function onKey(event) {
    if (!isOpen || event.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      if (card && card.kind !== "before") closeCard();
      else close();
    } else if (event.key === "Tab" && phone.matches) keepFocusInside(event);
  }

  /** Only in full screen: what lies behind cannot be seen, so the focus must not go there. */
  function keepFocusInside(event) {
    const stops = [...ui.panel.querySelectorAll("button:not([disabled]),input:not([disabled]),textarea:not([disabled]),a[href],[tabindex='0']")].filter((node) => node.getClientRects().length);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (ui.root.getRootNode().activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  let pageOverflow = null;

  function applyMode() {
    const isFull = isOpen && phone.matches;
    if (isFull) ui.panel.setAttribute("aria-modal", "true");
    else ui.panel.removeAttribute("aria-modal");
    const page = document.documentElement.style;
    if (isFull && pageOverflow === null) {
      pageOverflow = page.overflow;
      page.overflow = "hidden";
    } else if (!isFull && pageOverflow !== null) {
      page.overflow = pageOverflow;
      pageOverflow = null;
    }
  }

  // The panel stays open while a visitor walks through the site in one tab.
  const rememberOpen = (value) => tab.set("open", value);
  const wasOpen = () => tab.get("open") === "1";

  let isOpenWanted = false;

  function open(isQuiet) {
    if (!config) {
      isOpenWanted = true;
      return;
    }
    if (!isOpen) {
      isOpen = true;
      memory.set("greeted", "1");
      rememberOpen("1");
      ui.panel.hidden = false;
      ui.pinned = true;
      applyMode();
      connect();
      render();
      onDraft();
      markRead();
    }
    if (isQuiet !== true) (ui.composer.hidden ? ui.card.querySelector("input") : ui.field).focus();
  }

  function close() {
    isOpenWanted = false;
    if (!isOpen) return;
    const hadFocus = document.activeElement === ui.root.getRootNode().host;
    isOpen = false;
    rememberOpen("0");
    toggleMenu(false);
    ui.panel.hidden = true;
    applyMode();
    render();
    if (hadFocus) ui.launch.focus();
  }

  window.Omni = { open: () => open(), close: () => close() };

  // ---------------------------------------------------------------- start

  const RTL = /^(ar|arc|ckb|dv|fa|he|ks|ps|sd|ug|ur|yi)\b/i;
  const text = (value, otherwise) => (typeof value === "string" && value ? value : otherwise);

  let ownLanguage = ""; // the business's

  /** The tag's word counts most, then the page's, then the business's. */
  const wantedLanguage = () => forcedLanguage || document.documentElement.lang || ownLanguage || "en";
  const shortOf = (tag) => tag.toLowerCase().split(/[-_]/)[0];

  function begin(given) {
    ownLanguage = text(given.lang, "");
    language = [wantedLanguage(), ownLanguage].map(shortOf).find((tag) => TEXTS[tag]) || "en";
    words = TEXTS[language].split("|");
    const list = (value) => (Array.isArray(value) ? value : []).filter((item) => text(item, ""));
    const form = given.pre_chat || {};
    const fields = list(form.fields).filter((name) => FIELDS[name]);
    config = {
      name: text(given.name, location.hostname),
      greeting: text(given.greeting, ""),
      // The business's own words stand in its own language.
      statusLine: language === "en" ? text(given.status_line, "") : say("status"),
      foot: language === "en" ? text(given.foot, "") : say("foot"),
      suggestions: list(given.suggestions).slice(0, 4),
      colors: given.colors || {},
      dir: RTL.test(wantedLanguage()) ? "rtl" : "ltr",
      preChat: { enabled: Boolean(form.enabled && fields.length), required: Boolean(form.required), fields },
      attachments: given.attachments || null,
    };
    onAbout(given);
    if (memory.get("sounds") === null && given.sounds) memory.set("sounds", "1");
    try {
      tray = JSON.parse(tab.get("files") || "[]");
    } catch {
      tray = [];
    }
    build();
    render();
    onDraft();
    if (isOpenWanted) open();
    else if (wasOpen() && !phone.matches) open(true);
    if (shouldConnect()) connect();
  }

  async function loadConfig(tries) {
    try {
      const answer = await fetch(`${origin}/chat/${encodeURIComponent(business)}/config`, { credentials: "omit" });
      if (answer.ok) {
        const given = await answer.json();
        memory.set("config", JSON.stringify(given));
        if (!config) begin(given);
        return;
      }
      if (answer.status === 404) {
        console.warn("Omni: this widget key is unknown.");
        return;
      }
    } catch (error) {
      if (config) throw error; // not the network: our own start failed
    }
    // Back on the page while Omni is out of reach: what was written and not sent must be seen.
    const known = !config && (session || pending.size) && memory.get("config");
    if (known) begin(JSON.parse(known));
    if (config) return;
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** tries) * (0.5 + Math.random() / 2);
    setTimeout(loadConfig, wait, tries + 1);
  }

  if (document.body) loadConfig(0);
  else document.addEventListener("DOMContentLoaded", () => loadConfig(0));
})();
