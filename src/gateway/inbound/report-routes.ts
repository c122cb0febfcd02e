// Webhooks for delivery and seen reports: /inbound/{provider}/reports.
import { deliveryStore, type DeliveryReport } from '../../storage/deliveries.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { GroupCommit } from '../group-commit.js';
import { errors } from '../error-envelopes.js';
import { webhookGuard } from '../secrets.js';
import { readInfobipReport, readSandboxReport, type ReportReading } from './delivery-report.js';
import { envelope, receipt } from './envelope.js';

const BODY_LIMIT = 8 << 20;
const MOST_REPORTS = 2_000;
const MOST_WAITING = 100_000;

export function registerReportRoutes(app: App, deps: GatewayDeps): void {
  const { config, metrics, storage } = deps;
  const deliveries = deliveryStore(storage.db);
  // One at a time: reports compete with dispatch for the same rows, and nobody waits for them.
  const queue = new GroupCommit<DeliveryReport, boolean>(
    async (reports) => {
      const changed = new Set(await deliveries.record(reports));
      return reports.map((report) => changed.has(report.permitId.toLowerCase()));
    },
    { mostItems: MOST_REPORTS, concurrency: 1, patienceMs: 0, mostWaiting: MOST_WAITING },
  );
  app.addHook('onClose', () => queue.drained());
  const guard = webhookGuard(config.webhookSecret, deps.allowLoopbackWebhooks);

  const route = (url: string, read: (item: unknown, arrivedAt: Date) => ReportReading): void => {
    app.route({
      method: 'POST',
      url,
      config: { access: 'webhook' },
      bodyLimit: BODY_LIMIT,
      onRequest: guard,
      schema: { body: envelope, response: { 200: receipt, ...errors } },
      handler: async (request) => {
        const arrivedAt = new Date();
        const readings = request.body.results.map((item) => read(item, arrivedAt));
        const rejected = readings.flatMap((reading, index) => (reading.ok ? [] : [{ index, reason: reading.reason }]));
        const changed = await queue.add(readings.flatMap((reading) => (reading.ok ? (reading.item ?? []) : [])));
        if (rejected.length > 0) metrics.countRejected('report', rejected.length);
        const accepted = changed.filter(Boolean).length;
        return { accepted, duplicates: readings.length - rejected.length - accepted, rejected };
      },
    });
  };

  route('/inbound/sandbox/reports', readSandboxReport);
  route('/inbound/infobip/reports', readInfobipReport);
}
