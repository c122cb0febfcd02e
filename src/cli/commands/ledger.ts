// blocklist ledger verify: the proof that the live list is what the ledger says.
import type { Command } from 'commander';
import { ledgerStore } from '../../storage/ledger.js';
import { runs, withStorage } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { counted } from '../output.js';

export function registerLedger(program: Command): void {
  const ledger = program
    .command('ledger')
    .summary('verify the history behind the list')
    .description('The append-only history behind the list.');
  const verify = ledger
    .command('verify')
    .summary('compare the ledger with the list')
    .description('Fold the whole ledger and compare it with the live list. Ends with status 1 if they differ.');
  runs(verify, async (out) =>
    withStorage(async (storage) => {
      const contacts = await storage.db.query<{ n: number }>('select count(*)::integer as n from contact_points');
      const progress = out.progress('verifying', contacts.rows[0]?.n ?? 0);
      const verification = await ledgerStore(storage.db, storage.contacts).verifyProjection(progress.update);
      progress.stop();
      const { differences, examples, events, entries } = verification;
      out.result(verification, () =>
        [
          `${counted(events, 'ledger event')}, ${counted(entries, 'entry', 'entries')}: ` +
            (differences === 0 ? 'the list is what the ledger says' : counted(differences, 'difference')),
          ...examples.map(
            (one) =>
              `  ${one.kind}: ${one.kind === 'effect' ? 'event' : 'entry'} ${one.id} of contact ${one.contactId}`,
          ),
        ].join('\n'),
      );
      return differences === 0 ? EXIT.ok : EXIT.failure;
    }),
  );
}
