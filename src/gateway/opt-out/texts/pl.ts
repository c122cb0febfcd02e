// Opt-out pages in Polish.
import type { PageTexts } from './shape.js';

export const POLISH: PageTexts = {
  name: 'Polski',
  direction: 'ltr',
  ask: {
    title: 'Nie chcesz już otrzymywać wiadomości?',
    everything: 'Po naciśnięciu przycisku nie będziemy już wysyłać Ci wiadomości żadnym kanałem.',
    sender: (from) => `Po naciśnięciu przycisku nie otrzymasz więcej wiadomości od: ${from}.`,
    button: 'Zrezygnuj z wiadomości',
    ignore: 'Jeśli chcesz nadal otrzymywać wiadomości, po prostu zamknij tę stronę.',
  },
  choice: {
    question: 'Z których wiadomości chcesz zrezygnować?',
    sender: (from) => `Tylko z wiadomości od: ${from}`,
    everything: 'Ze wszystkich naszych wiadomości, we wszystkich kanałach',
  },
  confirmed: {
    title: 'Rezygnacja została przyjęta',
    everything: 'Nie będziemy już wysyłać Ci wiadomości żadnym kanałem.',
    sender: (from) => `Nie otrzymasz więcej wiadomości od: ${from}.`,
    done: 'Nie musisz robić nic więcej. Możesz zamknąć tę stronę.',
    back: 'Jeśli zmienisz zdanie, odpowiedz START na jedną z naszych wiadomości.',
    mistake: 'Naciśnięto przez pomyłkę? Przez najbliższe dziesięć minut można to cofnąć.',
    undo: 'Cofnij',
    more: 'Zrezygnuj ze wszystkich wiadomości',
  },
  undone: {
    title: 'Rezygnacja została cofnięta',
    explain: 'Nadal będziesz otrzymywać wiadomości tak jak dotąd.',
    button: 'Jednak zrezygnuj z wiadomości',
  },
  stands: {
    title: 'Rezygnacja nadal obowiązuje',
    explain: 'Nie można jej już tutaj cofnąć: minęło zbyt wiele czasu lub w międzyczasie wydarzyło się coś innego.',
  },
  invalid: {
    title: 'Ten link nie działa',
    explain:
      'Jest niekompletny lub został po drodze zmieniony. Otwórz go ponownie z wiadomości albo odpowiedz na wiadomość STOP.',
  },
  unavailable: {
    title: 'Jeszcze się nie udało',
    explain: 'Nie udało się teraz zapisać Twojej decyzji. Spróbuj ponownie za minutę.',
    button: 'Spróbuj ponownie',
  },
  from: (sender, channel) => `${sender} (${channel})`,
  email: 'e-mail',
  otherLanguages: 'Inne języki',
};
