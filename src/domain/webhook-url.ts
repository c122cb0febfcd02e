// Addresses that others give us to post to.

const LONGEST = 2_048;

/** What is wrong with it, or undefined. Where its name leads is looked at with every post. */
export function webhookUrlProblem(text: string): string | undefined {
  if (text.length > LONGEST) return `must have at most ${LONGEST} characters`;
  if (!URL.canParse(text)) return 'must be an http or https URL';
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return 'must be an http or https URL';
  if (username !== '' || password !== '') return 'must not hold a user name or password';
  return undefined;
}
