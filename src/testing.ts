// What a team's own tests need: a network that sends nothing, whose log says what was really sent.
export { runSandbox, type RunningSandbox, type SandboxOptions } from './providers/sandbox/run-sandbox.js';
export { createSandboxProvider } from './providers/sandbox/sandbox-provider.js';
