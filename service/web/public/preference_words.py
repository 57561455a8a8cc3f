"""The words of the pages on which people choose what they get, leave, and come back, by language."""

from __future__ import annotations

from service.domain.leaving import MEANINGS

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Your mail from us",
        "comes": "This comes to {address}:",
        "nothing_comes": "No marketing mail goes to {address}.",
        "forgotten": "We keep nothing about you any more, so there is nothing to choose.",
        "left": "left",
        "off": "off",
        "barred": "we may not write to you",
        "leave": "Leave",
        "leave_aria": "Leave {topic}",
        "again": "Get it again",
        "again_aria": "Get it again: {topic}",
        "wording": "{topic}: Get it again",
        "services": "What you need for what you book",
        "services_hint": "This is no marketing, and stays when you leave everything else. Each has its own switch.",
        "switch_off": "Turn off",
        "switch_off_aria": "Turn off {topic}",
        "switch_on": "Turn on",
        "switch_on_aria": "Turn on {topic}",
        "how_often": "How often",
        "less_hint": "Too much? Then you get what matters most, and the rest stays away. What you book, and what you "
        "ask for, still comes at once.",
        "less_now": "We write to you less often, as you wished. What you book, and what you ask for, still comes at "
        "once.",
        "less": "Less often, please",
        "as_before": "As often as before",
        "pause": "A pause",
        "pause_hint": "Away, or too much going on? We stay quiet for a while and then go on. What you book, and what "
        "you ask for, still comes.",
        "paused": "We are quiet until {day}. What you book, and what you ask for, still comes.",
        "pause_days": "Pause for {days} days",
        "go_on": "Go on now",
        "address": "Your address",
        "address_hint": "We send a mail with a button to the new address. Nothing changes before it is pressed.",
        "address_label": "New email address",
        "address_button": "Send the mail",
        "data": "Your data",
        "my_data": "See what we keep about you",
        "my_data_late": "The newest mail from us leads to all that we keep about you; this one is older than 30 days.",
        "forget_hint": "We can forget you altogether. You get a mail with a button; once it is pressed, all that we "
        "keep about you is gone. Only a code stays, so that nobody writes to you again; it tells no address.",
        "forget": "Forget me",
        "not_at_all": "Or not at all",
        "leave_all": "Unsubscribe from everything",
        "undo": "Undo",
        "undo_aria": "Undo: get “{topic}” again as before",
        "why": "Would you tell us why?",
        "manage": "See everything you get from us",
        # What was done, or could not be.
        "unclear": "Nothing was changed: please choose what to change.",
        "barred_notice": "We may not write to you about “{topic}”, so nothing was changed. Do you want it after all? "
        "Then write to us: ",
        "less_done": "We write to you less often from now on.",
        "as_before_done": "We write to you as often as before.",
        "pause_done": "We are quiet until {day}.",
        "go_on_done": "Welcome back: we go on.",
        "topic_left": "You have left “{topic}”.",
        "service_off": "“{topic}” is off. Please keep your dates in mind yourself.",
        "topic_again": "Lovely: you get “{topic}” again.",
        "service_on": "“{topic}” is on again, from your next booking on.",
        "address_sent": "A mail is on its way to {address}. Press the button in it, and we write there from then on.",
        "address_same": "That is the address we write to already.",
        "address_bad": "That does not look like an email address. Nothing was changed.",
        "forget_sent": "A mail is on its way to {address}. Press the button in it, and we forget you.",
        "too_often": "That was often in a short time. Please try again in a few minutes.",
    },
    "de": {
        "title": "Deine Mail von uns",
        "comes": "Das geht an {address}:",
        "nothing_comes": "An {address} geht keine Werbung.",
        "forgotten": "Wir haben nichts mehr über dich gespeichert, also gibt es nichts zu wählen.",
        "left": "abbestellt",
        "off": "aus",
        "barred": "wir dürfen dir nicht schreiben",
        "leave": "Abbestellen",
        "leave_aria": "Abbestellen: {topic}",
        "again": "Wieder bekommen",
        "again_aria": "Wieder bekommen: {topic}",
        "wording": "{topic}: Wieder bekommen",
        "services": "Was du für deine Termine brauchst",
        "services_hint": "Das ist keine Werbung und bleibt, auch wenn du alles andere abbestellst. Jedes hat seinen "
        "eigenen Schalter.",
        "switch_off": "Ausschalten",
        "switch_off_aria": "Ausschalten: {topic}",
        "switch_on": "Einschalten",
        "switch_on_aria": "Einschalten: {topic}",
        "how_often": "Wie oft",
        "less_hint": "Zu viel? Dann bekommst du nur das Wichtigste, der Rest bleibt weg. Was du buchst und worum du "
        "bittest, kommt weiter sofort.",
        "less_now": "Wir schreiben dir seltener, wie du es wolltest. Was du buchst und worum du bittest, kommt weiter "
        "sofort.",
        "less": "Bitte seltener",
        "as_before": "So oft wie vorher",
        "pause": "Eine Pause",
        "pause_hint": "Verreist, oder gerade viel los? Wir sind eine Weile still und machen dann weiter. Was du buchst "
        "und worum du bittest, kommt trotzdem.",
        "paused": "Wir sind still bis zum {day}. Was du buchst und worum du bittest, kommt trotzdem.",
        "pause_days": "{days} Tage Pause",
        "go_on": "Jetzt weitermachen",
        "address": "Deine Adresse",
        "address_hint": "Wir schicken an die neue Adresse eine Mail mit einem Knopf. Vorher ändert sich nichts.",
        "address_label": "Neue E-Mail-Adresse",
        "address_button": "Mail schicken",
        "data": "Deine Daten",
        "my_data": "Ansehen, was wir über dich wissen",
        "my_data_late": "Unsere neueste Mail führt zu allem, was wir über dich wissen; diese ist älter als 30 Tage.",
        "forget_hint": "Wir können dich ganz vergessen. Du bekommst eine Mail mit einem Knopf; wer ihn drückt, löscht "
        "alles, was wir über dich gespeichert haben. Nur ein Code bleibt, damit dir niemand mehr schreibt; eine "
        "Adresse lässt sich daraus nicht lesen.",
        "forget": "Vergesst mich",
        "not_at_all": "Oder gar nichts mehr",
        "leave_all": "Von allem abmelden",
        "undo": "Rückgängig machen",
        "undo_aria": "Rückgängig machen: „{topic}“ wieder wie vorher",
        "why": "Sagst du uns, warum?",
        "manage": "Alles ansehen, was du von uns bekommst",
        "unclear": "Es wurde nichts geändert: Bitte wähle, was sich ändern soll.",
        "barred_notice": "Wir dürfen dir zu „{topic}“ nicht schreiben, deshalb wurde nichts geändert. Möchtest du es "
        "doch? Dann schreib uns: ",
        "less_done": "Wir schreiben dir ab jetzt seltener.",
        "as_before_done": "Wir schreiben dir so oft wie vorher.",
        "pause_done": "Wir sind still bis zum {day}.",
        "go_on_done": "Schön: Wir machen weiter.",
        "topic_left": "„{topic}“ ist abbestellt.",
        "service_off": "„{topic}“ ist aus. Bitte denk selbst an deine Termine.",
        "topic_again": "Schön: „{topic}“ bekommst du wieder.",
        "service_on": "„{topic}“ ist wieder an, ab deiner nächsten Buchung.",
        "address_sent": "Eine Mail ist unterwegs an {address}. Drück den Knopf darin, dann schreiben wir dir dorthin.",
        "address_same": "An diese Adresse schreiben wir dir schon.",
        "address_bad": "Das sieht nicht nach einer E-Mail-Adresse aus. Es wurde nichts geändert.",
        "forget_sent": "Eine Mail ist unterwegs an {address}. Drück den Knopf darin, dann vergessen wir dich.",
        "too_often": "Das war oft in kurzer Zeit. Bitte versuch es in ein paar Minuten noch einmal.",
    },
}

LEAVING: dict[str, dict[str, str]] = {
    "en": {
        "title": "Unsubscribe",
        "ask": "Leave our mail?",
        "ask_hint": "We write to {address}. One press, and we stop.",
        "already": "You have already left.",
        "already_hint": "We send no marketing mail to {address} any more. If you still get some, press once more.",
        "all": "Unsubscribe from everything",
        "only": "Only leave “{topic}”",
        "nobody": "We keep nothing about you any more, so there is nobody to write to.",
        "gone_topic": "There is no such topic any more. You can leave everything here, or choose on the page below.",
        "manage": "See everything you get from us",
    },
    "de": {
        "title": "Abmelden",
        "ask": "Unsere Mail abbestellen?",
        "ask_hint": "Wir schreiben an {address}. Ein Druck, und wir hören auf.",
        "already": "Du hast dich schon abgemeldet.",
        "already_hint": "An {address} geht keine Werbung mehr. Wenn doch noch etwas kommt, drück noch einmal.",
        "all": "Von allem abmelden",
        "only": "Nur „{topic}“ abbestellen",
        "nobody": "Wir haben nichts mehr über dich gespeichert, also gibt es niemanden, dem wir schreiben könnten.",
        "gone_topic": "Dieses Thema gibt es nicht mehr. Hier kannst du dich von allem abmelden, oder auf der Seite "
        "unten wählen.",
        "manage": "Alles ansehen, was du von uns bekommst",
    },
}

# By what has come of it: a heading, and what follows from it.
LEFT: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "all": (
            "Done. You have left.",
            "{address} gets no more marketing mail from us. Thank you for having had us in your mailbox.",
        ),
        "topic": (
            "Done. You have left “{topic}”.",
            "{address} gets no more mail of this kind. Anything else you asked for still comes.",
        ),
        "done": ("Welcome back.", "Everything is as it was before you left, and nothing is sent twice."),
        "already": ("You are back already.", "Everything is as it was before you left."),
        "late": (
            "That was more than an hour ago.",
            "It can’t be undone with a press any more; we keep to what you chose. You can always sign up again.",
        ),
        "gone": ("There is nothing left to do.", "We keep nothing about you any more, so there is nobody to write to."),
        "thanks": ("Thank you.", "That helps us to write better mail, or less of it."),
    },
    "de": {
        "all": (
            "Fertig. Du bist abgemeldet.",
            "An {address} geht keine Werbung mehr von uns. Danke, dass wir in deinem Postfach sein durften.",
        ),
        "topic": (
            "Fertig. „{topic}“ ist abbestellt.",
            "An {address} geht davon nichts mehr. Alles andere, worum du gebeten hast, kommt weiter.",
        ),
        "done": (
            "Schön, dass du wieder da bist.",
            "Alles ist so, wie es vor dem Abmelden war, und nichts kommt doppelt.",
        ),
        "already": ("Du bist schon wieder da.", "Alles ist so, wie es vor dem Abmelden war."),
        "late": (
            "Das ist mehr als eine Stunde her.",
            "Mit einem Druck lässt es sich nicht mehr rückgängig machen; wir halten uns an deine Wahl. Du kannst dich "
            "jederzeit neu anmelden.",
        ),
        "gone": (
            "Hier ist nichts mehr zu tun.",
            "Wir haben nichts mehr über dich gespeichert, also gibt es niemanden, dem wir schreiben könnten.",
        ),
        "thanks": ("Danke.", "Das hilft uns, bessere Mail zu schreiben, oder weniger."),
    },
}

AFTER: dict[str, dict[str, str]] = {
    "en": {
        "undo": "Undo",
        "undo_hint": "Pressed by mistake? For an hour you can take it back, and all goes on as before.",
        "why": "Would you tell us why?",
        "why_hint": "Only if you like. You have left either way.",
        "note": "Anything else?",
        "optional": "optional",
        "send": "Send",
        "too_long": "Please use at most 300 characters, on one line.",
        "all": "Unsubscribe from everything",
        "manage": "See everything you get from us",
    },
    "de": {
        "undo": "Rückgängig machen",
        "undo_hint": "Aus Versehen gedrückt? Eine Stunde lang kannst du es zurücknehmen, und alles geht weiter wie "
        "vorher.",
        "why": "Sagst du uns, warum?",
        "why_hint": "Nur wenn du magst. Abgemeldet bist du so oder so.",
        "note": "Noch etwas?",
        "optional": "wenn du magst",
        "send": "Abschicken",
        "too_long": "Bitte höchstens 300 Zeichen, auf einer Zeile.",
        "all": "Von allem abmelden",
        "manage": "Alles ansehen, was du von uns bekommst",
    },
}

# The reasons by their names, in the order in which they stand on the page.
REASONS: dict[str, dict[str, str]] = {
    "en": {
        "too-often": "Too much mail",
        "not-for-me": "It was not for me",
        "not-expected": "I had expected something else",
        "never-asked": "I never asked for it",
        "no-longer": "I don’t need it any more",
        "other": "Something else",
    },
    "de": {
        "too-often": "Zu viel Mail",
        "not-for-me": "Es war nichts für mich",
        "not-expected": "Ich hatte etwas anderes erwartet",
        "never-asked": "Ich habe nie darum gebeten",
        "no-longer": "Ich brauche es nicht mehr",
        "other": "Etwas anderes",
    },
}
assert all(list(names) == list(MEANINGS) for names in REASONS.values())

# By what a mailed button is for, and how far it is: a heading, and what follows from it.
MAILED: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "en": {
        "address": {
            "ask": ("Is this your new address?", "We write to {address} from now on. One press, and it is done."),
            "done": ("Done. This is your address now.", "We write to {address} from now on."),
            "over": ("This button has been used, or is too old.", "Nothing was changed by it just now."),
        },
        "forget": {
            "ask": (
                "Shall we forget you?",
                "All that we keep about you is deleted: your name, what you chose, what we sent you. It can’t be "
                "brought back.",
            ),
            "done": (
                "Done. We have forgotten you.",
                "Only a code stays, so that nobody writes to you again; no address can be read from it. "
                "Take good care of yourself.",
            ),
            "over": ("This button has been used, or is too old.", "Nothing was deleted by it just now."),
        },
    },
    "de": {
        "address": {
            "ask": ("Ist das deine neue Adresse?", "Wir schreiben dir ab jetzt an {address}. Ein Druck genügt."),
            "done": ("Fertig. Das ist jetzt deine Adresse.", "Wir schreiben dir ab jetzt an {address}."),
            "over": ("Dieser Knopf wurde schon benutzt, oder er ist zu alt.", "Damit wurde eben nichts geändert."),
        },
        "forget": {
            "ask": (
                "Sollen wir dich vergessen?",
                "Wir löschen alles, was wir über dich gespeichert haben: deinen Namen, was du gewählt hast, was wir "
                "dir geschickt haben. Das lässt sich nicht zurückholen.",
            ),
            "done": (
                "Fertig. Wir haben dich vergessen.",
                "Nur ein Code bleibt, damit dir niemand mehr schreibt; eine Adresse lässt sich daraus nicht lesen. "
                "Mach’s gut.",
            ),
            "over": ("Dieser Knopf wurde schon benutzt, oder er ist zu alt.", "Damit wurde eben nichts gelöscht."),
        },
    },
}
BUTTONS = {
    "en": {"address": "Yes, write to me there", "forget": "Yes, forget me"},
    "de": {"address": "Ja, schreibt mir dorthin", "forget": "Ja, vergesst mich"},
}
