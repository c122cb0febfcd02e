// The live list as a stream of CSV or lines of JSON: /api/v1/exports. As fast as it is read, whatever its size.
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { ENTRY_CHANNELS } from '../../domain/channel.js';
import { SOURCES } from '../../domain/scope.js';
import { entryStore, type EntryFilter, type ListedEntry } from '../../storage/entries.js';
import { EXPORT_COLUMNS, exportCells } from '../../storage/entry-export.js';
import { accountFor, callerOf, shownTo } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountQuery } from './account-query.js';

/** A hundred million entries over a slow line. */
const EXPORT_WITHIN_MS = 24 * 60 * 60_000;

export function registerExportRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/exports',
    config: { access: 'viewer' },
    handlerTimeout: EXPORT_WITHIN_MS,
    schema: {
      summary: 'The live list of the account and those below it, oldest first, as CSV or lines of JSON',
      querystring: accountQuery.extend({
        format: z.enum(['csv', 'jsonl']).default('csv'),
        channel: z.enum(ENTRY_CHANNELS).optional(),
        sender: storableText(255).optional(),
        source: z.enum(SOURCES).optional(),
        campaign: storableText(255).optional(),
        addedFrom: z.iso.datetime({ offset: true }).optional(),
        addedBefore: z.iso.datetime({ offset: true }).optional(),
      }),
      response: { 200: { content: CONTENT }, ...errors },
    },
    handler: async (request, reply) => {
      const { accountKey: key, format, addedFrom, addedBefore, ...exact } = request.query;
      const account = await accountFor(request, storage, key);
      const caller = callerOf(request);
      const filter = {
        ...exact,
        ...(addedFrom === undefined ? {} : { addedFrom: new Date(addedFrom) }),
        ...(addedBefore === undefined ? {} : { addedBefore: new Date(addedBefore) }),
      } as EntryFilter;
      const show = (entry: ListedEntry): ListedEntry =>
        entry.destination === undefined ? entry : { ...entry, destination: shownTo(caller, entry.destination) };
      const pages = entryStore(storage.db).all(account, filter);
      // A page is made when the one before it has been taken by the connection.
      const texts = async function* (): AsyncGenerator<string> {
        if (format === 'csv') yield stringify([[...EXPORT_COLUMNS]]);
        for await (const page of pages) yield format === 'csv' ? csv(page.map(show)) : jsonLines(page.map(show));
      };
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
        .header('cache-control', 'no-store')
        .send(Readable.from(texts(), { objectMode: false }) as never);
    },
  });
}

const CONTENT = {
  'text/csv': { schema: z.string() },
  'application/x-ndjson': { schema: z.string() },
};

/** A cell that begins like a formula is one to a spreadsheet, and destinations come from strangers. */
const csv = (entries: readonly ListedEntry[]): string => stringify(entries.map(exportCells), { escape_formulas: true });

const jsonLines = (entries: readonly ListedEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
