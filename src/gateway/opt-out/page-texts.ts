// What the opt-out pages say. A language is one entry of this table; the compiler tells what an entry lacks.
import type { SendingChannel } from '../../domain/channel.js';

export interface PageTexts {
  /** The language's own name, for the links between languages. */
  readonly name: string;
  readonly ask: {
    readonly title: string;
    /** What will stop; `from` is the sender and channel in words, undefined when everything will. */
    readonly explain: (from: string | undefined) => string;
    readonly button: string;
    readonly ignore: string;
  };
  readonly confirmed: {
    readonly title: string;
    readonly explain: (from: string | undefined) => string;
    readonly done: string;
    /** What is still possible. */
    readonly back: string;
  };
  readonly invalid: { readonly title: string; readonly explain: string };
  readonly unavailable: { readonly title: string; readonly explain: string; readonly button: string };
  /** `ACME by SMS`. */
  readonly from: (sender: string, channel: string) => string;
  readonly otherLanguages: string;
}

const ENGLISH: PageTexts = {
  name: 'English',
  ask: {
    title: 'Stop receiving messages?',
    explain: (from) =>
      from === undefined
        ? 'Press the button and you will get no more messages from us, on any channel.'
        : `Press the button and you will get no more messages from ${from}.`,
    button: 'Stop messages',
    ignore: 'If you want to go on receiving messages, just close this page.',
  },
  confirmed: {
    title: 'You have opted out',
    explain: (from) =>
      from === undefined
        ? 'You will get no more messages from us, on any channel.'
        : `You will get no more messages from ${from}.`,
    done: 'There is nothing else to do. You can close this page.',
    back: 'If you change your mind, answer one of our messages with START.',
  },
  invalid: {
    title: 'This link does not work',
    explain:
      'It is incomplete or was changed on its way. Open it again from the message, or answer the message with STOP instead.',
  },
  unavailable: {
    title: 'That did not work yet',
    explain: 'Your wish could not be saved just now. Please try again in a minute.',
    button: 'Try again',
  },
  from: (sender, channel) => `${sender} by ${channel}`,
  otherLanguages: 'Other languages',
};

const GERMAN: PageTexts = {
  name: 'Deutsch',
  ask: {
    title: 'Keine Nachrichten mehr erhalten?',
    explain: (from) =>
      from === undefined
        ? 'Wenn Sie auf die Schaltfläche drücken, erhalten Sie auf keinem Kanal mehr Nachrichten von uns.'
        : `Wenn Sie auf die Schaltfläche drücken, erhalten Sie keine Nachrichten mehr von ${from}.`,
    button: 'Nachrichten abbestellen',
    ignore: 'Möchten Sie weiterhin Nachrichten erhalten, schließen Sie einfach diese Seite.',
  },
  confirmed: {
    title: 'Sie haben sich abgemeldet',
    explain: (from) =>
      from === undefined
        ? 'Sie erhalten auf keinem Kanal mehr Nachrichten von uns.'
        : `Sie erhalten keine Nachrichten mehr von ${from}.`,
    done: 'Sie müssen nichts weiter tun und können diese Seite schließen.',
    back: 'Wenn Sie es sich anders überlegen, antworten Sie auf eine unserer Nachrichten mit START.',
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
  otherLanguages: 'Andere Sprachen',
};

const SPANISH: PageTexts = {
  name: 'Español',
  ask: {
    title: '¿Dejar de recibir mensajes?',
    explain: (from) =>
      from === undefined
        ? 'Pulse el botón y no recibirá más mensajes nuestros por ningún canal.'
        : `Pulse el botón y no recibirá más mensajes de ${from}.`,
    button: 'Dejar de recibir mensajes',
    ignore: 'Si quiere seguir recibiendo mensajes, cierre esta página.',
  },
  confirmed: {
    title: 'Se ha dado de baja',
    explain: (from) =>
      from === undefined
        ? 'No recibirá más mensajes nuestros por ningún canal.'
        : `No recibirá más mensajes de ${from}.`,
    done: 'No tiene que hacer nada más. Puede cerrar esta página.',
    back: 'Si cambia de opinión, responda a uno de nuestros mensajes con START.',
  },
  invalid: {
    title: 'Este enlace no funciona',
    explain:
      'Está incompleto o se modificó por el camino. Ábralo de nuevo desde el mensaje, o responda al mensaje con STOP.',
  },
  unavailable: {
    title: 'Todavía no ha funcionado',
    explain: 'Ahora mismo no hemos podido guardar su petición. Vuelva a intentarlo dentro de un minuto.',
    button: 'Volver a intentarlo',
  },
  from: (sender, channel) => `${sender} por ${channel}`,
  otherLanguages: 'Otros idiomas',
};

export const PAGE_TEXTS = { en: ENGLISH, de: GERMAN, es: SPANISH } as const satisfies Readonly<
  Record<string, PageTexts>
>;
export type PageLanguage = keyof typeof PAGE_TEXTS;
export const PAGE_LANGUAGES = Object.keys(PAGE_TEXTS) as PageLanguage[];

/** How people call the channels; the same in every language we have. */
export const CHANNEL_NAMES: Readonly<Record<SendingChannel, string>> = {
  SMS: 'SMS',
  MMS: 'MMS',
  VIBER: 'Viber',
  RCS: 'RCS',
  EMAIL: 'e-mail',
};
