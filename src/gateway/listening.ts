// Which port the gateway takes: exactly the one asked for, or the first free one from 8080 on.
import { DEFAULT_PORT } from '../config.js';
import { BlocklistError } from '../domain/errors.js';
import type { App } from './gateway-deps.js';

const TRIES = 50;

/** Resolves with the port that the app listens on. */
export async function listen(app: App, host: string, asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if (await tryListen(app, host, asked)) return portOf(app);
    throw new BlocklistError(
      'CONFIGURATION',
      `Port ${asked} of BLOCKLIST_PORT is in use. Stop what uses it, or set BLOCKLIST_PORT to a free port.`,
    );
  }
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + TRIES; port += 1) {
    if (await tryListen(app, host, port)) return portOf(app);
  }
  throw new BlocklistError(
    'CONFIGURATION',
    `No port from ${DEFAULT_PORT} on is free. Set BLOCKLIST_PORT to a free port.`,
  );
}

async function tryListen(app: App, host: string, port: number): Promise<boolean> {
  try {
    await app.listen({ host, port });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return false;
    if (code === 'EACCES') {
      throw new BlocklistError(
        'CONFIGURATION',
        `Port ${port} may not be used by this user. Set BLOCKLIST_PORT above 1023.`,
      );
    }
    throw error;
  }
}

function portOf(app: App): number {
  const address = app.server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}
