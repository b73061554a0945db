import { expect, test } from 'vitest';
import { describeProgress, type Pipeline } from './pipeline.ts';

const stage = (workerName: string, firstLayer: number, lastLayer: number, state: string): unknown => ({
  ...{ workerName, firstLayer, lastLayer, state },
});
const described = (...stages: unknown[]): string => describeProgress({ stages } as unknown as Pipeline);

test('a device whose stages stand alike is named once', () => {
  expect(described(stage('desk', 0, 4, 'warming'), stage('desk', 5, 7, 'warming'))).toBe(
    'desk (layers 0 to 7) is preparing',
  );
  expect(described(stage('desk', 0, 4, 'ready'), stage('desk', 5, 7, 'warming'))).toBe(
    'desk (layers 5 to 7) is preparing',
  );
  expect(described(stage('desk', 0, 4, 'assigned'), stage('lap', 5, 7, 'assigned'))).toBe(
    'desk (layers 0 to 4) is assigned; lap (layers 5 to 7) is assigned',
  );
});
