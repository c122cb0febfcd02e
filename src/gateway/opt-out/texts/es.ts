// Opt-out pages in Spanish.
import type { PageTexts } from './shape.js';

export const SPANISH: PageTexts = {
  name: 'Español',
  direction: 'ltr',
  ask: {
    title: '¿Dejar de recibir mensajes?',
    everything: 'Pulse el botón y no recibirá más mensajes nuestros por ningún canal.',
    sender: (from) => `Pulse el botón y no recibirá más mensajes de ${from}.`,
    button: 'Dejar de recibir mensajes',
    ignore: 'Si quiere seguir recibiendo mensajes, cierre esta página.',
  },
  choice: {
    question: '¿Qué mensajes quiere dejar de recibir?',
    sender: (from) => `Solo los mensajes de ${from}`,
    everything: 'Todos nuestros mensajes, por cualquier canal',
  },
  confirmed: {
    title: 'Se ha dado de baja',
    everything: 'No recibirá más mensajes nuestros por ningún canal.',
    sender: (from) => `No recibirá más mensajes de ${from}.`,
    done: 'No tiene que hacer nada más. Puede cerrar esta página.',
    back: 'Si cambia de opinión, responda a uno de nuestros mensajes con START.',
    mistake: '¿Lo pulsó por error? Puede deshacerlo durante los próximos diez minutos.',
    undo: 'Deshacer',
    more: 'Dejar de recibir todos los mensajes',
  },
  undone: {
    title: 'Se ha anulado su baja',
    explain: 'Seguirá recibiendo mensajes como antes.',
    button: 'Dejar de recibir mensajes',
  },
  stands: {
    title: 'Sigue dado de baja',
    explain: 'La baja ya no se puede anular aquí, porque ha pasado demasiado tiempo o ha llegado otra cosa después.',
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
  email: 'correo electrónico',
  otherLanguages: 'Otros idiomas',
};
