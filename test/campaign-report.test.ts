// The campaign report: every message in exactly one place, every opt-out tied to the campaign that cost it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignReport } from '../src/domain/campaign-report.js';
import type { Account } from '../src/storage/accounts.js';
import { campaignReport } from '../src/storage/campaign-report.js';
import type { OptOut } from '../src/storage/opt-outs.js';
import type { Storage } from '../src/storage/storage.js';
import { claim, send, storageFixture, type StorageFixture } from './support/storage-fixture.js';

let fixture: StorageFixture;
let storage: Storage;
let account: Account;

beforeAll(async () => {
  fixture = await storageFixture();
  ({ storage, account } = fixture);
});
afterAll(() => fixture.close());

const phone = (n: number): string => `38591${1_000_000 + n}`;

async function optOut(contactId: string, more: Partial<OptOut> & { readonly campaign?: string }): Promise<string> {
  const { campaign, ...rest } = more;
  const campaignId = campaign === undefined ? undefined : await storage.streams.campaignId(account.id, campaign);
  const [written] = await storage.optOuts.optOut([
    {
      accountId: account.id,
      contactId,
      source: 'MO',
      receivedAt: new Date(),
      actor: 'person',
      ...(campaignId === undefined ? {} : { campaignId }),
      ...rest,
    },
  ]);
  return written?.eventId as string;
}

function addsUp(report: CampaignReport): void {
  expect(report.permitted + report.blocked.total + report.held + report.expired).toBe(report.audience);
  const { sent, failed, rejected, unknown, pending } = report;
  expect(sent + failed + rejected + unknown + pending).toBe(report.permitted);
}

describe('the campaign report', () => {
  it('counts every message once, by what became of it', async () => {
    const campaign = 'spring-2027';
    const listed = await claim(storage, { to: phone(1), campaign: 'winter-2026' });
    await optOut(listed.contactId, { campaign: 'winter-2026', source: 'URL_OPT_OUT' });
    const byHand = await claim(storage, { to: phone(2) });
    await optOut(byHand.contactId, { source: 'CUSTOM', actor: 'operator:eve' });
    const talking = await claim(storage, { to: phone(3) });
    await storage.inbox.receive([
      {
        provider: 'test',
        messageId: 'm-1',
        from: phone(3),
        to: '10950',
        channel: 'SMS',
        text: 'Who is this?',
        receivedAt: new Date(),
      },
    ]);

    expect((await send(storage, { to: phone(1), campaign })).state).toBe('blocked');
    expect((await send(storage, { to: phone(2), campaign })).state).toBe('blocked');
    expect((await send(storage, { to: phone(3), campaign })).state).toBe('held');
    expect(talking.state).toBe('claimed');
    for (const n of [10, 11, 12]) expect((await send(storage, { to: phone(n), campaign })).state).toBe('sent');
    await send(storage, { to: phone(13), campaign }, 'rejected');
    await send(storage, { to: phone(14), campaign }, 'failed');
    await send(storage, { to: phone(15), campaign }, 'unknown');
    await claim(storage, { to: phone(16), campaign });
    const revoked = await claim(storage, { to: phone(17), campaign });
    await optOut(revoked.contactId, { campaign, sendId: revoked.permitId, confidence: 'exact' });
    const late = await claim(storage, { to: phone(18), campaign });
    await storage.db.query(`update sends set state = 'expired', settled_at = clock_timestamp() where id = $1`, [
      late.permitId,
    ]);
    const capped = await send(storage, {
      to: phone(10),
      campaign,
      cap: { messages: 1, perSeconds: 3_600, over: 'block' },
    });
    expect(capped.state).toBe('blocked');
    await storage.db.query(
      `update sends set delivery = 'SEEN', delivery_at = now() where contact_id = $1 and state = 'sent'`,
      [capped.contactId],
    );

    const report = await campaignReport(storage.db, account, campaign);
    addsUp(report);
    expect(report).toMatchObject({
      campaign,
      accountKey: account.key,
      audience: 13,
      permitted: 7,
      pending: 1,
      sent: 3,
      delivered: 1,
      seen: 1,
      undeliverable: 0,
      rejected: 1,
      failed: 1,
      unknown: 1,
      expired: 1,
      held: 1,
      heldBy: { UNREAD_REPLY: 1 },
      blocked: {
        total: 4,
        bySource: { URL_OPT_OUT: 1, CUSTOM: 1, MO: 1, FREQUENCY_CAP: 1 },
        byCause: [{ campaign: 'spring-2027', messages: 1 }, { campaign: 'winter-2026', messages: 1 }, { messages: 2 }],
      },
      invalid: 0,
    });
    expect(report.optOutRate).toBeCloseTo(1 / 3);
  });

  it('ties opt-outs to the campaign, each person once, with channel, confidence and the time they took', async () => {
    const campaign = 'summer-2027';
    const people = [];
    for (let n = 0; n < 10; n += 1) people.push(await send(storage, { to: phone(100 + n), campaign }));
    const mail = await send(storage, { to: 'ada@shop.example', campaign });
    const sentAt = new Date('2027-06-01T10:00:00Z');
    await storage.db.query('update sends set settled_at = $2 where id = any ($1)', [
      [...people, mail].map((person) => person.permitId),
      sentAt,
    ]);
    const after = (seconds: number): Date => new Date(sentAt.getTime() + seconds * 1_000);
    for (const [n, person] of people.slice(0, 4).entries()) {
      await optOut(person.contactId, {
        campaign,
        sendId: person.permitId,
        confidence: n === 3 ? 'latest' : 'exact',
        receivedAt: after((n + 1) * 60),
      });
    }
    // The same person again, by another way: he counts once, as he first did.
    await optOut(people[0]?.contactId as string, {
      campaign,
      source: 'URL_OPT_OUT',
      sendId: people[0]?.permitId as string,
      confidence: 'exact',
      receivedAt: after(9_000),
    });
    await optOut(mail.contactId, { campaign, source: 'URL_OPT_OUT', sendId: mail.permitId, receivedAt: after(300) });
    // On the list already when this campaign annoyed him once more.
    const earlier = people[9] as (typeof people)[0];
    await optOut(earlier.contactId, { campaign: 'winter-2026', receivedAt: after(-1_000) });
    await optOut(earlier.contactId, {
      campaign,
      sendId: earlier.permitId,
      receivedAt: after(600),
      confidence: 'campaign',
    });

    const report = await campaignReport(storage.db, account, campaign);
    addsUp(report);
    expect(report.optOuts).toEqual({
      total: 6,
      firstTouch: 5,
      later: 1,
      bySource: { MO: 5, URL_OPT_OUT: 1 },
      byChannel: { SMS: 5, EMAIL: 1 },
      byConfidence: { exact: 3, latest: 1, none: 1, campaign: 1 },
    });
    expect(report.secondsToOptOut).toEqual({ p50: 180, p90: 600, p99: 600 });
    expect(report.optOutRate).toBeCloseTo(6 / 11);
  });

  it('counts the messages of the campaign that were answered', async () => {
    const campaign = 'autumn-2027';
    const a = await send(storage, { to: phone(200), campaign });
    const b = await send(storage, { to: phone(201), campaign });
    const campaignId = await storage.streams.campaignId(account.id, campaign);
    const reply = (id: string, to: typeof a) =>
      storage.db.query(
        `insert into inbox (provider, message_id, kind, account_id, contact_id, shard, received_at, state, reading)
         values ('test', $1, 'REPLY', $2, $3, 0, now(), 'read', $4)`,
        [id, account.id, to.contactId, JSON.stringify({ action: 'NONE', sendId: to.permitId, campaignId })],
      );
    await reply('r-1', a);
    await reply('r-2', a);
    await reply('r-3', b);
    expect((await campaignReport(storage.db, account, campaign)).replies).toBe(2);
  });

  it('of an account covers the accounts below it, and of those none above', async () => {
    const child = await storage.accounts.create('000000000000000000000000000000C1', account.key);
    await send(storage, { to: phone(300), campaign: 'shared', account: child });
    await send(storage, { to: phone(301), campaign: 'shared' });
    await send(storage, { to: phone(302), campaign: 'upstairs' });
    expect(await campaignReport(storage.db, account, 'shared')).toMatchObject({ audience: 2, sent: 2 });
    expect(await campaignReport(storage.db, child, 'shared')).toMatchObject({ audience: 1, sent: 1 });
    await expect(campaignReport(storage.db, child, 'upstairs')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of a campaign without messages is all zero, and an unknown reference is an error', async () => {
    await storage.streams.campaignId(account.id, 'empty');
    const report = await campaignReport(storage.db, account, 'empty');
    addsUp(report);
    expect(report).toMatchObject({ audience: 0, sent: 0, optOutRate: 0, replies: 0, optOuts: { total: 0 } });
    expect(report.secondsToOptOut).toBeUndefined();
    await expect(campaignReport(storage.db, account, 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
