// What a campaign came to: /api/v1/campaigns/{reference}/report.
import { z } from 'zod';
import { campaignReport } from '../../storage/campaign-report.js';
import { accountFor } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountQuery } from './account-query.js';

/** The figures callers compute with; the report holds more, see the README. */
const report = z.looseObject({
  campaign: z.string(),
  accountKey: z.string(),
  audience: z.number(),
  permitted: z.number(),
  sent: z.number(),
  delivered: z.number(),
  failed: z.number(),
  held: z.number(),
  replies: z.number(),
  optOutRate: z.number(),
});

export function registerCampaignRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/campaigns/:reference/report',
    config: { access: 'viewer' },
    schema: {
      params: z.object({ reference: storableText(255) }),
      querystring: accountQuery,
      response: { 200: report, ...errors },
    },
    handler: async (request) => {
      const account = await accountFor(request, storage, request.query.accountKey);
      return { ...(await campaignReport(storage.db, account, request.params.reference)) };
    },
  });
}
