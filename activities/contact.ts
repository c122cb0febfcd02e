// What services ask through BlocklistClient, and the flows' read-only check and registration.
import { normaliseAtTheDoor } from '../src/domain/destinations.js';
import { BlocklistError } from '../src/domain/errors.js';
import { normaliseHuman } from '../src/domain/human-destinations.js';
import { LIFT_TABLE } from '../src/domain/lifts.js';
import type { Contact } from '../src/domain/contact.js';
import type {
  ClientRequest,
  ContactEvent,
  FindInput,
  FindResult,
  OptResult,
  RegisterFlowInput,
} from '../src/domain/step-activities.js';
import { findBlocked } from '../src/storage/find.js';
import { recordEvent } from '../src/storage/events.js';
import type { ActivityDeps } from './deps.js';
import { acknowledged, askedAt } from './figures.js';
import { scopeOf } from './opt-out.js';
import { present } from '../src/domain/present.js';

/** Shorter and without letters or signs: digits as a network writes them. Anything else is a human format. */
const DOOR_FORMAT = /^\+?\d{5,15}$/;

export function createContactActivities({ storage, metrics }: ActivityDeps) {
  return {
    /** The contact that stands for a destination; made when new. */
    async blocklistContact(input: Extract<ClientRequest, { kind: 'contact' }>): Promise<Contact> {
      const account = await storage.accounts.get(input.accountKey);
      const read =
        DOOR_FORMAT.test(input.destination) && input.defaultCountry === undefined
          ? normaliseAtTheDoor(input.destination, 'SMS')
          : normaliseHuman(
              input.destination,
              input.defaultCountry === undefined ? {} : { defaultCountry: input.defaultCountry },
            );
      if (!read.ok) {
        throw new BlocklistError(
          'INVALID_DESTINATION',
          `The destination cannot be read (${read.reason}). Give a phone number with its country code, or an e-mail address.`,
        );
      }
      const [id] = await storage.contacts.resolve(account.rootId, [read.destination]);
      return { id: present(id, 'a contact') };
    },

    /** Who of these is on the list now? A look, not a permit: nothing is reserved. */
    async blocklistFind(input: FindInput): Promise<FindResult> {
      const account = await storage.accounts.get(input.accountKey);
      return { results: await findBlocked(storage.db, account, input) };
    },

    async blocklistRegisterFlow(input: RegisterFlowInput): Promise<void> {
      const account = await storage.accounts.get(input.accountKey);
      await storage.flows.register(input.flow, input.contact.id, account.id);
    },

    /** A product event of one person, passed on to the flows he is in. A repeated id is ignored. */
    async blocklistRecordEvent(event: ContactEvent): Promise<void> {
      await storage.db.transaction((tx) => recordEvent(tx, event));
    },

    /** A service's own opt-out or opt-in: an operator's word, source CUSTOM. */
    async blocklistChange(input: Extract<ClientRequest, { kind: 'optOut' | 'optIn' }>): Promise<OptResult> {
      const asked = askedAt();
      const account = await storage.accounts.get(input.accountKey);
      const change = {
        accountId: account.id,
        contactId: input.contact.id,
        source: 'CUSTOM' as const,
        receivedAt: new Date(),
        actor: input.actor,
        evidence: input.reason === undefined ? {} : { reason: input.reason },
        ...scopeOf(input.level, input.channel, input.sender),
        ...(input.campaign === undefined
          ? {}
          : { campaignId: await storage.streams.campaignId(account.id, input.campaign) }),
      };
      const written =
        input.kind === 'optOut'
          ? await storage.optOuts.optOut([change])
          : await storage.optOuts.optIn([{ ...change, exact: true, sources: LIFT_TABLE.OPERATOR.sources }]);
      if (input.kind === 'optOut') acknowledged(metrics, 'api', asked);
      return { eventIds: written.map((w) => w.eventId), effect: written[0]?.effect ?? 'nothing' };
    },
  };
}
