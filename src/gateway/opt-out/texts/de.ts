// Opt-out pages in German.
import type { PageTexts } from './shape.js';

export const GERMAN: PageTexts = {
  name: 'Deutsch',
  direction: 'ltr',
  ask: {
    title: 'Keine Nachrichten mehr erhalten?',
    everything: 'Wenn Sie auf die Schaltfläche drücken, erhalten Sie auf keinem Kanal mehr Nachrichten von uns.',
    sender: (from) => `Wenn Sie auf die Schaltfläche drücken, erhalten Sie keine Nachrichten mehr von ${from}.`,
    button: 'Nachrichten abbestellen',
    ignore: 'Möchten Sie weiterhin Nachrichten erhalten, schließen Sie einfach diese Seite.',
  },
  choice: {
    question: 'Welche Nachrichten möchten Sie abbestellen?',
    sender: (from) => `Nur Nachrichten von ${from}`,
    everything: 'Alle Nachrichten von uns, auf jedem Kanal',
  },
  confirmed: {
    title: 'Sie haben sich abgemeldet',
    everything: 'Sie erhalten auf keinem Kanal mehr Nachrichten von uns.',
    sender: (from) => `Sie erhalten keine Nachrichten mehr von ${from}.`,
    done: 'Sie müssen nichts weiter tun und können diese Seite schließen.',
    back: 'Wenn Sie es sich anders überlegen, antworten Sie auf eine unserer Nachrichten mit START.',
    mistake: 'Aus Versehen gedrückt? In den nächsten zehn Minuten können Sie es zurücknehmen.',
    undo: 'Rückgängig machen',
    more: 'Alle Nachrichten abbestellen',
  },
  undone: {
    title: 'Ihre Abmeldung wurde zurückgenommen',
    explain: 'Sie erhalten weiterhin Nachrichten wie bisher.',
    button: 'Nachrichten doch abbestellen',
  },
  stands: {
    title: 'Sie sind weiterhin abgemeldet',
    explain:
      'Die Abmeldung lässt sich hier nicht mehr zurücknehmen, weil zu viel Zeit vergangen ist oder seither etwas anderes kam.',
  },
  invalid: {
    title: 'Dieser Link funktioniert nicht',
    explain:
      'Er ist unvollständig oder wurde unterwegs verändert. Öffnen Sie ihn noch einmal aus der Nachricht, oder beantworten Sie die Nachricht mit STOP.',
  },
  unavailable: {
    title: 'Das hat noch nicht geklappt',
    explain: 'Ihr Wunsch konnte gerade nicht gespeichert werden. Bitte versuchen Sie es in einer Minute noch einmal.',
    button: 'Noch einmal versuchen',
  },
  from: (sender, channel) => `${sender} per ${channel}`,
  email: 'E-Mail',
  otherLanguages: 'Andere Sprachen',
};
