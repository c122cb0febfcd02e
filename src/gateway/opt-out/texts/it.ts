// Opt-out pages in Italian.
import type { PageTexts } from './shape.js';

export const ITALIAN: PageTexts = {
  name: 'Italiano',
  direction: 'ltr',
  ask: {
    title: 'Non ricevere più messaggi?',
    everything: 'Prema il pulsante e non riceverà più nostri messaggi, su nessun canale.',
    sender: (from) => `Prema il pulsante e non riceverà più messaggi da ${from}.`,
    button: 'Non ricevere più messaggi',
    ignore: 'Se vuole continuare a ricevere messaggi, chiuda semplicemente questa pagina.',
  },
  choice: {
    question: 'Quali messaggi non vuole più ricevere?',
    sender: (from) => `Solo i messaggi da ${from}`,
    everything: 'Tutti i nostri messaggi, su ogni canale',
  },
  confirmed: {
    title: 'La disiscrizione è avvenuta',
    everything: 'Non riceverà più nostri messaggi, su nessun canale.',
    sender: (from) => `Non riceverà più messaggi da ${from}.`,
    done: 'Non deve fare altro. Può chiudere questa pagina.',
    back: 'Se cambia idea, risponda START a uno dei nostri messaggi.',
    mistake: 'Premuto per errore? Può annullare entro i prossimi dieci minuti.',
    undo: 'Annulla',
    more: 'Non ricevere più alcun messaggio',
  },
  undone: {
    title: 'La disiscrizione è stata annullata',
    explain: 'Continuerà a ricevere messaggi come prima.',
    button: 'Non ricevere più messaggi',
  },
  stands: {
    title: 'La disiscrizione resta valida',
    explain: 'Qui non si può più annullare: è passato troppo tempo, oppure nel frattempo è arrivato altro.',
  },
  invalid: {
    title: 'Questo link non funziona',
    explain:
      'È incompleto o è stato modificato lungo il percorso. Lo apra di nuovo dal messaggio, oppure risponda STOP al messaggio.',
  },
  unavailable: {
    title: 'Non ha ancora funzionato',
    explain: 'Al momento non è stato possibile salvare la sua richiesta. Riprovi tra un minuto.',
    button: 'Riprova',
  },
  from: (sender, channel) => `${sender} via ${channel}`,
  email: 'e-mail',
  otherLanguages: 'Altre lingue',
};
