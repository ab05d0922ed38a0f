"""Mails as mail programs of many languages write them, own sentences: (name, what the customer wrote now, what stands below)."""

MAILS: tuple[tuple[str, str, str], ...] = (
    (
        "English, Gmail",
        "Yes, Tuesday at ten is fine.\n\n",
        "On Mon, May 4, 2026 at 9:12 AM Harbour Dental <hello@harbour.example> wrote:\n\n> Would Tuesday suit you?\n> At ten?\n",
    ),
    (
        "English, Gmail, header over two lines",
        "Please send the invoice again.\n\n",
        "On Mon, May 4, 2026 at 9:12 AM Harbour Dental Reception and Billing\n<hello@harbour.example> wrote:\n\n> Here it is.\n",
    ),
    (
        "English, Apple Mail, header over three lines without marks",
        "It still hurts a little.\n\n",
        "On 4 May 2026,\nat 09:12, Harbour Dental\n<hello@harbour.example> wrote:\n\nHow is the tooth?\nThe team\n",
    ),
    (
        "English, Outlook",
        "I will bring the form.\n\n",
        "From: Harbour Dental <hello@harbour.example>\nSent: Monday, May 4, 2026 9:12 AM\nTo: Ann Lee <ann@example.com>\n"
        "Subject: Your visit\n\nPlease bring the form.\n",
    ),
    (
        "English, Outlook with a line above and bold labels",
        "See you then.\n\n",
        "________________________________\n*From:* Harbour Dental <hello@harbour.example>\n*Sent:* Monday, May 4, 2026 9:12 AM\n"
        "*To:* Ann Lee\n*Subject:* Your visit\n\nUntil Tuesday.\n",
    ),
    (
        "English, old Outlook",
        "Thanks, got it.\n\n",
        "-----Original Message-----\nFrom: Harbour Dental\nSent: Monday, May 4, 2026\nTo: Ann\nSubject: Bill\n\nThe bill.\n",
    ),
    ("English, signature", "Can I come earlier?\n\n", "-- \nAnn Lee\n+1 902 555 0100\n"),
    ("English, phone", "Can I come earlier?\n\n", "Sent from my iPhone\n"),
    ("English, Outlook for iOS", "Can I come earlier?\n\n", "Get Outlook for iOS<https://aka.example/o0ukef>\n"),
    ("English, closing", "Can I come earlier?\n\n", "Kind regards,\nAnn Lee\nHead of Sales\n+1 902 555 0100\n"),
    (
        "English, notice",
        "Can I come earlier?\n\n",
        "CONFIDENTIALITY NOTICE: This e-mail is only for the one it was sent to. If that is not you, delete it.\n",
    ),
    (
        "German, Gmail",
        "Ja, der Dienstag passt mir.\n\n",
        "Am Mo., 4. Mai 2026 um 09:12 Uhr schrieb Praxis am Hafen <hallo@hafen.example>:\n\n> Passt der Dienstag?\n",
    ),
    (
        "German, Outlook",
        "Danke, das Formular bringe ich mit.\n\n",
        "Von: Praxis am Hafen <hallo@hafen.example>\nGesendet: Montag, 4. Mai 2026 09:12\nAn: Anna Berg\nBetreff: Ihr Termin\n\n"
        "Bitte bringen Sie das Formular mit.\n",
    ),
    (
        "German, Thunderbird over two lines",
        "Wie teuer wird es?\n\n",
        "Am 04.05.2026 um 09:12 schrieb Praxis am Hafen, Empfang und\nAbrechnung:\n> Ihr Termin steht.\n",
    ),
    (
        "German, GMX",
        "Wie teuer wird es?\n\n",
        "Gesendet: Montag, 04. Mai 2026 um 09:12 Uhr\nVon: hallo@hafen.example\n"
        "An: anna@example.com\nBetreff: Ihr Termin\n\nTermin.\n",
    ),
    ("German, phone", "Wie teuer wird es?\n\n", "Von meinem iPhone gesendet\n"),
    ("German, closing", "Wie teuer wird es?\n\n", "Mit freundlichen Grüßen\nAnna Berg\n"),
    (
        "French, Gmail",
        "Oui, mardi me convient.\n\n",
        "Le lun. 4 mai 2026 à 09:12, Cabinet du Port <bonjour@port.example> a écrit :\n\n> Mardi vous convient ?\n",
    ),
    (
        "French, Outlook",
        "Je viendrai à dix heures.\n\n",
        "De : Cabinet du Port <bonjour@port.example>\nEnvoyé : lundi 4 mai 2026 09:12\n"
        "À : Anne Petit\nObjet : Votre visite\n\nÀ mardi.\n",
    ),
    ("French, phone", "Je viendrai à dix heures.\n\n", "Envoyé de mon iPhone\n"),
    (
        "Spanish, Gmail",
        "Sí, el martes me va bien.\n\n",
        "El lun, 4 may 2026 a las 9:12, Clínica del Puerto (<hola@puerto.example>) escribió:\n\n> ¿El martes?\n",
    ),
    (
        "Spanish, Outlook",
        "Sí, el martes me va bien.\n\n",
        "De: Clínica del Puerto <hola@puerto.example>\nEnviado: lunes, 4 de mayo de 2026 9:12\n"
        "Para: Ana\nAsunto: Su cita\n\nEl martes.\n",
    ),
    (
        "Portuguese, Gmail",
        "Sim, terça-feira está bem.\n\n",
        "Em seg., 4 de mai. de 2026 às 09:12, Clínica do Porto <ola@porto.example>\nescreveu:\n\n> Terça-feira?\n",
    ),
    (
        "Portuguese, Outlook",
        "Quanto custa?\n\n",
        "De: Clínica do Porto <ola@porto.example>\nEnviada em: segunda-feira, 4 de maio de 2026 09:12\nPara: Ana\n"
        "Assunto: A sua consulta\n\nAté terça.\n",
    ),
    (
        "Portuguese, separator",
        "Quanto custa?\n\n",
        "-----Mensagem original-----\nDe: Clínica do Porto\n"
        "Enviada em: 4 de maio de 2026\nPara: Ana\nAssunto: Consulta\n\nTerça.\n",
    ),
    ("Portuguese, phone", "Quanto custa?\n\n", "Enviado do meu iPhone\n"),
    (
        "Italian, Gmail",
        "Sì, martedì va bene.\n\n",
        "Il giorno lun 4 mag 2026 alle ore 09:12 Studio del Porto <ciao@porto.example> ha scritto:\n\n> Martedì?\n",
    ),
    (
        "Italian, Outlook",
        "Sì, martedì va bene.\n\n",
        "Da: Studio del Porto <ciao@porto.example>\nInviato: lunedì 4 maggio 2026 09:12\n"
        "A: Anna\nOggetto: La visita\n\nA martedì.\n",
    ),
    (
        "Dutch, Gmail",
        "Ja, dinsdag is goed.\n\n",
        "Op ma 4 mei 2026 om 09:12 schreef Praktijk Haven <hallo@haven.example>:\n\n> Komt dinsdag uit?\n",
    ),
    (
        "Dutch, Apple",
        "Ja, dinsdag is goed.\n\n",
        "Op 4 mei 2026, om 09:12 heeft Praktijk Haven <hallo@haven.example> het volgende geschreven:\n\nKomt dinsdag uit?\n",
    ),
    (
        "Danish, Outlook",
        "Ja, tirsdag passer fint.\n\n",
        "Fra: Havneklinikken <hej@havn.example>\nSendt: 4. maj 2026 09:12\nTil: Anna\nEmne: Din tid\n\nPasser tirsdag?\n",
    ),
    (
        "Norwegian, Gmail",
        "Ja, tirsdag passer bra.\n\n",
        "man. 4. mai 2026 kl. 09:12 skrev Havneklinikken <hei@havn.example>:\n\n> Passer tirsdag?\n",
    ),
    (
        "Norwegian, Outlook",
        "Ja, tirsdag passer bra.\n\n",
        "Fra: Havneklinikken <hei@havn.example>\nSendt: mandag 4. mai 2026 09:12\n"
        "Til: Anne\nEmne: Timen din\n\nPasser tirsdag?\n",
    ),
    (
        "Swedish, Gmail",
        "Ja, tisdag går bra.\n\n",
        "Den mån 4 maj 2026 kl 09:12 skrev Hamnkliniken <hej@hamn.example>:\n\n> Passar tisdag?\n",
    ),
    (
        "Finnish, Gmail",
        "Kyllä, tiistai sopii.\n\n",
        "ma 4. toukok. 2026 klo 9.12 Satamaklinikka (<hei@satama.example>) kirjoitti:\n\n> Sopiiko tiistai?\n",
    ),
    (
        "Finnish, Outlook",
        "Kyllä, tiistai sopii.\n\n",
        "Lähettäjä: Satamaklinikka <hei@satama.example>\nLähetetty: maanantai 4. toukokuuta 2026 9.12\nVastaanottaja: Anna\n"
        "Aihe: Aikanne\n\nSopiiko tiistai?\n",
    ),
    ("Finnish, phone", "Kyllä, tiistai sopii.\n\n", "Lähetetty iPhonesta\n"),
    (
        "Polish, Gmail",
        "Tak, wtorek mi pasuje.\n\n",
        "pon., 4 maj 2026 o 09:12 Klinika Portowa <witaj@port.example> napisał(a):\n\n> Czy wtorek pasuje?\n",
    ),
    (
        "Polish, Outlook",
        "Ile to kosztuje?\n\n",
        "Od: Klinika Portowa <witaj@port.example>\nWysłano: poniedziałek, 4 maja 2026 09:12\n"
        "Do: Anna\nTemat: Wizyta\n\nWtorek?\n",
    ),
    (
        "Czech, Seznam",
        "Ano, úterý je v pořádku.\n\n",
        "Dne po 4. 5. 2026 9:12 uživatel Přístavní klinika <ahoj@pristav.example>\nnapsal:\n\n> Hodí se úterý?\n",
    ),
    (
        "Hungarian, Gmail",
        "Igen, a kedd megfelel.\n\n",
        "Kikötő Klinika <szia@kikoto.example> ezt írta (időpont: 2026. máj. 4., H, 9:12):\n\n> Jó a kedd?\n",
    ),
    (
        "Romanian, Gmail",
        "Da, marți este bine.\n\n",
        "În lun., 4 mai 2026 la 09:12, Clinica Portului <salut@port.example> a scris:\n\n> Marți?\n",
    ),
    (
        "Russian, Gmail",
        "Да, вторник подходит.\n\n",
        "пн, 4 мая 2026 г. в 09:12, Клиника у порта <privet@port.example>:\n\n> Вторник подходит?\n",
    ),
    (
        "Russian, Mail.ru without marks",
        "Сколько это стоит?\n\n",
        "Понедельник, 4 мая 2026, 9:12 +03:00 от Клиника у порта <privet@port.example>:\n\nВторник подходит?\n",
    ),
    (
        "Russian, Outlook",
        "Сколько это стоит?\n\n",
        "От: Клиника у порта <privet@port.example>\nОтправлено: 4 мая 2026 г. 9:12\nКому: Анна\nТема: Ваш визит\n\nВо вторник?\n",
    ),
    ("Russian, phone", "Сколько это стоит?\n\n", "Отправлено с iPhone\n"),
    (
        "Ukrainian, Gmail",
        "Так, вівторок підходить.\n\n",
        "пн, 4 трав. 2026 р. о 09:12 Клініка <pryvit@port.example> пише:\n\n> Вівторок?\n",
    ),
    (
        "Turkish, Gmail",
        "Evet, salı uygun.\n\n",
        "Liman Kliniği <merhaba@liman.example>, 4 May 2026 Pzt, 09:12 tarihinde şunu yazdı:\n\n> Salı uygun mu?\n",
    ),
    (
        "Turkish, Outlook",
        "Evet, salı uygun.\n\n",
        "Kimden: Liman Kliniği <merhaba@liman.example>\n"
        "Gönderme Tarihi: 4 Mayıs 2026 Pazartesi 09:12\nKime: Ayşe\nKonu: Randevu\n\nSalı?\n",
    ),
    ("Turkish, phone", "Evet, salı uygun.\n\n", "iPhone'umdan gönderildi\n"),
    (
        "Greek, Gmail",
        "Ναι, η Τρίτη με βολεύει.\n\n",
        "Στις Δευ 4 Μαΐ 2026 στις 9:12 π.μ., ο χρήστης Κλινική <geia@limani.example> έγραψε:\n\n> Την Τρίτη;\n",
    ),
    (
        "Arabic, Gmail",
        "نعم، يوم الثلاثاء مناسب.\n\n",
        "في الاثنين، 4 مايو 2026 في 9:12 ص تمت كتابة ما يلي بواسطة عيادة الميناء <marhaba@mina.example>:\n"
        "\n> هل يناسبك الثلاثاء؟\n",
    ),
    (
        "Arabic, Outlook",
        "كم يكلف ذلك؟\n\n",
        "من: عيادة الميناء <marhaba@mina.example>\nتاريخ الإرسال: 4 مايو 2026\nإلى: آن\nالموضوع: موعدك\n\nإلى الثلاثاء.\n",
    ),
    (
        "Hebrew, Gmail without a colon at its end",
        "כן, יום שלישי מתאים.\n\n",
        "\u200fבתאריך יום ב׳, 4 במאי 2026 ב-9:12 מאת \u202aמרפאת הנמל\u202c\u200f "
        "<\u202ashalom@namal.example\u202c\u200f>:\u200f\n"
        "\n> שלישי?\n",
    ),
    (
        "Hindi, Gmail",
        "हाँ, मंगलवार ठीक है।\n\n",
        "सोम, 4 मई 2026 को 9:12 पूर्वाह्न बजे बंदरगाह क्लिनिक <namaste@port.example> ने लिखा:\n\n> क्या मंगलवार ठीक है?\n",
    ),
    (
        "Chinese, Gmail",
        "可以，星期二没问题。\n\n",
        "港口诊所 <nihao@port.example> 于2026年5月4日周一 09:12写道：\n\n> 星期二可以吗？\n",
    ),
    (
        "Chinese, Outlook",
        "多少钱？\n\n",
        "发件人: 港口诊所 <nihao@port.example>\n发送时间: 2026年5月4日 9:12\n收件人: 安\n主题: 您的预约\n\n星期二见。\n",
    ),
    (
        "Chinese, QQ",
        "多少钱？\n\n",
        "------------------ 原始邮件 ------------------\n发件人: 港口诊所\n"
        "发送时间: 2026年5月4日(星期一) 上午9:12\n收件人: 安\n主题: 预约\n\n见。\n",
    ),
    ("Chinese, phone", "多少钱？\n\n", "发自我的iPhone\n"),
    (
        "Taiwan, Gmail",
        "可以，星期二沒問題。\n\n",
        "港口診所 <nihao@port.example> 於 2026年5月4日 週一 上午9:12寫道：\n\n> 星期二可以嗎？\n",
    ),
    (
        "Japanese, Gmail",
        "はい、火曜日で大丈夫です。\n\n",
        "2026年5月4日(月) 9:12 みなと歯科 <konnichiwa@minato.example>:\n\n> 火曜日はいかがですか。\n",
    ),
    (
        "Japanese, Apple",
        "料金はいくらですか。\n\n",
        "2026/05/04 9:12、みなと歯科 <konnichiwa@minato.example>のメール:\n\n火曜日にお待ちしています。\n",
    ),
    (
        "Japanese, Outlook",
        "料金はいくらですか。\n\n",
        "差出人: みなと歯科 <konnichiwa@minato.example>\n送信日時: 2026年5月4日 9:12\n宛先: アン\n件名: ご予約\n\n火曜日に。\n",
    ),
    ("Japanese, phone", "料金はいくらですか。\n\n", "iPhoneから送信\n"),
    (
        "Korean, Gmail",
        "네, 화요일 괜찮습니다.\n\n",
        "2026년 5월 4일 (월) 오전 9:12, 항구치과 <annyeong@port.example>님이 작성:\n\n> 화요일 괜찮으세요?\n",
    ),
    (
        "Korean, Outlook",
        "얼마인가요?\n\n",
        "보낸 사람: 항구치과 <annyeong@port.example>\n보낸 날짜: 2026년 5월 4일 월요일 오전 9:12\n"
        "받는 사람: 안\n제목: 예약\n\n화요일에 뵙겠습니다.\n",
    ),
    ("Korean, phone", "얼마인가요?\n\n", "나의 iPhone에서 보냄\n"),
    (
        "Vietnamese, Gmail",
        "Vâng, thứ Ba được ạ.\n\n",
        "Vào Th 2, 4 thg 5, 2026 vào lúc 09:12 Phòng khám <xinchao@cang.example> đã viết:\n\n> Thứ Ba được không?\n",
    ),
    (
        "Thai, Gmail",
        "ได้ค่ะ วันอังคารสะดวก\n\n",
        "ในวันที่ จ. 4 พ.ค. 2026 เวลา 09:12 คลินิก <sawasdee@tha.example> เขียนว่า:\n\n> วันอังคารสะดวกไหม\n",
    ),
    (
        "Indonesian, Gmail",
        "Ya, hari Selasa bisa.\n\n",
        "Pada tanggal Sen, 4 Mei 2026 pukul 09.12 Klinik <halo@pelabuhan.example> menulis:\n\n> Selasa bisa?\n",
    ),
    (
        "quote, then phone line above it",
        "Yes please.\n\n",
        "Sent from my iPhone\n\n> On 4 May 2026, at 09:12, Harbour Dental <hello@harbour.example> wrote:\n>\n> Tuesday?\n",
    ),
    (
        "closing, card, notice and quote",
        "Yes please.\n\n",
        "Best regards\nAnn Lee\n\nThis e-mail and any attachments are confidential.\n\n"
        "On 4 May 2026, Harbour Dental <hello@harbour.example> wrote:\n> Tuesday?\n",
    ),
)

# Mails of which nothing may be folded.
WHOLE: tuple[tuple[str, str], ...] = (
    ("one line", "Can I come earlier?"),
    ("empty", ""),
    ("only a quote", "> Tuesday?\n> At ten?\n"),
    ("only a header and a quote", "On 4 May 2026, Ann <ann@example.com> wrote:\n\n> Tuesday?\n"),
    ("only a signature", "-- \nAnn Lee\n"),
    ("a sentence that ends with wrote", "My doctor wrote:\ntake two a day.\nIs that right?\n"),
    ("thanks in the middle", "Thanks,\nbut my order 4711 has not come. Where is it?\n"),
    ("a list with dashes", "I need:\n- two kits\n- one brush\n"),
    ("a form", "From: Halifax\nTo: Toronto\nHow much is the delivery?\n"),
    ("answers between the lines", "> Which day?\n\nTuesday.\n\n> At what time?\n\nTen o'clock.\n"),
    (
        "answers below the quote",
        "On 4 May 2026, Harbour Dental <hello@harbour.example> wrote:\n> Which day?\n\nTuesday, please.\n",
    ),
    (
        "a mail that is handed on",
        "Is this really from you?\n\n---------- Forwarded message ---------\nFrom: Prize Office <win@prize.example>\n"
        "Date: Mon, May 4, 2026 at 9:12 AM\nSubject: You won\nTo: <ann@example.com>\n\nSend us your card number.\n",
    ),
)
