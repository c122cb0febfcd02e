// Opt-out files over HTTP: /api/v1/imports. Streamed in, counted row by row, never weakening the list, and taken back as a
// whole where need be.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ENTRY_CHANNELS } from '../../domain/channel.js';
import { InvalidInputError } from '../../domain/errors.js';
import { importColumns, readImportRow, type ImportDefaults, type ImportReading } from '../../domain/import-row.js';
import { SOURCES } from '../../domain/scope.js';
import { runImport } from '../../storage/import-run.js';
import { importStore, type ListedImport } from '../../storage/imports.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountQuery } from './account-query.js';
import { CSV_TYPES, JSON_LINES_TYPES, readLines, readRecords } from './audience-upload.js';

const IMPORT_WITHIN_MS = 60 * 60_000;

const counts = {
  rows: z.number().int(),
  added: z.number().int(),
  strengthened: z.number().int(),
  already: z.number().int(),
  rejected: z.number().int(),
};
const listed = z.object({
  id: z.string(),
  accountKey: z.string(),
  name: z.string(),
  actor: z.string(),
  counts: z.record(z.string(), z.number()),
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  undoneAt: z.string().optional(),
  undoneBy: z.string().optional(),
});
const params = z.object({ id: z.string() });

export function registerImportRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const imports = importStore(storage);
  app.addContentTypeParser([...CSV_TYPES, ...JSON_LINES_TYPES], (_request, payload, done) => done(null, payload));

  app.route({
    method: 'POST',
    url: '/api/v1/imports',
    config: { access: 'editor' },
    handlerTimeout: IMPORT_WITHIN_MS,
    schema: {
      summary:
        'Put the destinations of a CSV, or of lines of JSON, on the list; columns and fields as `blocklist import`',
      querystring: accountQuery.extend({
        /** For people, such as the name of the file. */
        name: storableText(255).default('upload'),
        /** `true`: count what would change, and change nothing. */
        dryRun: z.enum(['true', 'false']).optional(),
        channel: z.enum(ENTRY_CHANNELS).optional(),
        sender: storableText(255).optional(),
        source: z.enum(SOURCES).optional(),
        covers: z.enum(['ALL', 'MARKETING']).optional(),
        campaign: storableText(255).optional(),
        defaultCountry: z
          .string()
          .regex(/^[A-Z]{2}$/)
          .optional(),
      }),
      body: z.unknown().describe('The file itself, as text/csv or application/x-ndjson'),
      response: {
        200: z.object({
          /** Absent after a dry run. */
          importId: z.string().optional(),
          ...counts,
          /** The first 1,000. */
          rejects: z.array(z.object({ line: z.number().int(), reason: z.string() })),
        }),
        ...errors,
      },
    },
    handler: async (request) => {
      const { accountKey: key, name, dryRun, ...rest } = request.query;
      if (!(request.body instanceof Readable)) throw new InvalidInputError([NO_UPLOAD]);
      const account = await accountFor(request, storage, key);
      const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
      const defaults = { ...rest, now: new Date() } as ImportDefaults;
      const file = CSV_TYPES.includes(type) ? readCsv(request.body, defaults) : readJson(request.body, defaults);
      if (dryRun === 'true') return withCopies(await runImport(imports.dryRun(account), file));
      const run = await imports.start(account, name, callerOf(request).actor);
      return { importId: run.id, ...withCopies(await runImport(run, file)) };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/imports',
    config: { access: 'viewer' },
    schema: {
      summary: 'Imports of the account and those below it, the newest first',
      querystring: accountQuery.extend({ limit: z.coerce.number().int().min(1).max(1_000).optional() }),
      response: { 200: z.object({ imports: z.array(listed) }), ...errors },
    },
    handler: async (request) => {
      const account = await accountFor(request, storage, request.query.accountKey);
      return { imports: (await imports.list(account, request.query.limit)).map(shown) };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/imports/:id/undo',
    config: { access: 'editor' },
    handlerTimeout: IMPORT_WITHIN_MS,
    schema: {
      summary: 'Lift what an import added, where nothing came since; repeatable',
      params,
      response: {
        200: z.object({
          lifted: z.number().int(),
          /** Entries that stay: something came since, or they were lifted before. */
          kept: z.number().int(),
        }),
        ...errors,
      },
    },
    handler: async (request) => {
      const { account, actor } = callerOf(request);
      return imports.undo(account, request.params.id, actor);
    },
  });
}

async function* readCsv(upload: Readable, defaults: ImportDefaults): AsyncGenerator<ImportReading> {
  let columns: ReturnType<typeof importColumns> | undefined;
  for await (const { line, cells } of readRecords(upload)) {
    if (columns === undefined) {
      const named = importColumns(cells);
      const isHeader = named.some(isDestination);
      if (!isHeader && cells.length > 1) throw new InvalidInputError([NO_COLUMN]);
      columns = isHeader ? named : ['destination'];
      if (isHeader) continue;
    }
    yield readImportRow(line, columns, cells, defaults);
  }
}

/** A destination as text, or an object whose fields have the names of columns. */
async function* readJson(upload: Readable, defaults: ImportDefaults): AsyncGenerator<ImportReading> {
  for await (const { line, text } of readLines(upload)) {
    const fields = fieldsOf(text);
    const columns = importColumns(fields.map(([name]) => name));
    yield columns.some(isDestination)
      ? readImportRow(
          line,
          columns,
          fields.map(([, value]) => value),
          defaults,
        )
      : { rows: [], rejects: [{ line, reason: 'is no destination, nor an object with one' }] };
  }
}

function fieldsOf(text: string): readonly (readonly [string, string])[] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string' || typeof value === 'number') return [['destination', String(value)]];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, field]) =>
      ['string', 'number', 'boolean'].includes(typeof field) ? [[name, String(field)] as const] : [],
    );
  } catch {
    return [];
  }
}

const isDestination = (column: string | undefined): boolean =>
  column === 'phone' || column === 'email' || column === 'destination';

const NO_UPLOAD = { path: 'body', message: 'send the file as text/csv or application/x-ndjson' };
const NO_COLUMN = { path: 'body', message: 'no column is called destination, phone, email or the like' };

const withCopies = <T extends { readonly rejects: readonly object[] }>(counted: T) => ({
  ...counted,
  rejects: [...counted.rejects] as T['rejects'][number][],
});

function shown({ createdAt, finishedAt, undoneAt, counts: counted, ...rest }: ListedImport): z.output<typeof listed> {
  return {
    ...rest,
    counts: { ...counted },
    createdAt: createdAt.toISOString(),
    ...(finishedAt === undefined ? {} : { finishedAt: finishedAt.toISOString() }),
    ...(undoneAt === undefined ? {} : { undoneAt: undoneAt.toISOString() }),
  };
}
