// How a contradiction is told: one line, with ids that lead an operator further and tell nobody anything about a person.

/** Compares a figure of a campaign's report with the same one found otherwise; nothing to tell when they are equal. */
export function comparison(campaign: string) {
  return (what: string, told: number, other: string, found: number): string[] => {
    if (told === found) return [];
    return [`${campaign}: ${what} is ${format(told)} in the report; by ${other} it is ${format(found)}.`];
  };
}

/** None for none. */
export function messagesThat(what: string, ids: readonly string[]): string[] {
  const [first] = ids;
  if (first === undefined) return [];
  return [`${format(ids.length)} ${ids.length === 1 ? 'message' : 'messages'} ${what}, such as ${first}.`];
}

const format = (count: number): string => count.toLocaleString('en-US');
