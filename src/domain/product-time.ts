/** A time as the product writes it in what it posts: `2023-06-06T14:18:29.797+0000`. */
export function productTime(at: Date): string {
  return at.toISOString().replace('Z', '+0000');
}
