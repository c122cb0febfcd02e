// The look without a permit: says what a claim would decide, for people known and unknown, and reserves nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preview, type PreviewScope, type Verdict } from '../src/storage/preview.js';
import type { OptOut } from '../src/storage/opt-outs.js';
import { haltStore } from '../src/storage/halts.js';
import { claim, destination, storageFixture, type StorageFixture } from './support/storage-fixture.js';

let fixture: StorageFixture;
beforeAll(async () => {
  fixture = await storageFixture();
});
afterAll(() => fixture.close());

async function block(to: string, optOut: Partial<OptOut> = {}): Promise<string> {
  const { storage, account } = fixture;
  const [contactId] = (await storage.contacts.resolve(account.rootId, [destination(to)])) as [string];
  const [written] = await storage.optOuts.optOut([
    { accountId: account.id, contactId, source: 'CUSTOM', receivedAt: new Date(), actor: 'operator:test', ...optOut },
  ]);
  return written?.entryId ?? '';
}

function look(to: readonly string[], scope: Partial<PreviewScope> = {}): Promise<readonly Verdict[]> {
  const { storage, account } = fixture;
  const channel = to.some((each) => each.includes('@')) ? 'EMAIL' : 'SMS';
  return preview(storage.db, storage.contacts, { account, channel, sender: '10950', ...scope }, to.map(destination));
}

const kinds = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => (verdict.kind === 'blocked' ? verdict.explanation.entryId : verdict.kind));

describe('a look at what would be sent', () => {
  it('answers in the order asked, strangers and repeated destinations included', async () => {
    const first = await block('+38591000001');
    const second = await block('+38591000002');
    expect(kinds(await look(['+38591000002', '+38591999999', '+38591000001', '+38591999998', '+38591000002']))).toEqual(
      [second, 'permitted', first, 'permitted', second],
    );
    expect(await look([])).toEqual([]);
  });

  it('counts entries of the channel, the sender and the purpose asked about, and of no others', async () => {
    const entry = await block('+38591000010', { channel: 'SMS', sender: '10950', covers: 'MARKETING' });
    expect(kinds(await look(['+38591000010']))).toEqual([entry]);
    expect(kinds(await look(['+38591000010'], { sender: '10951' }))).toEqual(['permitted']);
    expect(kinds(await look(['+38591000010'], { channel: 'VIBER' }))).toEqual(['permitted']);
    expect(kinds(await look(['+38591000010'], { purpose: 'SERVICE' }))).toEqual(['permitted']);
  });

  it('names the entry that is hardest to lift, as the decision does', async () => {
    await block('+38591000020', { source: 'URL_OPT_OUT' });
    await block('+38591000020', { source: 'MO' });
    const custom = await block('+38591000020', { source: 'CUSTOM' });
    expect(kinds(await look(['+38591000020']))).toEqual([custom]);
    const complaint = await block('+38591000020', { source: 'CAMPAIGN', complaint: true });
    expect(kinds(await look(['+38591000020']))).toEqual([complaint]);

    const { storage } = fixture;
    const { state, request } = await claim(storage, { to: '+38591000020' });
    expect(state).toBe('blocked');
    expect((await storage.permits.claim(request))[0]?.blockedBy).toBe(complaint);
  });

  it('finds an address by its domain, whether anybody has seen the address or not', async () => {
    const own = await block('seen@listed.example', { source: 'MO' });
    const domain = await block('listed.example', { domain: true });
    expect(kinds(await look(['seen@listed.example', 'unseen@listed.example', 'seen@other.example']))).toEqual([
      domain,
      domain,
      'permitted',
    ]);
    expect(own).not.toBe(domain);
  });

  it('holds people with an unread reply, for marketing only, and everybody under a halt', async () => {
    const { storage, account } = fixture;
    const reply = { provider: 'sandbox', channel: 'SMS', to: '10950', text: 'Hello', receivedAt: new Date() } as const;
    await storage.inbox.receive([{ ...reply, messageId: 'preview-1', from: '38591000030' }]);
    expect(await look(['+38591000030', '+38591000031'])).toEqual([
      { kind: 'held', reason: 'UNREAD_REPLY' },
      { kind: 'permitted' },
    ]);
    expect(kinds(await look(['+38591000030'], { purpose: 'SERVICE' }))).toEqual(['permitted']);

    await haltStore(storage.db).halt(account, { channel: 'SMS', sender: '10950' }, 'a test', 'operator:test');
    const entry = await block('+38591000032');
    expect(kinds(await look(['+38591000030', '+38591000032']))).toEqual(['held', entry]);
    expect(await look(['+38591000031'])).toEqual([{ kind: 'held', reason: 'HALT' }]);
    expect(await look(['+38591000031'], { sender: '10951' })).toEqual([{ kind: 'permitted' }]);
  });
});
