// Requests made from the served OpenAPI document, valid and broken ones: every answer is one that the document describes.
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broken, validNamed, type JsonSchema } from './support/from-schema.js';
import { startTestGateway, type TestGateway } from './support/running-gateway.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
  >;
}
interface Described {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const RUNS_OF_AN_OPERATION = 40;

let test: TestGateway;
let described: readonly Described[];
const ajv = new Ajv2020({ strict: false, validateFormats: false });

beforeAll(async () => {
  test = await startTestGateway({ env: { BLOCKLIST_REQUESTS_PER_SECOND: '0' } });
  const document = (await (await test.call('GET', '/docs/json')).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
});
afterAll(() => test.close());

interface Call {
  readonly path: string;
  readonly body: string | undefined;
}

/** Every second call is as it should be; in the others any part may be wrong. */
function calls(each: Described): fc.Arbitrary<Call> {
  const right = callsOf(each, validNamed);
  const wrong = callsOf(each, (name, schema) => fc.oneof(validNamed(name, schema), broken(schema)));
  return fc.oneof(right, wrong);
}

function callsOf(
  { path, operation }: Described,
  draw: (name: string, schema: JsonSchema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<Call> {
  const of = (place: string) =>
    Object.fromEntries(
      (operation.parameters ?? [])
        .filter((each) => each.in === place)
        .map(({ name, schema }) => [name, draw(name, schema)]),
    );
  const schema = operation.requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined ? fc.constant(undefined) : draw('', schema).map((value) => JSON.stringify(value) ?? '');
  return fc
    .record({ inPath: fc.record(of('path')), inQuery: fc.record(of('query'), { requiredKeys: [] }), body })
    .map(({ inPath, inQuery, body }) => {
      const query = new URLSearchParams(
        Object.fromEntries(Object.entries(inQuery).map(([name, value]) => [name, asText(value)])),
      );
      const address = path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(asText(inPath[name])));
      return { path: `${address}?${query}`, body };
    });
}

/** `fetch` sends no halves of characters in a URL; bodies carry them as escapes. */
function asText(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();
}

function problemOf({ operation }: Described, status: number, type: string, text: string): string | undefined {
  if (status >= 500) return `answered ${status}: ${text}`;
  const response = operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`];
  if (response === undefined) return `answered ${status}, which is not described: ${text}`;
  const [kind = ''] = type.split(';');
  // A file is described by its type alone.
  if (kind !== 'application/json' && response.content?.[kind] !== undefined) return undefined;
  const schema = response.content?.['application/json']?.schema;
  if (schema === undefined) return text === '' ? undefined : `answered ${status} with a body, which is not described`;
  if (!type.startsWith('application/json')) return `answered ${status} as ${type}`;
  const isValid = ajv.compile(schema);
  return isValid(JSON.parse(text)) ? undefined : `answered ${status} with ${text}: ${ajv.errorsText(isValid.errors)}`;
}

describe('the served OpenAPI document', () => {
  it('describes every answer to requests made from it, and none is a 5xx', { timeout: 300_000 }, async () => {
    const statuses = new Map<number, number>();
    for (const each of described) {
      await fc.assert(
        fc.asyncProperty(calls(each), async ({ path, body }) => {
          const answer = await test.call(
            each.method,
            path,
            body,
            body === undefined ? {} : { 'content-type': 'application/json' },
          );
          const text = await answer.text();
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          expect(
            problemOf(each, answer.status, answer.headers.get('content-type') ?? '', text),
            `${each.name} ${path} ${body ?? ''}`,
          ).toBeUndefined();
        }),
        { numRuns: RUNS_OF_AN_OPERATION },
      );
    }
    // Both sides of the schemas were seen: what is accepted, and what is refused.
    const seen = (from: number, till: number) =>
      [...statuses].reduce((sum, [status, count]) => sum + (status >= from && status < till ? count : 0), 0);
    expect(seen(200, 300)).toBeGreaterThan(100);
    expect(seen(400, 500)).toBeGreaterThan(200);
  });

  it('refuses what it does not describe when nobody says who they are', async () => {
    for (const { method, path, operation } of described) {
      const { security } = operation as { readonly security?: readonly unknown[] };
      if (security?.length === 0) continue;
      const answer = await test.call(method, path.replace(/\{[^}]+\}/g, '1'), undefined, {
        authorization: '',
        'x-webhook-secret': '',
      });
      expect(answer.status, `${method} ${path}`).toBe(401);
    }
  });
});
