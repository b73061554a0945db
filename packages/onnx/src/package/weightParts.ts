/** Which parts of a decoder need which weights. */
import type { DecoderAnatomy } from '../cut/analyseDecoder.ts';
import { namesOf, type GraphIndex } from '../graph/graphIndex.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';

/** The embedding, a layer counted from 0, or the head. */
export type DecoderPart = 'embedding' | 'head' | number;

/** What making some values takes. */
export interface Ingredients {
  nodes: Set<OnnxNode>;
  /** Names of initializers. */
  weights: Set<string>;
  /** Values at which the search stopped: what must be given. */
  given: Set<string>;
}

/** Follows `targets` back to weights and to the values in `stops`. Graph inputs stop it too. */
export function collectIngredients(
  graph: OnnxGraph,
  index: GraphIndex,
  targets: readonly string[],
  stops: ReadonlySet<string>,
): Ingredients {
  const found: Ingredients = { nodes: new Set(), weights: new Set(), given: new Set() };
  const waiting = [...targets];
  const seen = new Set<string>();
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (graph.initializers.has(value)) {
      found.weights.add(value);
      continue;
    }
    const node = stops.has(value) ? undefined : index.producers.get(value);
    if (!node) {
      found.given.add(value);
      continue;
    }
    found.nodes.add(node);
    waiting.push(...namesOf(node.inputs));
  }
  return found;
}

/** What each part of a decoder takes, front to back: embedding, layers, head. */
export function partIngredients(
  graph: OnnxGraph,
  index: GraphIndex,
  anatomy: DecoderAnatomy,
): Map<DecoderPart, Ingredients> {
  const { layerCount, embeddingValues, headValues } = anatomy;
  const found = new Map<DecoderPart, Ingredients>();
  const collect = (part: DecoderPart, targets: string[], stops: string[]): void => {
    found.set(part, collectIngredients(graph, index, targets, new Set(stops)));
  };
  const valuesBefore = (layer: number): string[] => {
    if (layer === 0) return embeddingValues;
    if (layer === layerCount) return headValues;
    return (anatomy.boundaries[layer] ?? []).map((tensor) => tensor.name);
  };
  collect('embedding', embeddingValues, []);
  for (let layer = 0; layer < layerCount; layer++) {
    const presents = anatomy.caches.filter((cache) => cache.layer === layer).map((cache) => cache.output);
    collect(layer, [...presents, ...valuesBefore(layer + 1)], valuesBefore(layer));
  }
  collect('head', [anatomy.logits.name], headValues);
  return found;
}

/** For each weight the parts that need it, front to back. */
export function partsOfWeights(
  ingredients: ReadonlyMap<DecoderPart, Ingredients>,
): Map<string, DecoderPart[]> {
  const found = new Map<string, DecoderPart[]>();
  for (const [part, { weights }] of ingredients) {
    for (const weight of weights) found.set(weight, [...(found.get(weight) ?? []), part]);
  }
  return found;
}
