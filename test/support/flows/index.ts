// All workflows of the tests, as a team's `workflowsPath`.
export { arrangeAppointment } from './appointment.js';
export {
  ask,
  carryOn,
  cleanUp,
  endEarly,
  failCleanUp,
  judge,
  lateStep,
  leaveAndReturn,
  letters,
  listenLate,
  monthly,
  monthlyHandled,
  oneOfTwo,
  ordinary,
  replyToSecond,
  rounds,
  sendAndSleep,
  sendOne,
  stubborn,
  waitTwice,
  wrapErrors,
} from './probes.js';
export { winBack } from './win-back.js';
