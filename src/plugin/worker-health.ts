// What a worker process tells operators over HTTP: `/healthz` that it is alive, `/readyz` whether it can work, `/metrics` how it does.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Metrics } from '../metrics.js';
import type { Readiness } from './readiness.js';

export interface WorkerState {
  readonly readiness: () => Promise<Readiness>;
  /** Undefined while the worker starts. */
  readonly metrics: () => Metrics | undefined;
}

export async function serveHealth(port: number, state: WorkerState): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0], response, state).catch(() => response.writeHead(503).end());
  });
  await listen(server, port);
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(path: string | undefined, response: ServerResponse, state: WorkerState): Promise<void> {
  const json = (status: number, body: unknown): void =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(`${JSON.stringify(body)}\n`);
  switch (path) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz': {
      const { isReady, reasons } = await state.readiness();
      return isReady ? json(200, { status: 'ready' }) : json(503, { status: 'unavailable', reasons });
    }
    case '/metrics': {
      const metrics = state.metrics();
      if (metrics === undefined) return json(503, { status: 'unavailable' });
      const text = await metrics.read();
      return void response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    }
    default:
      return json(404, { status: 'not found' });
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
}
