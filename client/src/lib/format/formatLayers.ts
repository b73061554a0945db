/** @returns which layers a stage has: `layer 3`, `layers 0–4` */
export function formatLayers({ firstLayer, lastLayer }: { firstLayer: number; lastLayer: number }): string {
  return firstLayer === lastLayer
    ? /* @wc-include */ `layer ${firstLayer}`
    : /* @wc-include */ `layers ${firstLayer}–${lastLayer}`;
}
