// The processes of an installation as operators see them: what they count, and how they end.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../src/dev/ports.js';
import { BlocklistClient } from '../src/plugin/client.js';
import { createBroadcast, loadAudience, startable } from '../src/storage/broadcasts.js';
import { lines, SPRING } from './support/broadcasting.js';
import { Installation, MAIN } from './support/installation.js';
import { until } from './support/team.js';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.open();
});
afterAll(() => installation?.close());

/** Series of one process by name and labels, such as `blocklist_held{reason="HALT"}`. */
async function seriesOf(service: 'worker' | 'gateway'): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${installation.services[service].url}/metrics`);
  expect(response.status).toBe(200);
  const samples = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

const startOne = async (phone: string, more: object = {}) => {
  const to = await installation.contact(phone);
  const message = { to, channel: 'SMS', sender: '10950', text: 'Hello', campaign: 'spring-2027', ...more };
  return installation.start('sendOne', `one-${randomUUID()}`, [message]);
};
const sendOne = async (phone: string, more: object = {}) => (await startOne(phone, more)).result();

const reply = (from: string, text: string) => installation.deliver({ from, text, messageId: randomUUID() });

describe('metrics', () => {
  it('of a worker say what became of messages, how long claims and opt-outs took, and what waits', async () => {
    const service = new BlocklistClient({ client: installation.client, codecKeys: [] });
    const [left, rejected, held] = ['385924000001', '385924000002', '385924000003'];
    expect(await sendOne('385924000010')).toMatchObject({ outcome: 'sent' });
    expect(await sendOne('385924000011', { channel: 'VIBER' })).toMatchObject({ outcome: 'sent' });
    await service.optOut({ contact: await installation.contact(left), level: 'FROM_ANY_SENDER', actor: 'test' });
    expect(await sendOne(left)).toMatchObject({ outcome: 'blocked' });
    await installation.faults([{ mode: 'reject', to: rejected }]);
    expect(await sendOne(rejected)).toMatchObject({ outcome: 'rejected' });
    await installation.faults([]);
    const hour = (offset: number): string => `${String((new Date().getUTCHours() + offset) % 24).padStart(2, '0')}:00`;
    const quietHours = { from: hour(23), to: hour(2), timeZone: 'UTC' };
    expect(await sendOne(held, { quietHours, onHold: 'return' })).toMatchObject({ outcome: 'held' });
    expect(await reply('385924000010', 'STOP')).toBe(200);
    await until(() => installation.messages().some(({ kind }) => kind === 'confirmation'), 'the confirmation');
    const left20 = Array.from({ length: 20 }, (_, n) => String(385_924_001_000 + n));
    await broadcastTo([...left20, left]);

    await until(async () => (await seriesOf('worker')).get(sends('SMS', 'sent', 0)) === 22, 'all is counted');
    const series = await seriesOf('worker');
    const counted = [...series].filter(([name]) => name.startsWith('blocklist_sends_total'));
    expect(Object.fromEntries(counted)).toEqual({
      // One by a flow, the confirmation, and twenty of the broadcast.
      [sends('SMS', 'sent', 0)]: 22,
      [sends('VIBER', 'sent', 0)]: 1,
      [sends('SMS', 'blocked', 2052)]: 2,
      [sends('SMS', 'rejected', 9)]: 1,
    });
    // Five flows, the confirmation, and the pages of the broadcast in calls of the provider's size.
    expect(series.get('blocklist_claim_seconds_count')).toBeGreaterThanOrEqual(7);
    expect(series.get('blocklist_claim_seconds_sum')).toBeGreaterThan(0);
    expect(series.get('blocklist_silence_seconds_count{via="api"}')).toBe(1);
    expect(series.get('blocklist_held{reason="QUIET_HOURS"}')).toBe(1);
    expect(series.get('blocklist_held{reason="UNREAD_REPLY"}')).toBe(0);
    expect(series.get('blocklist_unknown_total')).toBe(0);
    expect(series.get('blocklist_inbox_oldest_unread_seconds')).toBe(0);
    expect(series.get('blocklist_outbox_oldest_seconds')).toBe(0);
    const names = [...series.keys()].join('\n');
    expect(names).not.toMatch(/385924|spring/);
  });

  it('of a gateway say how long replies took, and what waits', async () => {
    const before = (await seriesOf('gateway')).get('blocklist_silence_seconds_count{via="reply"}') ?? 0;
    await reply('385924000012', 'When do you open?');
    const series = await seriesOf('gateway');
    expect(series.get('blocklist_silence_seconds_count{via="reply"}')).toBe(before + 1);
    expect(series.get('blocklist_held{reason="QUIET_HOURS"}')).toBe(1);
    expect(series.get('blocklist_inbox_oldest_unread_seconds')).toBeGreaterThanOrEqual(0);
    expect(series.get('blocklist_outbox_oldest_seconds')).toBeGreaterThanOrEqual(0);
    expect(series.get('blocklist_unknown_total')).toBe(0);
    expect(series.get('blocklist_claim_seconds_count')).toBe(0);
  });
});

describe('SIGTERM', () => {
  it('to a worker that is not ready yet ends it at once, and well', async () => {
    const port = await freePort();
    // Takes connections and says nothing, so that the worker is kept from becoming ready.
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const child = launch('worker', {
      BLOCKLIST_METRICS_PORT: String(port),
      TEMPORAL_ADDRESS: `127.0.0.1:${(mute.address() as AddressInfo).port}`,
    });
    const answer = async () => fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await until(async () => (await answer())?.status === 503, 'it is alive');
    expect(await endOf(child)).toBe(0);
    mute.close();
  });

  it('to a worker in the middle of traffic: what it does is done, the next one goes on, nothing is lost or sent twice', async () => {
    await installation.faults([{ mode: 'delay', delayMs: 400 }]);
    const phones = Array.from({ length: 40 }, (_, n) => String(385_925_000_000 + n));
    const handles = await Promise.all(
      phones.map(async (phone) =>
        installation.start('letters', `drain-${phone}`, [await installation.contact(phone), 3, 200]),
      ),
    );
    await until(() => installation.messages().filter(({ to }) => phones.includes(to)).length > 20, 'traffic');
    const since = Date.now();
    expect(await installation.services.worker.stop()).toBe('exit status 0');
    expect(Date.now() - since).toBeLessThan(20_000);
    expect(await inDispatch()).toBe(0);
    await installation.faults([]);
    await installation.services.worker.start();
    for (const [n, handle] of handles.entries()) {
      expect(await handle.result()).toEqual(['sent', 'sent', 'sent']);
      const texts = installation.messages().filter(({ to }) => to === phones[n]);
      expect(texts.map(({ text }) => text)).toEqual(['Letter 1', 'Letter 2', 'Letter 3']);
    }
  });

  it('to a gateway: requests under way are answered, and what was acknowledged is kept', async () => {
    const phone = '385926000000';
    // A hand-over that hangs keeps the reply's answer waiting behind the barrier.
    await installation.faults([{ mode: 'delay', delayMs: 1_500, to: phone }]);
    const flow = await startOne(phone);
    await until(async () => (await inDispatch()) === 1, 'a hand-over is under way');
    const answers = Promise.all([reply(phone, 'Hello?'), reply('385926000001', 'Hello!')]);
    await until(async () => (await unreadOf(phone)) > 0, 'the reply is stored');
    expect(await installation.services.gateway.stop()).toBe('exit status 0');
    expect(await answers).toEqual([200, 200]);
    expect(await reply(phone, 'Nobody there?')).toBe(0);
    await installation.services.gateway.start();
    expect(await flow.result()).toMatchObject({ outcome: 'sent' });
    expect(await reply(phone, 'There you are')).toBe(200);
  });
});

const sends = (channel: string, outcome: string, code: number): string =>
  `blocklist_sends_total{channel="${channel}",outcome="${outcome}",code="${code}"}`;

async function broadcastTo(phones: readonly string[]): Promise<void> {
  const { storage, client } = installation;
  const { broadcastId } = await createBroadcast(storage, SPRING);
  await loadAudience(storage, broadcastId, lines(phones));
  await startable(storage, broadcastId);
  const workflowId = `blocklist-broadcast-${broadcastId}`;
  const options = { workflowId, taskQueue: 'blocklist-bulk', args: [{ broadcastId }] };
  await (await client.workflow.start('blocklistBroadcast', options)).result();
}

async function inDispatch(): Promise<number> {
  const { rows } = await installation.storage.db.query<{ n: number }>(
    `select count(*)::integer as n from sends where state = 'dispatching'`,
  );
  return rows[0]?.n ?? -1;
}

async function unreadOf(phone: string): Promise<number> {
  const { rows } = await installation.storage.db.query<{ n: number }>(
    'select count(*)::integer as n from inbox where contact_id = $1',
    [(await installation.contact(phone)).id],
  );
  return rows[0]?.n ?? -1;
}

function launch(command: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [MAIN, command], {
    env: { ...installation.environment, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Its exit status, or the signal that ended it, at most five seconds after SIGTERM. */
async function endOf(child: ChildProcess): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = sleep(5_000, ['still running'], { ref: false });
  const [code, signal] = (await Promise.race([exited, late])) as [unknown, unknown];
  child.kill('SIGKILL');
  return code ?? signal;
}
