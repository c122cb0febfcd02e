// One question or command of a BlocklistClient: a short workflow, so that services need no database secret and operators
// see who asked what.
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { ClientRequest } from '../src/domain/step-activities.js';

const activities = proxyActivities<Activities>({
  startToCloseTimeout: '30 s',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '300 ms', backoffCoefficient: 2, maximumInterval: '5 s' },
});

export async function blocklistRequest(request: ClientRequest): Promise<unknown> {
  switch (request.kind) {
    case 'contact':
      return activities.blocklistContact(request);
    case 'find':
      return activities.blocklistFind(request.input);
    case 'event':
      return activities.blocklistRecordEvent(request.event);
    case 'optOut':
    case 'optIn':
      return activities.blocklistChange(request);
  }
}
