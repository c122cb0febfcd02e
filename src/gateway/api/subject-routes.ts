// One destination: its ledger and the list as it was at a past time, all that is known of it, and its erasure.
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DESTINATION_PROBLEMS, normaliseForEntry, type Destination } from '../../domain/destinations.js';
import { InvalidInputError } from '../../domain/errors.js';
import type { Account } from '../../storage/accounts.js';
import { destinationHistory } from '../../storage/destination-history.js';
import { eraseSubjects } from '../../storage/erasure.js';
import { subjectFile } from '../../storage/subject.js';
import { accountFor, callerOf, shownTo } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountKey, accountQuery } from './account-query.js';
import { destinationOf } from './destination-parameter.js';

const MOST_SUBJECTS = 5_000;

const params = z.object({ destination: z.string() });
const facts = z.array(z.unknown());
const reason = storableText(500);
const erased = z.object({ erased: z.number().int(), eventIds: z.array(z.string()) });

export function registerSubjectRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/destinations/:destination/history',
    config: { access: 'viewer' },
    schema: {
      summary: 'The ledger of a destination, and its entries now or at a past time',
      params,
      querystring: accountQuery.extend({ at: z.iso.datetime({ offset: true }).optional() }),
      response: {
        200: z.looseObject({ destination: z.string(), summary: z.string(), entries: facts, events: facts }),
        ...errors,
      },
    },
    handler: async (request) => {
      const { accountKey: key, at } = request.query;
      const destination = destinationOf(request.params.destination);
      const account = await accountFor(request, storage, key);
      const { summary, entries, events } = await destinationHistory(
        storage.db,
        storage.contacts,
        account,
        destination,
        {
          messages: 1,
          ...(at === undefined ? {} : { at: new Date(at) }),
        },
      );
      return {
        destination: shownTo(callerOf(request), destination.value),
        accountKey: account.key,
        ...(at === undefined ? {} : { at }),
        summary,
        entries: [...entries],
        events: [...events],
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/subjects/:destination',
    config: { access: 'viewer' },
    schema: {
      summary: "A subject's file: all that is known of one destination",
      params,
      querystring: accountQuery,
      response: {
        200: z.looseObject({
          destination: z.string(),
          summary: z.string(),
          entries: facts,
          events: facts,
          messages: facts,
          replies: facts,
          flows: facts,
          broadcasts: facts,
          imports: facts,
        }),
        ...errors,
      },
    },
    handler: async (request) => {
      const destination = destinationOf(request.params.destination);
      const account = await accountFor(request, storage, request.query.accountKey);
      const file = await subjectFile(storage, account, destination);
      return {
        ...file,
        destination: shownTo(callerOf(request), destination.value),
        entries: [...file.entries],
        events: [...file.events],
        messages: [...file.messages],
        replies: [...file.replies],
        flows: [...file.flows],
        broadcasts: [...file.broadcasts],
        imports: [...file.imports],
      };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/subjects/:destination',
    config: { access: 'administrator' },
    schema: {
      summary: 'Erase one destination: clear text and everything written by the person; the suppression stays',
      params,
      querystring: accountQuery.extend({ reason: reason.optional() }),
      response: { 200: erased, ...errors },
    },
    handler: async (request) => {
      const { accountKey: key, reason: why } = request.query;
      const account = await accountFor(request, storage, key);
      return erase(request, account, [destinationOf(request.params.destination)], why);
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/subjects/erase',
    config: { access: 'administrator' },
    schema: {
      summary: 'Erase up to 5,000 destinations, which stand in no address and so in no log of a proxy',
      body: z.strictObject({
        destinations: z.array(z.string().max(1_024)).min(1).max(MOST_SUBJECTS),
        reason: reason.optional(),
        accountKey: accountKey.optional(),
      }),
      response: { 200: erased, ...errors },
    },
    handler: async (request) => {
      const { destinations, reason: why, accountKey: key } = request.body;
      const account = await accountFor(request, storage, key);
      const read = destinations.map((text) => normaliseForEntry(text));
      const violations = read.flatMap((each, n) =>
        each.ok ? [] : [{ path: `destinations[${n}]`, message: DESTINATION_PROBLEMS[each.reason] }],
      );
      if (violations.length > 0) throw new InvalidInputError(violations);
      return erase(
        request,
        account,
        read.flatMap((each) => (each.ok ? [each.destination] : [])),
        why,
      );
    },
  });

  async function erase(
    request: FastifyRequest,
    account: Account,
    destinations: readonly Destination[],
    why: string | undefined,
  ): Promise<z.output<typeof erased>> {
    const done = await eraseSubjects(storage, account, destinations, {
      actor: callerOf(request).actor,
      ...(why === undefined ? {} : { reason: why }),
    });
    return { erased: done.erased, eventIds: [...done.eventIds] };
  }
}
