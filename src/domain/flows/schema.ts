// The form of a whole flow. Every part is read by itself, so that a mistake in one does not hide those in the others.
import { z } from 'zod';
import type { Violation } from '../errors.js';
import { ELEMENT_SCHEMAS } from './element-schemas.js';
import type { FlowElement } from './elements.js';
import { ENTRY_SCHEMAS, flowName, settings } from './entry-schemas.js';
import type { FlowDefinition } from './flow.js';
import { elementId, isRecord, line, name, value } from './schema-parts.js';

/** The product's limit. */
export const MOST_ELEMENTS = 100;
const MOST_ENTRIES = 20;

export interface FlowReading {
  /** The flow, if its form is right. */
  readonly flow?: FlowDefinition;
  /** The elements by id; undefined those whose form is wrong. */
  readonly elements: ReadonlyMap<string, FlowElement | undefined>;
  readonly start: unknown;
  readonly onOptOut: unknown;
  readonly violations: readonly Violation[];
}

const HEAD = z.strictObject({
  name: flowName,
  campaign: line,
  account: z
    .string()
    .regex(/^[0-9A-F]{32}$/, 'must be an account key: 32 upper-case hexadecimal digits')
    .exactOptional(),
  start: elementId,
  onOptOut: elementId.exactOptional(),
  settings: settings.exactOptional(),
  variables: z.record(name, value).exactOptional(),
});

/** What can be read of `given`, and everything that cannot. */
export function readFlow(given: unknown): FlowReading {
  const flow = isRecord(given) ? given : {};
  const { elements: _elements, entry: _entry, ...rest } = flow;
  const violations: Violation[] = isRecord(given) ? [] : [{ path: '', message: 'a flow must be an object' }];
  const head = read(HEAD, rest, '', violations);
  const entry = readEntries(flow['entry'], violations);
  const elements = readElements(flow['elements'], violations);
  return {
    ...(head === undefined || violations.length > 0 ? {} : { flow: plainFlow(head, entry, elements) }),
    elements,
    start: flow['start'],
    onOptOut: flow['onOptOut'],
    violations,
  };
}

function readElements(given: unknown, violations: Violation[]): Map<string, FlowElement | undefined> {
  const entries = isRecord(given) ? Object.entries(given) : [];
  if (entries.length === 0)
    violations.push({ path: 'elements', message: 'must be an object with at least one element' });
  if (entries.length > MOST_ELEMENTS) {
    violations.push({
      path: 'elements',
      message: `there are ${entries.length}, but at most ${MOST_ELEMENTS} are possible`,
    });
    return new Map(entries.map(([id]) => [id, undefined]));
  }
  const elements = new Map<string, FlowElement | undefined>();
  for (const [id, element] of entries) {
    const path = `elements.${id}`;
    if (!elementId.safeParse(id).success) {
      violations.push({ path, message: 'an id is a letter followed by letters, digits and underscores, 64 at most' });
    }
    elements.set(id, readTyped<FlowElement>(ELEMENT_SCHEMAS, element, path, violations));
  }
  return elements;
}

function readEntries(given: unknown, violations: Violation[]): unknown[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_ENTRIES) {
    violations.push({ path: 'entry', message: `must list 1 to ${MOST_ENTRIES} entry points` });
    return [];
  }
  const audiences = given.filter((point) => isRecord(point) && point['type'] === 'audience');
  if (audiences.length > 1) violations.push({ path: 'entry', message: 'at most one audience is possible' });
  return given.map((point: unknown, i) => readTyped(ENTRY_SCHEMAS, point, `entry[${i}]`, violations));
}

/** Reads `given` by the schema its `type` names. */
function readTyped<T>(
  schemas: Readonly<Record<string, z.ZodType>>,
  given: unknown,
  path: string,
  violations: Violation[],
): T | undefined {
  const type = isRecord(given) ? given['type'] : undefined;
  const schema = typeof type === 'string' && Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema !== undefined) return read(schema as z.ZodType<T>, given, path, violations);
  violations.push({ path: `${path}.type`, message: `must be one of ${Object.keys(schemas).join(', ')}` });
  return undefined;
}

function read<T>(schema: z.ZodType<T>, given: unknown, path: string, violations: Violation[]): T | undefined {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const keys = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    violations.push({ path: `${path}${keys}`.replace(/^\./, ''), message: issue.message });
  }
  return undefined;
}

/** JSON and nothing else, no longer tied to what was given. */
function plainFlow(head: object, entry: unknown, elements: ReadonlyMap<string, unknown>): FlowDefinition {
  return JSON.parse(JSON.stringify({ ...head, entry, elements: Object.fromEntries(elements) })) as FlowDefinition;
}
