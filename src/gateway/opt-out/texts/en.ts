// Opt-out pages in English.
import type { PageTexts } from './shape.js';

export const ENGLISH: PageTexts = {
  name: 'English',
  direction: 'ltr',
  ask: {
    title: 'Stop receiving messages?',
    everything: 'Press the button and you will get no more messages from us, on any channel.',
    sender: (from) => `Press the button and you will get no more messages from ${from}.`,
    button: 'Stop messages',
    ignore: 'If you want to go on receiving messages, just close this page.',
  },
  choice: {
    question: 'Which messages do you want to stop?',
    sender: (from) => `Only messages from ${from}`,
    everything: 'All messages from us, on any channel',
  },
  confirmed: {
    title: 'You have opted out',
    everything: 'You will get no more messages from us, on any channel.',
    sender: (from) => `You will get no more messages from ${from}.`,
    done: 'There is nothing else to do. You can close this page.',
    back: 'If you change your mind, answer one of our messages with START.',
    mistake: 'Pressed by mistake? You can take it back for the next ten minutes.',
    undo: 'Undo',
    more: 'Stop all messages',
  },
  undone: {
    title: 'Your opt-out was taken back',
    explain: 'You will go on receiving messages as before.',
    button: 'Stop messages after all',
  },
  stands: {
    title: 'You are still opted out',
    explain:
      'The opt-out can no longer be taken back here, because too much time has passed or something else came since.',
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
  email: 'e-mail',
  otherLanguages: 'Other languages',
};
