/**
 * All texts of the page, in English and German. A key that German lacks fails the type check.
 *
 * A text is a string with {names}, or an object for numbers: the form that fits {count} is taken. Keys begin with the
 * place where they are used. Texts are never HTML.
 */
export interface Plural {
  one: string;
  other: string;
}

export const en = {
  // ---------------------------------------------------------------- everywhere
  "app.name": "callbridge",
  "app.skip": "Skip to the calls",
  "common.ok": "OK",
  "common.cancel": "Cancel",
  "common.close": "Close",
  "common.retry": "Try again",
  "common.loading": "Loading …",
  "common.unknownCaller": "Unknown caller",
  "common.seconds": { one: "{count} second", other: "{count} seconds" },
  "nav.label": "Main",
  "nav.desk": "Desk",
  "nav.supervisor": "Supervisor",
  "nav.wallboard": "Wallboard",
  "menu.user": "settings and log out",
  "menu.theme": "Appearance",
  "menu.theme.system": "As the system",
  "menu.theme.light": "Light",
  "menu.theme.dark": "Dark",
  "menu.language": "Language",
  "menu.logOut": "Log out",

  // ---------------------------------------------------------------- login
  "login.title": "Log in",
  "login.lead": "With the name and the password that your administrator gave you.",
  "login.agent": "Name",
  "login.password": "Password",
  "login.submit": "Log in",
  "login.missing": "Enter your name and your password.",
  "login.wait": {
    one: "Too many attempts. Try again in {count} second.",
    other: "Too many attempts. Try again in {count} seconds.",
  },
  "ended.expired": "Your session has ended. Log in again.",
  "ended.loggedOut": "You are logged out.",
  "ended.setOffline": "You are offline. Log in to take calls again.",

  // ---------------------------------------------------------------- my state
  "state.available": "Available",
  "state.busy": "Busy",
  "state.offline": "Offline",
  "state.offered": "Offered a call",
  "state.on_call": "On a call",
  "state.wrap_up": "Wrap-up",
  "state.mine": "My state",
  "state.now": "{state} for {time}",
  "state.afterCall": "After this: {state}",
  "state.set": "Set my state",
  "state.reasons": "Why busy",
  "state.otherReason": "Another reason …",
  "state.reason": "Reason",
  "state.reasonHint": "The others see it beside your name.",
  "state.useReason": "Set",
  "state.goOffline": "Offline: log out",
  "reason.break": "Break",
  "reason.lunch": "Lunch",
  "reason.meeting": "Meeting",
  "reason.training": "Training",
  "reason.paperwork": "Paperwork",
  "reason.logged_in": "just logged in",
  "reason.missed_offer": "offer not answered",
  "reason.phone_unreachable": "phone unreachable",

  // ---------------------------------------------------------------- connection
  "connection.connecting": "Connecting …",
  "connection.live": "Connected",
  "connection.lost": "Connection lost for {time}",
  "connection.lostBanner":
    "The gateway cannot be reached. Calls go on; what you see here is from {time} ago. Trying again …",

  // ---------------------------------------------------------------- desk
  "desk.calls": "My calls",
  "desk.call": "Call",
  "desk.phone": "Phone",
  "desk.noCall": "No call selected",
  "desk.noCallHint": "A call that is yours is shown here with everything that is known about it.",

  // ---------------------------------------------------------------- offers
  "offers.title": "Incoming call",

  // ---------------------------------------------------------------- calls
  "calls.none": "No calls",
  "calls.noneHint": "Become Available to get calls.",
  "calls.noneHintAvailable": "You are available: the next call for your groups is offered to you.",
  "call.waiting": "Waiting",
  "call.offering": "Ringing",
  "call.connecting": "Connecting",
  "call.talking": "Talking",
  "call.consulting": "Consulting",
  "call.external": "With an external party",
  "call.moving": "Being transferred",
  "call.falling_back": "With the fallback",
  "call.ending": "Ending",
  "call.ended": "Ended",
  "calls.time": "Time in this call",

  // ---------------------------------------------------------------- transfer
  "transfer.title": "Transfer",

  // ---------------------------------------------------------------- phone
  "phone.none": "No phone in the page",
  "phone.noneHint": "Answer calls on your desk phone or softphone.",

  // ---------------------------------------------------------------- supervisor
  "supervisor.title": "Supervisor",
  "supervisor.none": "Nothing to show yet",
  "wallboard.title": "Wallboard",

  // ---------------------------------------------------------------- errors, by the gateway's code
  "problem.unreachable": "The gateway cannot be reached. Check the network and try again.",
  "problem.unexpected": "Something went wrong. Try again.",
  "problem.internal_error": "Something went wrong in the gateway. Try again.",
  "problem.wrong_login": "Name or password is wrong.",
  "problem.too_many_attempts": "Too many attempts. Try again later.",
  "problem.busy": "The gateway has too much to do. Try again.",
  "problem.stopping": "The gateway is starting or stopping. Try again in a moment.",
  "problem.outcome_unknown": "No answer in time. Look at how things are before you try again.",
  "problem.store_unavailable": "The gateway's store cannot be reached. Try again.",
  "problem.pbx_unavailable": "The phone system cannot be reached. Try again in a moment.",
  "problem.token_expired": "Your session has ended. Log in again.",
  "problem.token_invalid": "Your session has ended. Log in again.",
  "problem.unknown_agent": "This agent is not configured any more.",
  "problem.unknown_call": "This call is not yours any more.",
  "problem.unknown_transfer": "This transfer is over.",
  "problem.unknown_party": "This party is not in the call any more.",
  "problem.unknown_offer": "This offer is over.",
  "problem.offer_ended": "This offer is over.",
  "problem.call_ended": "This call is over.",
  "problem.transfer_ended": "This transfer is over.",
  "problem.offline": "You are offline. Log in again.",
  "problem.not_talking": "This works only while you talk with the caller.",
  "problem.transfer_under_way": "A transfer of this call is under way already.",
  "problem.target_not_available": "They are not available now.",
  "problem.transfers_disabled": "Transfers are switched off.",
  "problem.supervised_disabled": "Supervised transfers are switched off.",
  "problem.external_not_allowed": "External numbers can be reached only with a supervised transfer.",
  "problem.number_not_allowed": "This number may not be called.",
  "problem.invalid_number": "This is not a phone number.",
  "problem.same_agent": "The call is yours already.",
  "problem.not_in_wrap_up": "There is no wrap-up to end.",
  "problem.too_many_notes": "This call has as many notes as it can have.",
} as const satisfies Record<string, string | Plural>;

export type Key = keyof typeof en;

export const de: Record<Key, string | Plural> = {
  // ---------------------------------------------------------------- überall
  "app.name": "callbridge",
  "app.skip": "Zu den Anrufen springen",
  "common.ok": "OK",
  "common.cancel": "Abbrechen",
  "common.close": "Schließen",
  "common.retry": "Erneut versuchen",
  "common.loading": "Wird geladen …",
  "common.unknownCaller": "Unbekannter Anrufer",
  "common.seconds": { one: "{count} Sekunde", other: "{count} Sekunden" },
  "nav.label": "Hauptmenü",
  "nav.desk": "Arbeitsplatz",
  "nav.supervisor": "Teamleitung",
  "nav.wallboard": "Wandanzeige",
  "menu.user": "Einstellungen und Abmelden",
  "menu.theme": "Darstellung",
  "menu.theme.system": "Wie das System",
  "menu.theme.light": "Hell",
  "menu.theme.dark": "Dunkel",
  "menu.language": "Sprache",
  "menu.logOut": "Abmelden",

  // ---------------------------------------------------------------- Anmeldung
  "login.title": "Anmelden",
  "login.lead": "Mit dem Namen und dem Passwort, die Sie von der Administration haben.",
  "login.agent": "Name",
  "login.password": "Passwort",
  "login.submit": "Anmelden",
  "login.missing": "Geben Sie Namen und Passwort ein.",
  "login.wait": {
    one: "Zu viele Versuche. In {count} Sekunde geht es wieder.",
    other: "Zu viele Versuche. In {count} Sekunden geht es wieder.",
  },
  "ended.expired": "Ihre Sitzung ist abgelaufen. Melden Sie sich neu an.",
  "ended.loggedOut": "Sie sind abgemeldet.",
  "ended.setOffline": "Sie sind offline. Melden Sie sich an, um wieder Anrufe zu bekommen.",

  // ---------------------------------------------------------------- mein Status
  "state.available": "Verfügbar",
  "state.busy": "Beschäftigt",
  "state.offline": "Offline",
  "state.offered": "Anruf angeboten",
  "state.on_call": "Im Gespräch",
  "state.wrap_up": "Nachbearbeitung",
  "state.mine": "Mein Status",
  "state.now": "{state} seit {time}",
  "state.afterCall": "Danach: {state}",
  "state.set": "Meinen Status setzen",
  "state.reasons": "Warum beschäftigt",
  "state.otherReason": "Anderer Grund …",
  "state.reason": "Grund",
  "state.reasonHint": "Die anderen sehen ihn bei Ihrem Namen.",
  "state.useReason": "Setzen",
  "state.goOffline": "Offline: abmelden",
  "reason.break": "Pause",
  "reason.lunch": "Mittagspause",
  "reason.meeting": "Besprechung",
  "reason.training": "Schulung",
  "reason.paperwork": "Büroarbeit",
  "reason.logged_in": "gerade angemeldet",
  "reason.missed_offer": "Angebot nicht beantwortet",
  "reason.phone_unreachable": "Telefon nicht erreichbar",

  // ---------------------------------------------------------------- Verbindung
  "connection.connecting": "Verbindung wird aufgebaut …",
  "connection.live": "Verbunden",
  "connection.lost": "Keine Verbindung seit {time}",
  "connection.lostBanner":
    "Das Gateway ist nicht erreichbar. Gespräche laufen weiter; was Sie hier sehen, ist {time} alt. Neuer Versuch läuft …",

  // ---------------------------------------------------------------- Arbeitsplatz
  "desk.calls": "Meine Anrufe",
  "desk.call": "Anruf",
  "desk.phone": "Telefon",
  "desk.noCall": "Kein Anruf ausgewählt",
  "desk.noCallHint": "Ein Anruf, den Sie haben, steht hier mit allem, was über ihn bekannt ist.",

  // ---------------------------------------------------------------- Angebote
  "offers.title": "Eingehender Anruf",

  // ---------------------------------------------------------------- Anrufe
  "calls.none": "Keine Anrufe",
  "calls.noneHint": "Werden Sie verfügbar, um Anrufe zu bekommen.",
  "calls.noneHintAvailable": "Sie sind verfügbar: Der nächste Anruf für Ihre Gruppen wird Ihnen angeboten.",
  "call.waiting": "Wartet",
  "call.offering": "Klingelt",
  "call.connecting": "Wird verbunden",
  "call.talking": "Im Gespräch",
  "call.consulting": "Rückfrage",
  "call.external": "Mit externem Teilnehmer",
  "call.moving": "Wird weitergegeben",
  "call.falling_back": "Bei der Ersatzansage",
  "call.ending": "Endet",
  "call.ended": "Beendet",
  "calls.time": "Zeit in diesem Anruf",

  // ---------------------------------------------------------------- Weitergabe
  "transfer.title": "Weitergeben",

  // ---------------------------------------------------------------- Telefon
  "phone.none": "Kein Telefon auf dieser Seite",
  "phone.noneHint": "Nehmen Sie Anrufe an Ihrem Tischtelefon oder Softphone an.",

  // ---------------------------------------------------------------- Teamleitung
  "supervisor.title": "Teamleitung",
  "supervisor.none": "Noch nichts zu zeigen",
  "wallboard.title": "Wandanzeige",

  // ---------------------------------------------------------------- Fehler
  "problem.unreachable": "Das Gateway ist nicht erreichbar. Prüfen Sie das Netz und versuchen Sie es erneut.",
  "problem.unexpected": "Etwas ist schiefgegangen. Versuchen Sie es erneut.",
  "problem.internal_error": "Im Gateway ist etwas schiefgegangen. Versuchen Sie es erneut.",
  "problem.wrong_login": "Name oder Passwort ist falsch.",
  "problem.too_many_attempts": "Zu viele Versuche. Versuchen Sie es später wieder.",
  "problem.busy": "Das Gateway hat zu viel zu tun. Versuchen Sie es erneut.",
  "problem.stopping": "Das Gateway startet oder stoppt. Versuchen Sie es gleich noch einmal.",
  "problem.outcome_unknown": "Keine rechtzeitige Antwort. Sehen Sie nach dem Stand, bevor Sie es erneut versuchen.",
  "problem.store_unavailable": "Der Speicher des Gateways ist nicht erreichbar. Versuchen Sie es erneut.",
  "problem.pbx_unavailable": "Die Telefonanlage ist nicht erreichbar. Versuchen Sie es gleich noch einmal.",
  "problem.token_expired": "Ihre Sitzung ist abgelaufen. Melden Sie sich neu an.",
  "problem.token_invalid": "Ihre Sitzung ist abgelaufen. Melden Sie sich neu an.",
  "problem.unknown_agent": "Diese Person ist nicht mehr eingerichtet.",
  "problem.unknown_call": "Dieser Anruf ist nicht mehr Ihrer.",
  "problem.unknown_transfer": "Diese Weitergabe ist vorbei.",
  "problem.unknown_party": "Dieser Teilnehmer ist nicht mehr im Gespräch.",
  "problem.unknown_offer": "Dieses Angebot ist vorbei.",
  "problem.offer_ended": "Dieses Angebot ist vorbei.",
  "problem.call_ended": "Dieser Anruf ist vorbei.",
  "problem.transfer_ended": "Diese Weitergabe ist vorbei.",
  "problem.offline": "Sie sind offline. Melden Sie sich neu an.",
  "problem.not_talking": "Das geht nur, während Sie mit dem Anrufer sprechen.",
  "problem.transfer_under_way": "Dieser Anruf wird bereits weitergegeben.",
  "problem.target_not_available": "Dort ist gerade niemand verfügbar.",
  "problem.transfers_disabled": "Weitergaben sind ausgeschaltet.",
  "problem.supervised_disabled": "Weitergaben mit Rückfrage sind ausgeschaltet.",
  "problem.external_not_allowed": "Externe Nummern sind nur mit Rückfrage erreichbar.",
  "problem.number_not_allowed": "Diese Nummer darf nicht angerufen werden.",
  "problem.invalid_number": "Das ist keine Telefonnummer.",
  "problem.same_agent": "Sie haben den Anruf bereits.",
  "problem.not_in_wrap_up": "Es läuft keine Nachbearbeitung.",
  "problem.too_many_notes": "Dieser Anruf hat bereits so viele Notizen wie möglich.",
};
