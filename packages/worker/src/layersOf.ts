import type { StageDescription } from '@potluck/protocol';

/** Which layers a stage has, counted from 0: `layer 3`, `layers 0 to 4`. */
export const layersOf = ({ firstLayer, lastLayer }: StageDescription): string =>
  firstLayer === lastLayer ? `layer ${firstLayer}` : `layers ${firstLayer} to ${lastLayer}`;
