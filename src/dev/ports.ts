// Free TCP ports on the loopback interface.
import { createServer } from 'node:net';

export interface ReservedPort {
  readonly port: number;
  /** Frees it for the program that is started next. */
  release(): Promise<void>;
}

/** Holds the port asked for if it is free, else any free one, so that another start cannot take it meanwhile. 0 asks for any. */
export async function reservePort(preferred = 0): Promise<ReservedPort> {
  const reserved = (await tryReserve(preferred)) ?? (await tryReserve(0));
  if (reserved === undefined) throw new Error('there is no free port');
  return reserved;
}

/** Exactly this port, or undefined if it is in use. */
export function tryReserve(port: number): Promise<ReservedPort | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return resolve(undefined);
      server.unref();
      const release = (): Promise<void> => new Promise((done) => server.close(() => done()));
      resolve({ port: address.port, release });
    });
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, release } = await reservePort();
  await release();
  return port;
}
