// The gateway's HTTP interface, as any service would use it.
import { z } from 'zod';
import type { CampaignReport } from '../../domain/campaign-report.js';
import { BlocklistError } from '../../domain/errors.js';

export interface Gateway {
  /** Undefined while nothing has been sent under the reference. */
  report(campaign: string): Promise<CampaignReport | undefined>;
  /** `RUNNING`, `PAUSED`, `FINISHED`, `CANCELLED`. */
  broadcastStatus(id: string): Promise<string>;
}

const count = z.number();
const counts = z.record(z.string(), count);

/** What table and audit compute with; a figure that is missing is an error, not a zero. */
const report = z.looseObject({
  campaign: z.string(),
  audience: count,
  permitted: count,
  pending: count,
  sent: count,
  delivered: count,
  undeliverable: count,
  failed: count,
  rejected: count,
  unknown: count,
  expired: count,
  held: count,
  invalid: count,
  replies: count,
  blocked: z.looseObject({
    total: count,
    bySource: counts,
    byCause: z.array(z.looseObject({ campaign: z.string().optional(), messages: count })),
  }),
  optOuts: z.looseObject({ total: count, bySource: counts, byChannel: counts, byConfidence: counts }),
  optOutRate: count,
  secondsToOptOut: z.object({ p50: count, p90: count, p99: count }).optional(),
});

const broadcast = z.looseObject({ status: z.string() });

export function connectGateway(gatewayUrl: string, apiKey: string, signal: AbortSignal): Gateway {
  /** Undefined when there is no such thing. The path names no person. */
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(gatewayUrl + path, { headers: { authorization: `App ${apiKey}` }, signal });
    if (response.status === 404) return undefined;
    if (response.ok) return response.json();
    throw new BlocklistError('CONFLICT', `the gateway answered GET ${path} with ${response.status}`);
  };
  return {
    async report(campaign) {
      const found = await get(`/api/v1/campaigns/${encodeURIComponent(campaign)}/report`);
      if (found === undefined) return undefined;
      report.parse(found);
      return found as CampaignReport;
    },
    async broadcastStatus(id) {
      return broadcast.parse(await get(`/api/v1/broadcasts/${encodeURIComponent(id)}`)).status;
    },
  };
}
