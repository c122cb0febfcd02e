// Asks who may be written to, without sending and without changing anything.
import type { SendingChannel } from '../../src/domain/channel.js';
import type { Contact } from '../../src/domain/contact.js';
import type { Purpose } from '../../src/domain/scope.js';
import type { FindResult } from '../../src/domain/step-activities.js';
import { InputCheck } from './input-check.js';
import { step } from './step.js';
import { callActivity } from './step-activities.js';

/** Whether one contact is on the blocklist for this channel and sender, and because of which entry. */
export type BlocklistCheck = FindResult['results'][number];

interface CheckScope {
  readonly channel: SendingChannel;
  readonly sender?: string;
  readonly purpose?: Purpose;
  readonly account?: string;
}

const MOST_CONTACTS = 1_000;

/**
 * Ask whether contacts may be written to. The answer is true when it is given; only `sendMessage` can rely on it longer,
 * so a flow does not have to ask before it sends.
 */
export async function checkBlocklist(question: CheckScope & { readonly contact: Contact }): Promise<BlocklistCheck>;
export async function checkBlocklist(
  question: CheckScope & { readonly contacts: readonly Contact[] },
): Promise<readonly BlocklistCheck[]>;
export async function checkBlocklist(
  question: CheckScope & { readonly contact?: Contact; readonly contacts?: readonly Contact[] },
): Promise<BlocklistCheck | readonly BlocklistCheck[]> {
  const input = new InputCheck('checkBlocklist', question);
  const { channel, sender, purpose, account } = question;
  const contacts = question.contact === undefined ? question.contacts : [question.contact];
  const isList = Array.isArray(contacts) && contacts.length > 0 && contacts.length <= MOST_CONTACTS;
  input.require(isList, 'contacts', `must be a list of 1 to ${MOST_CONTACTS} contacts`);
  if (isList) contacts.forEach((contact, index) => input.contact(contact, `contacts[${index}]`));
  input.channel(channel, 'channel');
  input.optionalText(sender, 'sender', 255);
  input.oneOf(purpose, 'purpose', ['MARKETING', 'SERVICE']);
  input.account(account);
  input.done();

  return step(async () => {
    const { results } = await callActivity(
      (to) =>
        to.blocklistFind({
          contacts: (contacts ?? []).map(({ id }) => ({ id })),
          channel,
          ...(sender === undefined ? {} : { sender }),
          ...(purpose === undefined ? {} : { purpose }),
          ...(account === undefined ? {} : { accountKey: account }),
        }),
      { summary: `${channel} ${contacts?.length ?? 0}` },
    );
    const [first] = results;
    return question.contact === undefined || first === undefined ? results : first;
  });
}
