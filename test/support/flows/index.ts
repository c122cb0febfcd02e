// All workflows of the tests, as a team's `workflowsPath`.
export { arrangeAppointment, winBack } from '../../../src/dev/examples/index.js';
export {
  ask,
  carryOn,
  cleanUp,
  endEarly,
  failCleanUp,
  judge,
  lateStep,
  leaveAndReturn,
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
