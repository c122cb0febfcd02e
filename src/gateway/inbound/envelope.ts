// What webhooks have in common: a `results` array whose items are judged one by one, so that one bad item costs itself only.
import { z } from 'zod';

/** Items are parsed by each route's own reader; a provider may add whatever it likes around and inside. */
export const envelope = z.looseObject({ results: z.array(z.unknown()) });

/** Answer to a webhook: sent only when everything accepted is stored. */
export const receipt = z.object({
  accepted: z.number(),
  duplicates: z.number(),
  rejected: z.array(z.object({ index: z.number(), reason: z.string() })),
});
export type Receipt = z.output<typeof receipt>;

export type ItemReading<Item> =
  { readonly ok: true; readonly item: Item } | { readonly ok: false; readonly reason: string };

/** Reads an item by `schema`; a reason names the field and never its value. */
export function readItem<Schema extends z.ZodType>(schema: Schema, item: unknown): ItemReading<z.output<Schema>> {
  const parsed = schema.safeParse(item);
  if (parsed.success) return { ok: true, item: parsed.data };
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  return { ok: false, reason: `${path === '' ? 'item' : path}: ${issue?.message ?? 'is not valid'}` };
}
