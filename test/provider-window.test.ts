// The window of a dispatch reaches to the socket: a call that waited for a connection must not start after it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { OutboundMessage } from '../src/providers/provider.js';
import { createSandboxProvider } from '../src/providers/sandbox/sandbox-provider.js';

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const message = (permitId: string): OutboundMessage => ({
  permitId,
  to: '385910000000',
  channel: 'SMS',
  sender: '10950',
  text: 'hello',
  kind: 'message',
});

describe('A provider call', () => {
  test('that found no free connection within its window never leaves, and says that it was not taken', async () => {
    const arrived: string[] = [];
    const waiting: (() => void)[] = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        arrived.push((JSON.parse(body) as { messages: { permitId: string }[] }).messages[0]!.permitId);
        waiting.push(() => response.end(JSON.stringify({ answers: [{ kind: 'accepted' }] })));
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const provider = createSandboxProvider({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const busy = Array.from({ length: 64 }, (_, i) => provider.send([message(`busy${i}`)], { timeoutMs: 30_000 }));
    const late = provider.send([message('late')], { timeoutMs: 30_000, startBy: performance.now() + 300 });
    expect(await late).toEqual([expect.objectContaining({ kind: 'refused' })]);
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(64);
    for (const answer of waiting) answer();
    expect((await Promise.all(busy)).flat().map(({ kind }) => kind)).toEqual(Array(64).fill('accepted'));
    // Connections are free again: whatever was still to come would come now, before this one.
    const next = provider.send([message('next')], { timeoutMs: 30_000, startBy: performance.now() + 20_000 });
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(65);
    waiting[64]?.();
    await next;
    expect(arrived).not.toContain('late');
    provider.close();
  });
});
