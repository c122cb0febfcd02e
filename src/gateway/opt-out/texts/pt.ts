// Opt-out pages in Portuguese.
import type { PageTexts } from './shape.js';

export const PORTUGUESE: PageTexts = {
  name: 'Português',
  direction: 'ltr',
  ask: {
    title: 'Deixar de receber mensagens?',
    everything: 'Prima o botão e não receberá mais mensagens nossas, em nenhum canal.',
    sender: (from) => `Prima o botão e não receberá mais mensagens de ${from}.`,
    button: 'Deixar de receber mensagens',
    ignore: 'Se quiser continuar a receber mensagens, basta fechar esta página.',
  },
  choice: {
    question: 'Que mensagens quer deixar de receber?',
    sender: (from) => `Só as mensagens de ${from}`,
    everything: 'Todas as nossas mensagens, em qualquer canal',
  },
  confirmed: {
    title: 'A sua subscrição foi cancelada',
    everything: 'Não receberá mais mensagens nossas, em nenhum canal.',
    sender: (from) => `Não receberá mais mensagens de ${from}.`,
    done: 'Não precisa de fazer mais nada. Pode fechar esta página.',
    back: 'Se mudar de ideias, responda START a uma das nossas mensagens.',
    mistake: 'Foi por engano? Pode anular durante os próximos dez minutos.',
    undo: 'Anular',
    more: 'Deixar de receber todas as mensagens',
  },
  undone: {
    title: 'O cancelamento foi anulado',
    explain: 'Continuará a receber mensagens como antes.',
    button: 'Deixar de receber mensagens',
  },
  stands: {
    title: 'O cancelamento continua válido',
    explain: 'Já não é possível anulá-lo aqui: passou demasiado tempo, ou entretanto chegou outra coisa.',
  },
  invalid: {
    title: 'Esta ligação não funciona',
    explain:
      'Está incompleta ou foi alterada pelo caminho. Abra-a de novo a partir da mensagem, ou responda STOP à mensagem.',
  },
  unavailable: {
    title: 'Ainda não funcionou',
    explain: 'De momento não foi possível guardar o seu pedido. Tente de novo dentro de um minuto.',
    button: 'Tentar de novo',
  },
  from: (sender, channel) => `${sender} por ${channel}`,
  email: 'e-mail',
  otherLanguages: 'Outras línguas',
};
