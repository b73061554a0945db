import type { StageDescription } from '@potluck/protocol';

/** What people call a stage by, with layers counted from 0: `layer 3 of tiny`, `layers 0 to 4 of tiny`. */
export function layersOf({ firstLayer, lastLayer, model }: StageDescription): string {
  const layers = firstLayer === lastLayer ? `layer ${firstLayer}` : `layers ${firstLayer} to ${lastLayer}`;
  return `${layers} of ${model}`;
}
