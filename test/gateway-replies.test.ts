// Replies over HTTP: how texts would be read, and the ones that wait for a decision.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from './support/running-gateway.js';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

const classify = (texts: unknown) => test.call('POST', '/api/v1/replies/classify', { texts });

it('tells for each text how it would be read', async () => {
  const answer = await classify(['STOP', 'lose my number', 'not interested', 'bus stop at 5?']);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    results: [
      { label: 'opt_out', action: 'act', reason: 'keyword', confidence: 0.99 },
      { label: 'opt_out', action: 'act' },
      { label: 'opt_out', action: 'review' },
      { label: 'other', action: 'none' },
    ],
  });
});

it('takes a thousand texts, and says what to do with more', async () => {
  const full = await classify(Array.from({ length: 1_000 }, () => 'stop'.repeat(4_000)));
  expect(full.status).toBe(200);
  expect(((await full.json()) as { results: unknown[] }).results).toHaveLength(1_000);
  const tooMany = await classify(Array.from({ length: 1_001 }, () => 'stop'));
  expect(tooMany.status).toBe(400);
  expect(await tooMany.text()).toContain('at most 1000 texts');
});

it('lists what waits, and says so if a review does not', async () => {
  expect(await (await test.call('GET', '/api/v1/replies/reviews')).json()).toEqual({ reviews: [] });
  const gone = await test.call('POST', '/api/v1/replies/reviews/7', { decision: 'keep' });
  expect(gone.status).toBe(404);
  const wrong = await test.call('POST', '/api/v1/replies/reviews/7', { decision: 'maybe' });
  expect(wrong.status).toBe(400);
});
