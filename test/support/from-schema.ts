// Values that a JSON schema describes, and values that it does not: what a generated client, or a broken one, would send.
import fc from 'fast-check';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

const LONGEST = 40;
const MOST_ITEMS = 4;

/** What people really send stands in for texts whose form the schema cannot tell. */
const TEXTS = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('385911234567', 'ann@example.com', '10950', 'STOP', '2022-08-18T12:36:42.123Z', 'SMS', 'true', '0'),
);

const HOSTILE = fc.oneof(
  fc.constantFrom(null, true, -1, 1e30, 0.5, '', '\u0000', '\ud800', 'x'.repeat(2_000), [], {}, [null], {
    a: { b: [] },
  }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** What really exists, by the name of what asks for it: a form alone would nearly always name nobody and nothing. */
const REAL: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  accountKey: fc.constant('00000000000000000000000000000001'),
  parentKey: fc.constant('00000000000000000000000000000001'),
  destination: fc.constantFrom('385911234567', 'ann@example.com'),
  to: fc.constantFrom('385911234567', '385911234568', 'ann@example.com'),
  from: fc.constantFrom('385911234567', '385911234568'),
  createdDateFrom: fc.constantFrom('2022-08-18T12:36:42.123Z', '2022-08-18'),
  createdDateTo: fc.constantFrom('2032-08-18T12:36:42.123Z', '2032-08-18'),
};

/** Values of a property or parameter that fit its schema. */
export function validNamed(name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const real = REAL[name];
  return real === undefined
    ? valid(schema)
    : fc.oneof({ weight: 9, arbitrary: real }, { weight: 1, arbitrary: valid(schema) });
}

/** Values that fit the schema. */
export function valid(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(valid));
  if (schema.allOf !== undefined) return valid(Object.assign({}, ...schema.allOf) as JsonSchema);
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({
        min: Math.max(schema.minimum ?? 0, -(2 ** 31)),
        max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1),
      });
    case 'number':
      return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valid(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? MOST_ITEMS, MOST_ITEMS)),
      });
    case 'object':
      return record(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Values of the schema with one part of them, or the whole, put wrong. */
export function broken(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.tuple(valid(schema), HOSTILE, fc.nat()).map(([value, wrong, where]) => put(value, wrong, where));
}

function text({ pattern, minLength = 0, maxLength = LONGEST }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const least = Math.min(minLength, maxLength);
  return TEXTS.map((value) => [...value].slice(0, Math.min(maxLength, LONGEST)).join('').slice(0, maxLength)).filter(
    (value) => value.length >= least,
  );
}

function record({ properties = {}, required = [], additionalProperties }: JsonSchema): fc.Arbitrary<unknown> {
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, validNamed(name, schema)])),
    { requiredKeys: required.filter((name) => name in properties) },
  );
  if (typeof additionalProperties !== 'object') return named;
  return fc
    .tuple(named, fc.dictionary(fc.string(), valid(additionalProperties), { maxKeys: 3 }))
    .map(([a, b]) => ({ ...b, ...a }));
}

/** The n-th part of the value, counted all the way down, becomes `wrong`. */
function put(value: unknown, wrong: unknown, n: number): unknown {
  if (typeof value !== 'object' || value === null) return wrong;
  const names = Object.keys(value);
  const at = n % (names.length + 1);
  const name = names[at];
  if (name === undefined) return wrong;
  const part = put((value as Record<string, unknown>)[name], wrong, Math.floor(n / (names.length + 1)));
  if (Array.isArray(value)) return value.map((each: unknown, i) => (String(i) === name ? part : each));
  return { ...value, [name]: part };
}
