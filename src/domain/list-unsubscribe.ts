// The headers by which a mail program offers its own unsubscribe button (RFC 2369, RFC 8058).

/** For an e-mail whose opt-out link is `url`. Both must be covered by the message's DKIM signature, or they count for nothing. */
export function listUnsubscribeHeaders(
  url: string,
): Readonly<Record<'List-Unsubscribe' | 'List-Unsubscribe-Post', string>> {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}
