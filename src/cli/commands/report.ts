// blocklist report: what a campaign came to.
import type { Command } from 'commander';
import { runs, withAccount } from '../command.js';
import { account, addAll, text } from '../options.js';

export function registerReport(program: Command): void {
  const command = program
    .command('report')
    .summary('report on a campaign')
    .description(
      'What became of the messages of a campaign, which campaigns cost the opt-outs that blocked some of them, and the ' +
        'opt-outs it cost itself. Covers the account and those below it.',
    )
    .argument('<campaign>', 'campaign reference', text('campaign'));
  addAll(command, account());
  runs<{ readonly account?: string }>(command, async (out, options, [reference = '']) => {
    await withAccount(options, async (storage, owner) => {
      const { campaignReport } = await import('../../storage/campaign-report.js');
      const report = await campaignReport(storage.db, owner, reference);
      const { reportTable } = await import('../../dev/demo/report-table.js');
      out.result(report, () => reportTable(report));
    });
  });
}
