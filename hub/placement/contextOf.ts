/** How long a context stages have room for. */
import { hubText } from '@potluck/api/hub-texts';
import type { StageAt } from './layerRange.ts';
import { sessionTokens } from './sessionTokens.ts';
import type { SizedModel } from './stageMemory.ts';

/** A stage, and most that its caches may take. */
export type StageWithCache = StageAt & { cacheBytes: number };

/** @returns the longest context that all stages have room for, in tokens, and the stage that keeps it from being longer */
export function contextOf<T extends StageWithCache>(
  model: SizedModel,
  stages: readonly T[],
): { tokens: number; tightest: T | undefined } {
  let tokens = model.contextLength;
  let tightest: T | undefined;
  for (const stage of stages) {
    const layers = model.layers.slice(stage.firstLayer, stage.lastLayer + 1);
    const room = sessionTokens({
      cacheBytes: stage.cacheBytes,
      cacheBytesPerToken: layers.reduce((sum, { cacheBytesPerToken }) => sum + cacheBytesPerToken, 0),
      stateBytes: layers.reduce((sum, { stateBytes }) => sum + stateBytes, 0),
    });
    if (room >= tokens) continue;
    tokens = room;
    tightest = stage;
  }
  return { tokens, tightest };
}

/** For people: why less is served than the model takes; undefined where the model's own context is. */
export function describeContext<T extends StageWithCache>(
  model: SizedModel,
  stages: readonly T[],
  nameOf: (stage: T) => string,
): string | undefined {
  const { tokens, tightest } = contextOf(model, stages);
  if (!tightest) return undefined;
  const served = tokens.toLocaleString('en');
  const own = model.contextLength.toLocaleString('en');
  return hubText('short-context', { served, own, device: nameOf(tightest) });
}
