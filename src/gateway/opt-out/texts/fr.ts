// Opt-out pages in French.
import type { PageTexts } from './shape.js';

export const FRENCH: PageTexts = {
  name: 'Français',
  direction: 'ltr',
  ask: {
    title: 'Ne plus recevoir de messages ?',
    everything: 'Appuyez sur le bouton et vous ne recevrez plus aucun message de notre part, sur aucun canal.',
    sender: (from) => `Appuyez sur le bouton et vous ne recevrez plus de messages de ${from}.`,
    button: 'Ne plus recevoir de messages',
    ignore: 'Si vous souhaitez continuer à recevoir des messages, fermez simplement cette page.',
  },
  choice: {
    question: 'Quels messages souhaitez-vous arrêter ?',
    sender: (from) => `Seulement les messages de ${from}`,
    everything: 'Tous nos messages, sur tous les canaux',
  },
  confirmed: {
    title: 'Vous êtes désabonné',
    everything: 'Vous ne recevrez plus aucun message de notre part, sur aucun canal.',
    sender: (from) => `Vous ne recevrez plus de messages de ${from}.`,
    done: 'Vous n’avez rien d’autre à faire. Vous pouvez fermer cette page.',
    back: 'Si vous changez d’avis, répondez START à l’un de nos messages.',
    mistake: 'Appuyé par erreur ? Vous pouvez annuler pendant les dix prochaines minutes.',
    undo: 'Annuler',
    more: 'Arrêter tous les messages',
  },
  undone: {
    title: 'Votre désabonnement est annulé',
    explain: 'Vous continuerez à recevoir des messages comme avant.',
    button: 'Finalement, ne plus recevoir de messages',
  },
  stands: {
    title: 'Vous êtes toujours désabonné',
    explain: 'Le désabonnement ne peut plus être annulé ici : trop de temps a passé, ou autre chose est arrivé depuis.',
  },
  invalid: {
    title: 'Ce lien ne fonctionne pas',
    explain:
      'Il est incomplet ou a été modifié en chemin. Ouvrez-le de nouveau depuis le message, ou répondez STOP au message.',
  },
  unavailable: {
    title: 'Cela n’a pas encore fonctionné',
    explain: 'Votre demande n’a pas pu être enregistrée pour le moment. Réessayez dans une minute.',
    button: 'Réessayer',
  },
  from: (sender, channel) => `${sender} par ${channel}`,
  email: 'e-mail',
  otherLanguages: 'Autres langues',
};
