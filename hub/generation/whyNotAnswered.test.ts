import { expect, test } from 'vitest';
import type { Deployment } from '../pipelines/deployment.ts';
import { GenerationError } from './generationError.ts';
import { notRecovered } from './whyNotAnswered.ts';

test('what an answer was lost by is not said once more as why it did not go on', () => {
  const lost = new GenerationError('worker_lost', 'desk is paused, so the answer stopped here.', {});
  const said = (missing: string): string =>
    notRecovered(lost, { missing, replicas: [{ missing }] } as unknown as Deployment, 30_000).message;
  const sentence = 'desk is paused, so the answer stopped here. No other device could continue within 30 s';
  expect(said('it needs 1 GB; desk is paused; lap is leaving')).toBe(
    `${sentence}: it needs 1 GB; lap is leaving.`,
  );
  expect(said('desk is paused')).toBe(`${sentence}.`);
});
