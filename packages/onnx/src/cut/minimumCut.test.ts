import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowNetwork, uncuttable } from './minimumCut.ts';

interface TestEdge {
  from: number;
  to: number;
  capacity: number;
}

const vertices = 6;
const source = 0;
const sink = 1;

/** Capacity of the edges from the source's side to the sink's. */
function cutCapacity(edges: readonly TestEdge[], onSinkSide: readonly boolean[]): number {
  return edges
    .filter(({ from, to }) => !onSinkSide[from] && onSinkSide[to])
    .reduce((sum, { capacity }) => sum + capacity, 0);
}

/** All ways to part the vertices, by counting. */
function everyCut(): boolean[][] {
  return Array.from({ length: 2 ** (vertices - 2) }, (_, bits) =>
    Array.from({ length: vertices }, (_, vertex) => {
      if (vertex === source) return false;
      return vertex === sink || (bits & (1 << (vertex - 2))) !== 0;
    }),
  );
}

function cut(edges: readonly TestEdge[]): boolean[] | undefined {
  const network = new FlowNetwork(vertices);
  for (const { from, to, capacity } of edges) network.addEdge(from, to, capacity);
  return network.latestMinimumCut(source, sink);
}

describe('the latest minimum cut', () => {
  it('is as cheap as the cheapest of all cuts, and leaves the fewest vertices on the sink side', () => {
    const vertex = fc.integer({ min: 0, max: vertices - 1 });
    const edge = fc.record({ from: vertex, to: vertex, capacity: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 16 }), (edges) => {
        const found = cut(edges) ?? [];
        const cheapest = Math.min(...everyCut().map((sides) => cutCapacity(edges, sides)));
        expect(cutCapacity(edges, found)).toBe(cheapest);
        const size = (sides: readonly boolean[]): number => sides.filter(Boolean).length;
        const sizes = everyCut()
          .filter((sides) => cutCapacity(edges, sides) === cheapest)
          .map(size);
        expect(size(found)).toBe(Math.min(...sizes));
      }),
      { numRuns: 300 },
    );
  });

  it('does not exist where only uncuttable edges lead to the sink', () => {
    const edges = [
      { from: source, to: 2, capacity: uncuttable },
      { from: 2, to: sink, capacity: uncuttable },
    ];
    expect(cut(edges)).toBeUndefined();
  });

  it('takes the later one of two equal edges', () => {
    const edges = [
      { from: source, to: 2, capacity: 5 },
      { from: 2, to: 3, capacity: 5 },
      { from: 3, to: sink, capacity: 9 },
    ];
    expect(cut(edges)?.slice(0, 4)).toEqual([false, true, false, true]);
  });
});
