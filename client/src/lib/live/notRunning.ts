import { fromHub } from '#lib/hub/fromHub.ts';

/** Why a model does not answer, in one sentence. @param missing what the hub says is missing; null where it says nothing */
export function notRunning(model: string, missing: string | null): string {
  return missing === null
    ? `${model} isn’t running right now.`
    : `${model} isn’t running yet: ${fromHub(missing)}.`;
}
