import { expect, it } from 'vitest';
import { exerciseStage } from '../testing/exerciseStage.ts';
import { model, stageOf } from '../testing/tinyStages.ts';

it('a stage in this process keeps the contract', async () => {
  const [artifact] = (await model('fused')).stages(1);
  if (!artifact) throw new Error('a stage expected');
  const { answer, ofFork, ofTruncated, ofCarriedOver, usage, refusals } = await exerciseStage(
    await stageOf(artifact),
  );
  expect(ofFork).toEqual(answer.slice(3));
  expect(ofTruncated).toEqual(ofFork);
  expect(ofCarriedOver).not.toContain(undefined);
  expect(usage).toEqual([
    { caches: 2, tokens: 48 },
    { caches: 0, tokens: 0 },
  ]);
  expect(refusals).toEqual({
    'step of an earlier epoch': 'CacheMissError: cache-miss',
    'step of no cache': 'CacheMissError: cache-miss',
    'step of a word that is none': 'BadStepError: bad-frame',
    'cache that is too large': 'NoRoomError: no-room',
    'fork onto an open cache': 'CacheMissError: cache-miss',
    'fork of no cache': 'CacheMissError: cache-miss',
    'fork beyond the end': 'CacheMissError: cache-miss',
    'cut beyond the end': 'CacheMissError: cache-miss',
    'cache without room': 'NoRoomError: no-room',
    'cache with room again': 'none',
    'step of a stage that is gone': 'StageGoneError: stage-gone',
  });
});
