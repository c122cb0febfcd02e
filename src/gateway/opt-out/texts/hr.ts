// Opt-out pages in Croatian.
import type { PageTexts } from './shape.js';

export const CROATIAN: PageTexts = {
  name: 'Hrvatski',
  direction: 'ltr',
  ask: {
    title: 'Ne želite više primati poruke?',
    everything: 'Pritisnite gumb i više nećete primati naše poruke ni na jednom kanalu.',
    sender: (from) => `Pritisnite gumb i više nećete primati poruke od: ${from}.`,
    button: 'Zaustavi poruke',
    ignore: 'Ako želite i dalje primati poruke, samo zatvorite ovu stranicu.',
  },
  choice: {
    question: 'Koje poruke želite zaustaviti?',
    sender: (from) => `Samo poruke od: ${from}`,
    everything: 'Sve naše poruke, na svim kanalima',
  },
  confirmed: {
    title: 'Odjavljeni ste',
    everything: 'Više nećete primati naše poruke ni na jednom kanalu.',
    sender: (from) => `Više nećete primati poruke od: ${from}.`,
    done: 'Ne morate učiniti ništa više. Možete zatvoriti ovu stranicu.',
    back: 'Ako se predomislite, odgovorite na jednu od naših poruka sa START.',
    mistake: 'Pritisnuli ste pogreškom? Možete to poništiti u sljedećih deset minuta.',
    undo: 'Poništi',
    more: 'Zaustavi sve poruke',
  },
  undone: {
    title: 'Vaša je odjava poništena',
    explain: 'I dalje ćete primati poruke kao i prije.',
    button: 'Ipak zaustavi poruke',
  },
  stands: {
    title: 'I dalje ste odjavljeni',
    explain:
      'Odjava se ovdje više ne može poništiti: prošlo je previše vremena ili je u međuvremenu stiglo nešto drugo.',
  },
  invalid: {
    title: 'Ova poveznica ne radi',
    explain: 'Nepotpuna je ili je putem promijenjena. Otvorite je ponovno iz poruke ili na poruku odgovorite sa STOP.',
  },
  unavailable: {
    title: 'Još nije uspjelo',
    explain: 'Vašu želju trenutačno nije bilo moguće spremiti. Pokušajte ponovno za minutu.',
    button: 'Pokušaj ponovno',
  },
  from: (sender, channel) => `${sender} (${channel})`,
  email: 'e-pošta',
  otherLanguages: 'Drugi jezici',
};
