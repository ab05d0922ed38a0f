"""Sentences none of the rules was fitted on."""

WANTS_A_PERSON = """
can I talk to somebody
could I speak with a human please
I want to speak with someone from your team
is there a human I can talk to
let me talk to a real human being
I'd like to talk to a member of your staff
please put me in contact with a person
connect me to your support team
I need to talk with someone about my treatment plan
could you transfer me to an employee
I'd prefer to speak to a person
can a human take over this conversation
hand this conversation to one of your people
get me someone who can actually help
get me a human
agent!
speak to an agent
talk to a live person
I want a live agent
customer support agent please
I would rather write with a person
can somebody from the clinic answer me please
I need a real person to answer this
are there any real people there
no bot please
I don't want a bot, I want a person
can I not speak to a machine
enough, give me a human
I want to speak to your manager
let me talk to the manager please
can you get your supervisor
who can I talk to about this
is there someone I can speak to
can I speak to someone in person about my bill
may I talk with the receptionist
put me through to somebody
could somebody call me back today
please have someone call me
can you ask a colleague to contact me
I'd like a call back from your team
ask your team to write to me
please forward this to your team
pass me to a colleague
I want to escalate
can this be escalated to a human
this is too complicated, I need a person
I'd like to explain it to a person
let a person look at this please
I want human help
human help please
I need an operator
operator
representative please
can I chat with a real agent
wanna talk to a real person
let me speak to a human pls
i need to talk to smbd real
can an employee help me with this
can one of your colleagues help me
I would like to reach a person at your office
I want to be transferred to a person
switch me to a human agent
I insist on talking to a person
you can't help me, let me talk to someone who can
I keep getting robot answers, please let me talk to someone
may I be connected to someone from the practice
I'd like to have a real conversation with someone
quiero hablar con un humano
¿me puede atender una persona?
puedo hablar con un agente
je voudrais parler à une vraie personne
puis-je parler à un conseiller
ich möchte mit einem echten Menschen reden
kann ich mit einem Mitarbeiter sprechen
quero falar com uma pessoa
gostaria de falar com um atendente
vorrei parlare con una persona reale
posso parlare con un operatore
أريد أن أتحدث مع موظف
मुझे किसी इंसान से बात करनी है
""".strip().splitlines()

ABOUT_SOMETHING_ELSE = """
are you a bot
who am I talking to
do you have a human resources department
which of your doctors is the best
how long has the receptionist worked there
can I speak Spanish with the doctor
does the dentist talk me through everything
can my friend come with me to talk about it
can two people come at once
how many people can join
do I need a person to take me home
can someone else drive me
will somebody remind me
do you call patients before the visit
what number do I call
how do I call you
when can I call
who picks up the phone at night
what does the person at the desk need from me
is a representative of the insurer there
do you work with agents
is your cleaning agent natural
can you transfer my x-rays
can I transfer my booking
do you connect to my insurer
can I contact you on WhatsApp
your staff was lovely
tell the team thanks from me
one of your colleagues gave me a leaflet about whitening, what does it cost
a friend told me to ask about implants
my daughter wants to talk about braces, at what age do you start
can I talk during the treatment
I cannot speak because of the swelling, what should I do
I lost my voice after the surgery
person with disability discount
do you have a price per person
""".strip().splitlines()

ANGRY = """
This is absolutely unacceptable!
I am furious
you are all incompetent
worst clinic I have ever been to
what a ridiculous service
I'm fed up with your excuses
I am sick of this
you idiots charged me twice
THIS IS RIDICULOUS!!! ANSWER ME
are you kidding me?!
your service is a disgrace
you are a bunch of liars
I want my money back, you scammers
this is the worst experience I ever had
shame on all of you
I will sue your company
how dare you
you are useless
this bot is useless and stupid
I'm extremely angry about what happened
what the hell is wrong with you
never coming back, horrible service
you wasted my time again
your receptionist was incredibly rude to me
esto es inaceptable
son unos ladrones
c'est inadmissible
vous êtes nuls, c'est une honte
das ist eine Frechheit
ihr seid unfähig
isso é um absurdo
vocês são uns incompetentes
è inaccettabile
siete dei ladri
هذا غير مقبول
यह बिल्कुल बकवास है
""".strip().splitlines()

CALM = """
my tooth is killing me
this is terribly painful
I have a terrible toothache
my jaw hurts like hell
it is unbearable, I need a dentist today
my gum looks awful, is that normal
I hate needles
I am afraid of the dentist
I'm angry at myself for not coming earlier, how much is a crown
is whitening bad for the teeth
what is the worst case after an extraction
HOW MUCH IS A CHECK-UP
PLEASE HELP I LOST A FILLING
hello???
thank you so much!!!
are you there?
my package is late
I was charged twice, can you check
I want a refund please
I would like to make a complaint
that is not what I meant
no, thanks
can I sue my landlord
my husband is mad at his insurer, do you bill them directly
do you treat aggressive gum disease
is it a scam when they ask for prepayment by phone
ridiculously good, thank you
me duele muchísimo la muela
j'ai terriblement mal aux dents
ich habe furchtbare Zahnschmerzen
""".strip().splitlines()
