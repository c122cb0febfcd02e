// No destination, text or key in what Temporal keeps, in what is logged, measured, or said in an error: a whole session is
// played, and everything it left is searched.
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlocklistCodec } from '../src/plugin/codec.js';
import { parseCodecKeys } from '../src/plugin/codec-keys.js';
import { databaseDump } from './support/database-dump.js';
import { formsOf, leaksIn, type Evidence } from './support/leak-search.js';
import {
  closeSession,
  CODEC_KEYS,
  PERSONAL,
  playSession,
  READABLE,
  SECRETS,
  type Session,
} from './support/leak-session.js';

let session: Session;
let kept: Evidence[];
let readable: Evidence[];

beforeAll(async () => {
  session = await playSession();
  kept = [...(await keptByTemporal()), ...(await loggedAndMeasured()), ...session.said];
  readable = await decodedHistories();
}, 240_000);

afterAll(closeSession, 60_000);

describe('after a whole session', () => {
  it('the search looks at everything, and can find what it looks for', () => {
    for (const secret of SECRETS) {
      for (const { form } of formsOf(secret)) {
        expect(leaksIn([{ where: 'planted', text: `before${form}after` }], [secret]).length, form).toBeGreaterThan(0);
      }
      for (const skipped of ['', 'x', 'xy']) {
        const text = Buffer.from(`${skipped}${secret.value}!`).toString('base64');
        expect(leaksIn([{ where: 'planted', text }], [secret]), secret.value).not.toEqual([]);
      }
    }
    const places = kept.map(({ where }) => where).join('\n');
    for (const place of [
      'winBack',
      'blocklistRequest',
      'blocklistBroadcast',
      'blocklistInbound',
      'answer to',
      'blocklist why',
    ]) {
      expect(places).toContain(place);
    }
    expect(kept.find(({ where }) => where.startsWith('log of the gateway'))?.text).toContain('"route":"/u/:token"');
    expect(kept.find(({ where }) => where.startsWith('metrics of the worker'))?.text).toContain(
      'blocklist_sends_total',
    );
    const found = leaksIn(readable, SECRETS).join('\n');
    for (const secret of READABLE) expect(found).toContain(secret);
  });

  it('no id, search attribute, memo, summary or history that Temporal keeps holds a destination, text or key', () => {
    expect(
      leaksIn(
        kept.filter(({ where }) => / of [A-Za-z]+ /.test(where) && !/^(log|metrics)/.test(where)),
        SECRETS,
      ),
    ).toEqual([]);
  });

  it('no log and no metric does', () => {
    expect(
      leaksIn(
        kept.filter(({ where }) => /^(log|metrics)/.test(where)),
        SECRETS,
      ),
    ).toEqual([]);
  });

  it('no error over HTTP, from the client or on stderr does, and none has a stack trace', () => {
    expect(leaksIn(session.said, SECRETS)).toEqual([]);
    for (const { where, text } of session.said) expect(text, where).not.toMatch(/(\n|\\n)\s+at |node_modules/);
  });

  it('nothing of the people is left in either database once they are erased', async () => {
    const theirs = SECRETS.filter(({ value }) => PERSONAL.includes(value));
    const dump = async () => [{ where: 'dump', text: await databaseDump(session.gateway.storage.db) }];
    const before = leaksIn(await dump(), theirs).join('\n');
    for (const value of PERSONAL) expect(before).toContain(value);
    const destinations = theirs.filter(({ kind }) => kind !== 'text').map(({ value }) => value);
    const answer = await session.gateway.call('POST', '/api/v1/subjects/erase', { destinations });
    expect(await answer.json()).toMatchObject({ erased: destinations.length });
    expect(leaksIn([...(await dump()), ...(await keptByTemporal()), ...(await loggedAndMeasured())], theirs)).toEqual(
      [],
    );
  });
});

async function keptByTemporal(): Promise<Evidence[]> {
  const { client } = session.service;
  const found: Evidence[] = [];
  for await (const { workflowId, runId, type, raw } of client.workflow.list()) {
    const where = `${type} ${workflowId}`;
    const { workflowService } = client.connection;
    const execution = { workflowId, runId };
    const described = await workflowService.describeWorkflowExecution({
      namespace: session.gateway.temporal.namespace,
      execution,
    });
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const { api } = proto.temporal;
    found.push(
      {
        where: `listing of ${where}`,
        text: workflowId + bytes(api.workflow.v1.WorkflowExecutionInfo.encode(raw).finish()),
      },
      {
        where: `description of ${where}`,
        text: bytes(api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(described).finish()),
      },
      { where: `history of ${where}`, text: bytes(api.history.v1.History.encode(history).finish()) },
    );
  }
  return found;
}

async function loggedAndMeasured(): Promise<Evidence[]> {
  const gatewayMetrics = await (await session.gateway.call('GET', '/metrics')).text();
  return [
    { where: 'log of the worker', text: session.workerLog },
    { where: 'log of the gateway', text: session.gateway.log() },
    { where: 'metrics of the worker', text: session.workerMetrics },
    { where: 'metrics of the gateway', text: gatewayMetrics },
  ];
}

/** What those who have the key can read: the session's destinations and texts must be there, or the search proves nothing. */
async function decodedHistories(): Promise<Evidence[]> {
  const codec = new BlocklistCodec(parseCodecKeys(CODEC_KEYS));
  const found: Evidence[] = [];
  for await (const { workflowId, runId } of session.service.client.workflow.list()) {
    const history = await session.service.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const payload of payloadsIn(history)) {
      const [clear] = await codec.decode([payload]);
      found.push({ where: workflowId, text: bytes(clear?.data ?? new Uint8Array()) });
    }
  }
  return found;
}

function bytes(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1');
}

/** Every payload in a message, however deep. */
function payloadsIn(value: unknown): { metadata: Record<string, Uint8Array>; data: Uint8Array }[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { metadata, data } = value as { metadata?: Record<string, Uint8Array>; data?: Uint8Array };
  if (data instanceof Uint8Array && metadata?.['encoding'] !== undefined) return [{ metadata, data }];
  return Object.values(value).flatMap(payloadsIn);
}
