"""What a referrer's own page says, in each language."""

from __future__ import annotations

WORDS = {
    "en": {
        "title": "Bring a friend",
        "intro": "This link is yours alone. Whoever signs up by it, we know that you sent them.",
        "friend_gets": "Your friend gets: {what}.",
        "you_get": "You get: {what}, once they have been here.",
        "link": "Your link",
        "hint": "Touch it, hold, and copy.",
        "send": "Send it by email",
        "text": "Send it as a text",
        "whatsapp": "Send it by WhatsApp",
        "share": "Send it on",
        "message": "Words to go with it, if you like",
        "subject": "You might like {business}",
        "letter": "Hello,\n\nI go to {business}, and I think you would like it there. Here is my link:\n\n{link}\n",
        "short": "I go to {business}, and I think you would like it there: {link}",
        "scan": "Or let your friend point a phone at this.",
        "picture": "The link as a QR code",
        "friends": "Your friends so far",
        "rewards": "What you get for it",
        "gone": "There is no link any more.",
        "nobody": "We keep nothing about you any more, so nobody can come by your link.",
    },
    "de": {
        "title": "Bring jemanden mit",
        "intro": "Dieser Link gehört nur dir. Wer sich darüber anmeldet, von dem wissen wir: du hast ihn geschickt.",
        "friend_gets": "Das bekommt dein Gast: {what}.",
        "you_get": "Das bekommst du nach dem ersten Besuch: {what}.",
        "link": "Dein Link",
        "hint": "Antippen, halten, kopieren.",
        "send": "Per E-Mail schicken",
        "text": "Als SMS schicken",
        "whatsapp": "Per WhatsApp schicken",
        "share": "Weitergeben",
        "message": "Ein paar Worte dazu, wenn du magst",
        "subject": "{business} könnte dir gefallen",
        "letter": "Hallo,\n\nich gehe zu {business} und glaube, dir würde es dort gefallen. "
        "Hier ist mein Link:\n\n{link}\n",
        "short": "Ich gehe zu {business} und glaube, dir würde es dort gefallen: {link}",
        "scan": "Oder lass dein Gegenüber ein Telefon hierauf richten.",
        "picture": "Der Link als QR-Code",
        "friends": "Bisher",
        "rewards": "Was du dafür bekommst",
        "gone": "Diesen Link gibt es nicht mehr.",
        "nobody": "Wir haben nichts mehr über dich gespeichert, also kann niemand über deinen Link kommen.",
    },
}
# For none, for one, and for more.
COUNTS = {
    "en": {
        "joined": ("Nobody yet, and that is fine.", "One friend has signed up.", "{} friends have signed up."),
        "qualified": ("", "One has been here.", "{} have been here."),
        "rewarded": ("", "For one you have had our thanks.", "For {} you have had our thanks."),
    },
    "de": {
        "joined": (
            "Noch niemand, und das ist in Ordnung.",
            "Eine Person hat sich angemeldet.",
            "{} Leute haben sich angemeldet.",
        ),
        "qualified": ("", "Eine davon war schon hier.", "{} davon waren schon hier."),
        "rewarded": ("", "Für eine haben wir dir gedankt.", "Für {} haben wir dir gedankt."),
    },
}
# How a reward stands. `waits`: the days until it is given are running; `asks`: a person looks.
STANDS = {
    "en": {
        "signed-up": "{who} has signed up. Yours comes after the first visit.",
        "waits": "{who} was here. Yours is on its way: you get it on {day}.",
        "asks": "{who} was here. We have a look, and then you hear from us.",
        "approved": "{who} was here. Yours is on its way.",
        "granted": "For {whom}: {what}.",
        "until": "For {whom}: {what}, good until {day}.",
        "redeemed": "For {whom}: {what}, used on {day}.",
        "refused": "For {whom} there is no reward.",
        "expired": "For {whom} the time is over.",
        "who": "a friend",
        "whom": "a friend",
        "own": "your own first visit",
    },
    "de": {
        "signed-up": "{who} hat sich angemeldet. Deins kommt nach dem ersten Besuch.",
        "waits": "{who} war hier. Deins ist unterwegs: du bekommst es am {day}.",
        "asks": "{who} war hier. Wir sehen kurz nach, dann hörst du von uns.",
        "approved": "{who} war hier. Deins ist unterwegs.",
        "granted": "Für {whom}: {what}.",
        "until": "Für {whom}: {what}, gültig bis {day}.",
        "redeemed": "Für {whom}: {what}, eingelöst am {day}.",
        "refused": "Für {whom} gibt es keine Belohnung.",
        "expired": "Für {whom} ist die Zeit vorbei.",
        "who": "jemand",
        "whom": "jemanden",
        "own": "deinen eigenen ersten Besuch",
    },
}
