// Opt-out pages in Dutch.
import type { PageTexts } from './shape.js';

export const DUTCH: PageTexts = {
  name: 'Nederlands',
  direction: 'ltr',
  ask: {
    title: 'Geen berichten meer ontvangen?',
    everything: 'Druk op de knop en u krijgt geen berichten meer van ons, via geen enkel kanaal.',
    sender: (from) => `Druk op de knop en u krijgt geen berichten meer van ${from}.`,
    button: 'Berichten stoppen',
    ignore: 'Wilt u berichten blijven ontvangen, sluit dan gewoon deze pagina.',
  },
  choice: {
    question: 'Welke berichten wilt u stoppen?',
    sender: (from) => `Alleen berichten van ${from}`,
    everything: 'Al onze berichten, via elk kanaal',
  },
  confirmed: {
    title: 'U bent afgemeld',
    everything: 'U krijgt geen berichten meer van ons, via geen enkel kanaal.',
    sender: (from) => `U krijgt geen berichten meer van ${from}.`,
    done: 'U hoeft verder niets te doen en kunt deze pagina sluiten.',
    back: 'Bedenkt u zich, beantwoord dan een van onze berichten met START.',
    mistake: 'Per ongeluk gedrukt? U kunt het de komende tien minuten ongedaan maken.',
    undo: 'Ongedaan maken',
    more: 'Alle berichten stoppen',
  },
  undone: {
    title: 'Uw afmelding is ongedaan gemaakt',
    explain: 'U blijft berichten ontvangen zoals voorheen.',
    button: 'Toch berichten stoppen',
  },
  stands: {
    title: 'U bent nog steeds afgemeld',
    explain:
      'De afmelding kan hier niet meer ongedaan worden gemaakt: er is te veel tijd verstreken of er is daarna iets anders gekomen.',
  },
  invalid: {
    title: 'Deze link werkt niet',
    explain:
      'De link is onvolledig of onderweg veranderd. Open hem opnieuw vanuit het bericht, of beantwoord het bericht met STOP.',
  },
  unavailable: {
    title: 'Dat is nog niet gelukt',
    explain: 'Uw wens kon zojuist niet worden opgeslagen. Probeer het over een minuut opnieuw.',
    button: 'Opnieuw proberen',
  },
  from: (sender, channel) => `${sender} via ${channel}`,
  email: 'e-mail',
  otherLanguages: 'Andere talen',
};
