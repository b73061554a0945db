interface Range {
  firstLayer: number;
  lastLayer: number;
}

/** @returns which layers a stage has, where it is clear that these are layers: `3`, `0–4` */
export function layerNumbers({ firstLayer, lastLayer }: Range): string {
  return firstLayer === lastLayer ? `${firstLayer}` : `${firstLayer}–${lastLayer}`;
}

/** @returns which layers a stage has: `layer 3`, `layers 0–4` */
export function formatLayers({ firstLayer, lastLayer }: Range): string {
  return firstLayer === lastLayer
    ? /* @wc-include */ `layer ${firstLayer}`
    : /* @wc-include */ `layers ${firstLayer}–${lastLayer}`;
}
