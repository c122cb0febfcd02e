// The product's Blocklist interface: /platform/1/blocklists. What is added here is of source CUSTOM. Both changes are
// answered when they hold: the next claim sees them, and no provider call in scope of an addition can start any more.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { normaliseForEntry } from '../../domain/destinations.js';
import { InvalidInputError } from '../../domain/errors.js';
import type { ListedEntry } from '../../storage/entries.js';
import { entryPage, type PageWish } from '../../storage/entry-pages.js';
import { delistEntries, listEntries } from '../../storage/operator-lists.js';
import { callerOf, findAccount, shownTo, type Caller } from '../access/caller.js';
import { platformErrors } from '../error-envelopes.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { readEntries, refuseTooMany } from './blocklist-request.js';
import { LIST_BODY_LIMIT, createBody, deleteBody, listAnswer, listQuery } from './blocklist-schemas.js';

const URL = '/platform/1/blocklists';
/** 50,000 destinations take seconds; on a database under load, some more. */
const CHANGED_WITHIN_MS = 5 * 60_000;
/** The most that a date can be, so that no arithmetic of the database overflows. */
const LAST_MS = Date.UTC(9999, 11, 31);
/** Stands for a destination whose clear text was erased; the schema wants one. */
const ERASED = 'erased';

const nothing = z.null().describe('Accepted: the change is in force.');
const evidence = { via: 'blocklist-api' };
const documentedRate = { requests: 1, perSeconds: 1 };

export function registerBlocklistRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: URL,
    config: { access: 'viewer', envelope: 'platform', documentedRate },
    schema: {
      summary: 'Blocklist entries of an account, oldest first; destinations are masked for viewers',
      querystring: listQuery,
      response: { 200: listAnswer, ...platformErrors },
    },
    handler: async (request) => {
      const { accountKey, destination, page, size, ...query } = request.query;
      const caller = callerOf(request);
      const account =
        accountKey === undefined ? caller.account : await findAccount(request, storage, accountKey.toUpperCase());
      if (account === undefined) {
        throw new InvalidInputError([{ path: 'accountKey', message: 'unsupported account key' }]);
      }
      const contactId = destination === undefined ? undefined : await contactOf(account.rootId, destination);
      // Asked for somebody nobody knows of.
      const isEmpty = destination !== undefined && contactId === undefined;
      const wish = { ...filterOf(query), page, size, ...(contactId === undefined ? {} : { contactId }) };
      const { entries, total } = isEmpty ? { entries: [], total: 0 } : await entryPage(storage.db, account, wish);
      return {
        results: entries.map((entry) => shown(entry, caller)),
        paging: { page, size, totalPages: Math.ceil(total / size), totalResults: total },
      };
    },
  });

  app.route({
    method: 'POST',
    url: URL,
    config: { access: 'editor', envelope: 'platform', documentedRate },
    bodyLimit: LIST_BODY_LIMIT,
    handlerTimeout: CHANGED_WITHIN_MS,
    preValidation: refuseTooMany,
    attachValidation: true,
    schema: {
      summary: 'Put up to 50,000 destinations on the blocklist; those there already stay as they are',
      body: createBody,
      response: { 202: nothing, ...platformErrors },
    },
    handler: async (request, reply) => {
      const entries = await readEntries(request, storage, { unreadable: 'refuse' });
      await listEntries(storage, entries, { actor: callerOf(request).actor, evidence });
      return accepted(reply);
    },
  });

  app.route({
    method: 'DELETE',
    url: URL,
    config: { access: 'editor', envelope: 'platform', documentedRate },
    bodyLimit: LIST_BODY_LIMIT,
    handlerTimeout: CHANGED_WITHIN_MS,
    preValidation: refuseTooMany,
    attachValidation: true,
    schema: {
      summary: 'Take entries with exactly these properties off the blocklist; without a source type, of any source',
      body: deleteBody,
      response: { 202: nothing, ...platformErrors },
    },
    handler: async (request, reply) => {
      const entries = await readEntries(request, storage, { unreadable: 'skip' });
      await delistEntries(storage, entries, { actor: callerOf(request).actor, evidence });
      return accepted(reply);
    },
  });

  async function contactOf(rootId: number, text: string): Promise<string | undefined> {
    const read = normaliseForEntry(text);
    return read.ok ? (await storage.contacts.find(rootId, [read.destination]))[0] : undefined;
  }
}

/** The product's body is truly empty; `null` would be sent as one. */
function accepted(reply: FastifyReply): FastifyReply {
  return reply.code(202).send();
}

type Query = Omit<z.output<typeof listQuery>, 'accountKey' | 'destination' | 'page' | 'size'>;

function filterOf({
  sender,
  channel,
  sourceType,
  campaign,
  getAllAccountKeysBlocklists: includeSubaccounts,
  createdDateFrom,
  createdDateTo,
}: Query): Omit<PageWish, 'page' | 'size' | 'contactId'> {
  return {
    ...(sender === undefined ? {} : { sender }),
    ...(channel === undefined ? {} : { channel }),
    ...(sourceType === undefined ? {} : { source: sourceType }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(includeSubaccounts === undefined ? {} : { includeSubaccounts }),
    ...(createdDateFrom === undefined ? {} : { addedFrom: within(createdDateFrom.start) }),
    // Stored to the microsecond, told to the millisecond: the last one belongs to what was asked for.
    ...(createdDateTo === undefined ? {} : { addedBefore: within(createdDateTo.end + 1) }),
  };
}

function within(ms: number): Date {
  return new Date(Math.min(Math.max(ms, 0), LAST_MS));
}

function shown(entry: ListedEntry, caller: Caller): z.output<typeof listAnswer>['results'][number] {
  const { sender, channel, campaign, destination } = entry;
  return {
    ...(sender === undefined ? {} : { sender }),
    destination: destination === undefined ? ERASED : shownTo(caller, destination),
    sourceType: entry.source,
    ...(channel === undefined ? {} : { channel }),
    accountKey: entry.accountKey,
    createdDate: entry.addedAt.toISOString(),
    ...(campaign === undefined ? {} : { campaign }),
  };
}
