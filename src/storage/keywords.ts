// Keywords configured for an account, channel or sender, and which of them hold for a reply.
import type { SendingChannel } from '../domain/channel.js';
import type { DeliveryWindow } from '../domain/delivery-window.js';
import { present } from '../domain/present.js';
import { checkKeyword, type KeywordInput } from '../domain/replies/configured-keyword.js';
import type { Forwarding, KeywordRule } from '../domain/replies/keywords.js';
import type { Level } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

export interface ConfiguredKeyword extends KeywordInput {
  readonly id: string;
  /** By which others name it: 32 hexadecimal digits. */
  readonly key: string;
  readonly accountKey: string;
}

/** What there is one keyword for, within an account. */
export type KeywordName = Pick<KeywordInput, 'channel' | 'sender' | 'keyword'>;

/** An absent field means any, as in the keyword itself: it asks for keywords set up without it. */
export interface KeywordScope {
  readonly channel?: SendingChannel;
  readonly sender?: string;
}

export interface Keywords {
  /** Set a keyword up, or change the one that is there under the same scope and word. @throws InvalidInputError */
  set(account: Account, input: KeywordInput): Promise<ConfiguredKeyword>;
  /**
   * As {@link set}, given what is there under that scope and word: nothing at first. Changes of one keyword wait for each other.
   * @throws InvalidInputError
   */
  change(
    account: Account,
    scope: KeywordName,
    change: (current: KeywordInput) => KeywordInput,
  ): Promise<ConfiguredKeyword>;
  /** False if there was none. */
  remove(account: Account, id: string): Promise<boolean>;
  /** By its public key, of the account or one below it. False if there was none. */
  removeByKey(account: Account, key: string): Promise<boolean>;
  findByKey(account: Account, key: string): Promise<ConfiguredKeyword | undefined>;
  /** Keywords of the account itself, with a filter only those that hold for that channel and sender. */
  list(account: Account, filter?: KeywordScope): Promise<readonly ConfiguredKeyword[]>;
  /**
   * The rules for a reply that came in for `accountIds` (the account's ancestors, root first, itself last), most
   * specific first: the nearest account, then the sender's own, then the channel's own. Remembered for {@link FRESH_MS}.
   * Within a transaction pass its connection as `via`.
   */
  keywordsFor(
    accountIds: readonly number[],
    channel: SendingChannel,
    senderKey: string,
    via?: Queryable,
  ): Promise<readonly KeywordRule[]>;
}

/** How long a change made by another process may stay unseen. */
const FRESH_MS = 2_000;
const REMEMBERED = 10_000;

export function keywordStore(db: Database): Keywords {
  const remembered = new Map<string, { readonly rules: readonly KeywordRule[]; readonly until: number }>();

  const store: Keywords = {
    async set(account, input) {
      checkKeyword(input);
      // What is set up elsewhere stays: whoever knows the word's meaning need not know where its replies are forwarded to.
      return store.change(account, input, ({ forwarding, username, platform }) => ({
        ...(forwarding === undefined ? {} : { forwarding }),
        ...(username === undefined ? {} : { username }),
        ...(platform === undefined ? {} : { platform }),
        ...input,
      }));
    },

    async change(account, scope, change) {
      const named = checkKeyword(scopeOf(scope));
      const key = [
        account.id,
        named.channel ?? null,
        named.sender === undefined ? null : senderKey(named.sender),
        named.keyword ?? null,
      ];
      const stored = await db.transaction(async (tx) => {
        await tx.query(
          `insert into keywords (account_id, channel, sender, sender_key, keyword)
           values ($1, $2, $5, $3, $4) on conflict do nothing`,
          [...key, named.sender ?? null],
        );
        const found = await tx.query<KeywordRow>(
          `select ${COLUMNS}, null as "accountKey" from keywords k
           where k.account_id = $1 and coalesce(k.channel, '') = coalesce($2, '')
             and coalesce(k.sender_key, '') = coalesce($3, '') and coalesce(k.keyword, '') = coalesce($4, '')
           for update`,
          key,
        );
        const current = present(found.rows[0], 'the keyword');
        const { id, accountKey: _, key: __, ...known } = toKeyword(current);
        const next = checkKeyword({ ...change(known), ...scopeOf(scope) });
        const changed = await tx.query<KeywordRow>(
          `update keywords k
           set action = $2, level = $3, auto_response = $4, auto_response_sender = $5, auto_response_window = $6,
             forwarding = $7, username = $8, platform = $9, sender = $10
           where k.id = $1
           returning ${COLUMNS}, $11::text as "accountKey"`,
          [
            id,
            next.action ?? null,
            next.level ?? null,
            next.autoResponse ?? null,
            next.autoResponseSender ?? null,
            json(next.autoResponseWindow),
            json(next.forwarding),
            next.username ?? null,
            json(next.platform),
            next.sender ?? null,
            account.key,
          ],
        );
        return toKeyword(present(changed.rows[0], 'the keyword'));
      });
      remembered.clear();
      return stored;
    },

    async remove(account, id) {
      if (!/^[1-9][0-9]{0,8}$/.test(id)) return false;
      const removed = await db.query('delete from keywords where id = $1 and account_id = $2', [id, account.id]);
      remembered.clear();
      return removed.rowCount === 1;
    },

    async removeByKey(account, key) {
      const removed = await db.query(
        'delete from keywords k using accounts a where k.key = $1 and a.id = k.account_id and $2 = any (a.ancestors)',
        [key, account.id],
      );
      remembered.clear();
      return removed.rowCount === 1;
    },

    async findByKey(account, key) {
      const found = await db.query<KeywordRow>(
        `select ${COLUMNS}, a.key as "accountKey"
         from keywords k
         join accounts a on a.id = k.account_id
         where k.key = $1 and $2 = any (a.ancestors)`,
        [key, account.id],
      );
      return found.rows.map(toKeyword)[0];
    },

    async list(account, filter = {}) {
      const found = await db.query<KeywordRow>(
        `select ${COLUMNS}, $4::text as "accountKey"
         from keywords k
         where k.account_id = $1
           and ($2::text is null or k.channel is null or k.channel = $2)
           and ($3::text is null or k.sender_key is null or k.sender_key = $3)
         order by k.sender_key nulls last, k.channel nulls last, k.keyword nulls last, k.id`,
        [
          account.id,
          filter.channel ?? null,
          filter.sender === undefined ? null : senderKey(filter.sender),
          account.key,
        ],
      );
      return found.rows.map(toKeyword);
    },

    async keywordsFor(accountIds, channel, key, via = db) {
      const name = JSON.stringify([accountIds, channel, key]);
      const known = remembered.get(name);
      const now = performance.now();
      if (known !== undefined && known.until > now) return known.rules;
      const found = await via.query<KeywordRow>(
        `select ${COLUMNS}, a.key as "accountKey"
         from keywords k
         join accounts a on a.id = k.account_id
         where k.account_id = any ($1::integer[])
           and (k.channel is null or k.channel = $2)
           and (k.sender_key is null or k.sender_key = $3)
         order by array_position($1::integer[], k.account_id) desc, k.sender_key is null, k.channel is null, k.id`,
        [accountIds, channel, key],
      );
      const rules = found.rows.map(toRule);
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(name, { rules, until: now + FRESH_MS });
      return rules;
    },
  };
  return store;
}

interface KeywordRow {
  readonly id: string;
  readonly key: string;
  readonly accountKey: string;
  readonly channel: SendingChannel | null;
  readonly sender: string | null;
  readonly keyword: string | null;
  readonly action: 'BLOCK' | 'UNBLOCK' | null;
  readonly level: Level | null;
  readonly autoResponse: string | null;
  readonly autoResponseSender: string | null;
  readonly autoResponseWindow: DeliveryWindow | null;
  readonly forwarding: Forwarding | null;
  readonly username: string | null;
  readonly platform: KeywordInput['platform'] | null;
}

const COLUMNS = `k.id::text, k.key, k.channel, k.sender, k.keyword, k.action, k.level, k.auto_response as "autoResponse",
  k.auto_response_sender as "autoResponseSender", k.auto_response_window as "autoResponseWindow", k.forwarding,
  k.username, k.platform`;

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

const scopeOf = ({ channel, sender, keyword }: KeywordName): KeywordName => ({
  ...(channel === undefined ? {} : { channel }),
  ...(sender === undefined ? {} : { sender }),
  ...(keyword === undefined ? {} : { keyword }),
});

const toKeyword = (row: KeywordRow): ConfiguredKeyword => withoutNulls<ConfiguredKeyword>(row);

/** What a reading needs, and no more. */
const toRule = (row: KeywordRow): KeywordRule => {
  const { id, keyword, action, level, autoResponse, autoResponseSender, autoResponseWindow, forwarding } = row;
  const rule = { id, keyword, action, level, autoResponse, autoResponseSender, autoResponseWindow, forwarding };
  return withoutNulls<KeywordRule>(rule);
};
