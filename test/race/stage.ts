// Where one interleaving plays: an account tree of its own, four people, their domain, and streams of traffic to them.
// Stages are laid out in bulk; nothing of one concerns another.
import { randomBytes, randomUUID } from 'node:crypto';
import type { SendingChannel } from '../../src/domain/channel.js';
import type { Destination } from '../../src/domain/destinations.js';
import { destinationHash } from '../../src/domain/hash.js';
import type { Purpose } from '../../src/domain/scope.js';
import { senderKey } from '../../src/domain/sender.js';
import type { Queryable } from '../../src/storage/database.js';
import { TEST_HASH_KEY } from './world.js';

export type AccountName = 'root' | 'sub' | 'sibling';
/** Two phones, two mailboxes of one domain, and the domain itself. */
export const TARGETS = ['phone0', 'phone1', 'mail0', 'mail1', 'domain'] as const;
export type Target = (typeof TARGETS)[number];

export interface StreamPlan {
  readonly account: AccountName;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly purpose: Purpose;
  readonly campaign?: 'first' | 'second';
}

/** The same sender is written in several ways, and used by several accounts. */
export const STREAMS: readonly StreamPlan[] = [
  { account: 'sub', channel: 'SMS', sender: '10950', purpose: 'MARKETING', campaign: 'first' },
  { account: 'sub', channel: 'SMS', sender: '+10 950', purpose: 'MARKETING', campaign: 'second' },
  { account: 'sibling', channel: 'SMS', sender: 'Acme', purpose: 'MARKETING' },
  { account: 'root', channel: 'SMS', sender: 'ACME', purpose: 'MARKETING' },
  { account: 'sub', channel: 'SMS', sender: '10950', purpose: 'SERVICE' },
  { account: 'sub', channel: 'EMAIL', sender: 'Shop <news@shop.example>', purpose: 'MARKETING', campaign: 'first' },
  { account: 'sibling', channel: 'EMAIL', sender: 'NEWS@shop.example', purpose: 'MARKETING' },
  { account: 'root', channel: 'EMAIL', sender: 'billing@shop.example', purpose: 'SERVICE' },
];

export interface Stage {
  readonly number: number;
  readonly rootId: number;
  readonly accounts: Readonly<Record<AccountName, { readonly id: number; readonly key: string }>>;
  readonly contacts: Readonly<Record<Target, { readonly id: string; readonly value: string }>>;
  readonly streams: readonly number[];
  readonly campaigns: Readonly<Record<'first' | 'second', number>>;
}

const ACCOUNTS: readonly AccountName[] = ['root', 'sub', 'sibling'];
let laidOut = 0;

export async function layOutStages(db: Queryable, count: number): Promise<Stage[]> {
  const accounts = await makeAccounts(db, count);
  const contacts = await makeContacts(
    db,
    accounts.map((of) => of.root.id),
  );
  const subs = accounts.map((of) => of.sub.id);
  const campaigns = await db.query<{ id: number }>(
    `insert into campaigns (account_id, reference)
     select a, r from unnest($1::integer[]) with ordinality as accounts(a, n), unnest(array['first', 'second']) r
     order by n, r returning id`,
    [subs],
  );
  const stages: Stage[] = [];
  const plans = accounts.flatMap((of, s) => STREAMS.map((plan) => ({ of, s, plan })));
  const campaignOf = (s: number, name: 'first' | 'second'): number =>
    at(campaigns.rows, s * 2 + (name === 'first' ? 0 : 1)).id;
  const streams = await db.query<{ id: number }>(
    `insert into streams (account_id, channel, sender, sender_key, purpose, kind, campaign_id)
     select s.account, s.channel, s.sender, s.key, s.purpose, 'message', s.campaign
     from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[]) with ordinality
       as s(account, channel, sender, key, purpose, campaign, n)
     order by s.n returning id`,
    [
      plans.map(({ of, plan }) => of[plan.account].id),
      plans.map(({ plan }) => plan.channel),
      plans.map(({ plan }) => plan.sender),
      plans.map(({ plan }) => senderKey(plan.sender)),
      plans.map(({ plan }) => plan.purpose),
      plans.map(({ s, plan }) => (plan.campaign === undefined ? null : campaignOf(s, plan.campaign))),
    ],
  );
  accounts.forEach((of, s) => {
    stages.push({
      number: (laidOut += 1),
      rootId: of.root.id,
      accounts: of,
      contacts: at(contacts, s),
      streams: streams.rows.slice(s * STREAMS.length, (s + 1) * STREAMS.length).map((row) => row.id),
      campaigns: { first: campaignOf(s, 'first'), second: campaignOf(s, 'second') },
    });
  });
  return stages;
}

async function makeAccounts(db: Queryable, count: number): Promise<Stage['accounts'][]> {
  const reserved = await db.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('accounts', 'id'))::integer as id from generate_series(1, $1)`,
    [count * ACCOUNTS.length],
  );
  const rows = reserved.rows.map(({ id }, i) => {
    const root = at(reserved.rows, i - (i % ACCOUNTS.length)).id;
    return { id, key: randomBytes(16).toString('hex').toUpperCase(), root, parent: id === root ? null : root };
  });
  await db.query(
    `insert into accounts (id, key, parent_id, root_id, ancestors)
     overriding system value
     select a.id, a.key, a.parent, a.root, case when a.parent is null then array[a.id] else array[a.root, a.id] end
     from unnest($1::integer[], $2::text[], $3::integer[], $4::integer[]) as a(id, key, parent, root)`,
    [rows.map((r) => r.id), rows.map((r) => r.key), rows.map((r) => r.parent), rows.map((r) => r.root)],
  );
  return Array.from({ length: count }, (_, s) => ({
    root: at(rows, s * 3),
    sub: at(rows, s * 3 + 1),
    sibling: at(rows, s * 3 + 2),
  }));
}

async function makeContacts(db: Queryable, roots: readonly number[]): Promise<Stage['contacts'][]> {
  const hosts = roots.map(() => `${randomUUID()}.example`);
  const insert = async (kind: Destination['kind'], values: readonly string[], domains: readonly (string | null)[]) => {
    const per = values.length / roots.length;
    const made = await db.query<{ id: string }>(
      `insert into contact_points (root_id, kind, hash, value, domain_id)
       select c.root, $1, c.hash, c.value, c.domain
       from unnest($2::integer[], $3::bytea[], $4::text[], $5::bigint[]) with ordinality as c(root, hash, value, domain, n)
       order by c.n returning id`,
      [
        kind,
        values.map((_, i) => at(roots, Math.floor(i / per))),
        values.map((value) => destinationHash(TEST_HASH_KEY, { kind, value })),
        values,
        domains,
      ],
    );
    return made.rows.map(({ id }, i) => ({ id, value: at(values, i) }));
  };
  const domains = await insert(
    'domain',
    hosts,
    hosts.map(() => null),
  );
  const mails = await insert(
    'email',
    hosts.flatMap((host) => [`a@${host}`, `b@${host}`]),
    domains.flatMap(({ id }) => [id, id]),
  );
  const numbers = hosts.flatMap(() => [phoneNumber(), phoneNumber()]);
  const phones = await insert(
    'phone',
    numbers,
    numbers.map(() => null),
  );
  return roots.map((_, s) => ({
    phone0: at(phones, s * 2),
    phone1: at(phones, s * 2 + 1),
    mail0: at(mails, s * 2),
    mail1: at(mails, s * 2 + 1),
    domain: at(domains, s),
  }));
}

/** Fourteen digits: no two of any run meet. */
const phoneNumber = (): string => `385${(randomBytes(6).readUIntBE(0, 6) % 1e11).toString().padStart(11, '1')}`;

export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
}
