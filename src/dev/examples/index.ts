// The example flows as a worker's `workflowsPath`. A project of its own imports the steps from `temporal-blocklist/workflow`.
export { arrangeAppointment } from './appointment.js';
export { winBack } from './win-back.js';
