/** Which models nobody has asked for a while. */

export interface UsedModel {
  model: string;
  /** When it was asked last, or deployed, in milliseconds. */
  lastUsedAt: number;
  /** True while it answers, or somebody waits for it. */
  isBusy: boolean;
}

/** @param afterMs how long a model must have rested, in milliseconds @returns ids */
export function idleModels(models: readonly UsedModel[], now: number, afterMs: number): string[] {
  return models
    .filter(({ isBusy, lastUsedAt }) => !isBusy && now - lastUsedAt >= afterMs)
    .map(({ model }) => model);
}
