// Package entry `temporal-blocklist/testing`: what a team's own tests need. Knows no test framework.
export { createSandboxProvider } from './providers/sandbox/sandbox-provider.js';
export { runSandbox, type RunningSandbox, type SandboxOptions } from './providers/sandbox/run-sandbox.js';
export type { LoggedMessage } from './providers/sandbox/log-line.js';
export { openTestSandbox, type TestSandbox } from './testing/test-sandbox.js';
export { startTestProduct, withBlocklist, type TestProduct, type TestProductOptions } from './testing/test-product.js';
export { samplePeople, type Person } from './testing/people.js';
