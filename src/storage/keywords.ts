// Keywords configured for an account, channel or sender, and which of them hold for a reply.
import type { SendingChannel } from '../domain/channel.js';
import { checkKeyword, type KeywordInput } from '../domain/replies/configured-keyword.js';
import type { KeywordRule } from '../domain/replies/keywords.js';
import type { Level } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';

export interface ConfiguredKeyword extends KeywordInput {
  readonly id: string;
  readonly accountKey: string;
}

/** An absent field means any, as in the keyword itself: it asks for keywords set up without it. */
export interface KeywordScope {
  readonly channel?: SendingChannel;
  readonly sender?: string;
}

export interface Keywords {
  /** Set a keyword up, or change the one that is there under the same scope and word. @throws InvalidInputError */
  set(account: Account, input: KeywordInput): Promise<ConfiguredKeyword>;
  /** False if there was none. */
  remove(account: Account, id: string): Promise<boolean>;
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

  return {
    async set(account, input) {
      const keyword = checkKeyword(input);
      const stored = await db.query<KeywordRow>(
        `insert into keywords as k (account_id, channel, sender, sender_key, keyword, action, level, auto_response)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (account_id, coalesce(channel, ''), coalesce(sender_key, ''), coalesce(keyword, ''))
         do update set action = excluded.action, level = excluded.level, auto_response = excluded.auto_response,
           sender = excluded.sender
         returning ${COLUMNS}, $9::text as "accountKey"`,
        [
          account.id,
          keyword.channel ?? null,
          keyword.sender ?? null,
          keyword.sender === undefined ? null : senderKey(keyword.sender),
          keyword.keyword ?? null,
          keyword.action ?? null,
          keyword.level ?? null,
          keyword.autoResponse ?? null,
          account.key,
        ],
      );
      remembered.clear();
      return toKeyword(stored.rows[0] as KeywordRow);
    },

    async remove(account, id) {
      if (!/^[1-9][0-9]{0,8}$/.test(id)) return false;
      const removed = await db.query('delete from keywords where id = $1 and account_id = $2', [id, account.id]);
      remembered.clear();
      return removed.rowCount === 1;
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
}

interface KeywordRow {
  readonly id: string;
  readonly accountKey: string;
  readonly channel: SendingChannel | null;
  readonly sender: string | null;
  readonly keyword: string | null;
  readonly action: 'BLOCK' | 'UNBLOCK' | null;
  readonly level: Level | null;
  readonly autoResponse: string | null;
}

const COLUMNS = 'k.id::text, k.channel, k.sender, k.keyword, k.action, k.level, k.auto_response as "autoResponse"';

const toRule = (row: KeywordRow): KeywordRule => ({
  id: row.id,
  ...(row.keyword === null ? {} : { keyword: row.keyword }),
  ...(row.action === null ? {} : { action: row.action }),
  ...(row.level === null ? {} : { level: row.level }),
  ...(row.autoResponse === null ? {} : { autoResponse: row.autoResponse }),
});

const toKeyword = (row: KeywordRow): ConfiguredKeyword => {
  const { keyword, ...rule } = toRule(row);
  return {
    ...rule,
    id: row.id,
    accountKey: row.accountKey,
    ...(row.channel === null ? {} : { channel: row.channel }),
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...(typeof keyword === 'string' ? { keyword } : {}),
  };
};
