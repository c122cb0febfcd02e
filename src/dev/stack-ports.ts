// The ports of a stack. Only the gateway's default moves silently when it is taken: a port that someone asked for is a promise.
import { BlocklistError } from '../domain/errors.js';
import { reservePort, type ReservedPort, tryReserve } from './ports.js';

const GATEWAY_PORT = 8080;
/** Where Temporal's own tools look first. */
const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;

export interface StackPorts {
  readonly gateway: ReservedPort;
  readonly sandbox: ReservedPort;
  readonly metrics: ReservedPort;
  readonly postgres: ReservedPort;
  readonly temporal: ReservedPort;
  readonly temporalUi: ReservedPort;
}

export async function reserveStackPorts(env: NodeJS.ProcessEnv): Promise<StackPorts> {
  return {
    gateway: await gatewayPort(env['BLOCKLIST_PORT']),
    sandbox: await reservePort(),
    metrics: await reservePort(),
    postgres: await reservePort(),
    temporal: await reservePort(TEMPORAL_PORT),
    temporalUi: await reservePort(TEMPORAL_UI_PORT),
  };
}

async function gatewayPort(asked: string | undefined): Promise<ReservedPort> {
  if (!asked) return await reservePort(GATEWAY_PORT);
  const port = Number(asked);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new BlocklistError('CONFIGURATION', `BLOCKLIST_PORT has to be a number from 1 to 65535, it is "${asked}"`);
  }
  const reserved = await tryReserve(port);
  if (reserved !== undefined) return reserved;
  throw new BlocklistError('CONFIGURATION', `port ${port}, which BLOCKLIST_PORT asks for, is in use`);
}
