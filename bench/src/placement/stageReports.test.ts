import { expect, test } from 'vitest';
import { measureStageReports } from './stageReports.ts';

test('each stage of each model reports until it is ready', async () => {
  const { stages, reports, maxMs } = await measureStageReports(12, 2);
  expect([stages, reports]).toEqual([12, 72]);
  expect(maxMs).toBeGreaterThan(0);
});
