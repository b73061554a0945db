/** What a token costs with one tab and with two, by its parts. */
import type { SplitTimes } from '../hops.ts';

/** Milliseconds per decoded token, sums over the tabs; the parts add up to `tokenMs`. */
export interface TabCost {
  /** `1 tab`, or what the second adds. */
  what: string;
  tokenMs: number;
  /** In ONNX Runtime, the caches and sampling. */
  computeMs: number;
  queueMs: number;
  /** Tensors into frames. */
  serialiseMs: number;
  /** From the sender's script to the receiver's: boundaries, and the token's way back. */
  wireMs: number;
  /** Frames into tensors. */
  deserialiseMs: number;
  /** Between the agent's web worker and the engine's, and from the last tab over the hub to the client. */
  restMs: number;
}

/** @returns each number of tabs, then what the last has more than the first */
export function tabCosts(splits: SplitTimes[]): TabCost[] {
  const costs = splits.map(({ stages, token }): TabCost => {
    const { tokenMs, computeMs, queueMs, encodeMs, wireMs, decodeMs } = token;
    return {
      what: stages === 1 ? '1 tab' : `${stages} tabs`,
      ...{ tokenMs, computeMs, queueMs, serialiseMs: encodeMs, wireMs, deserialiseMs: decodeMs },
      restMs: tokenMs - computeMs - queueMs - encodeMs - wireMs - decodeMs,
    };
  });
  const [one] = costs;
  const two = costs.at(-1);
  if (!one || !two || one === two) return costs;
  return [
    ...costs,
    {
      what: 'the second tab',
      tokenMs: two.tokenMs - one.tokenMs,
      computeMs: two.computeMs - one.computeMs,
      queueMs: two.queueMs - one.queueMs,
      serialiseMs: two.serialiseMs - one.serialiseMs,
      wireMs: two.wireMs - one.wireMs,
      deserialiseMs: two.deserialiseMs - one.deserialiseMs,
      restMs: two.restMs - one.restMs,
    },
  ];
}
