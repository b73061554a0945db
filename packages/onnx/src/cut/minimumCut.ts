/** Minimum cut of a small directed graph, by Dinic's algorithm. */

/** A capacity that no cut may contain. */
export const uncuttable = Number.POSITIVE_INFINITY;

/** Stands for infinity in sums, where Infinity - Infinity would not be a number. */
const veryLarge = 2 ** 50;

interface Edge {
  to: number;
  capacity: number;
  /** The edge of the other direction. */
  back: Edge | undefined;
}

/** A flow network over vertices 0 to n-1. */
export class FlowNetwork {
  #edges: Edge[][];

  constructor(vertices: number) {
    this.#edges = Array.from({ length: vertices }, () => []);
  }

  addEdge(from: number, to: number, capacity: number): void {
    const forward: Edge = { to, capacity: Math.min(capacity, veryLarge), back: undefined };
    const backward: Edge = { to: from, capacity: 0, back: forward };
    forward.back = backward;
    this.#edges[from]?.push(forward);
    this.#edges[to]?.push(backward);
  }

  /**
   * Cuts source from sink as late as possible: of all cheapest cuts, the one with the fewest vertices on the sink's side.
   * @returns for each vertex whether it is on the sink's side, or undefined if every cut is uncuttable
   */
  latestMinimumCut(source: number, sink: number): boolean[] | undefined {
    let flow = 0;
    for (;;) {
      const levels = this.#levels(source);
      if ((levels[sink] ?? -1) < 0) break;
      const next = this.#edges.map(() => 0);
      for (let pushed = -1; pushed !== 0; flow += pushed) {
        pushed = this.#push(source, sink, levels, next);
        if (flow + pushed >= veryLarge) return undefined;
      }
    }
    return this.#reaching(sink);
  }

  /** Breadth-first distance from the source over edges with room; -1 where there is no way. */
  #levels(source: number): number[] {
    const levels = this.#edges.map(() => -1);
    levels[source] = 0;
    const queue = [source];
    for (const vertex of queue) {
      for (const edge of this.#edges[vertex] ?? []) {
        if (edge.capacity <= 0 || levels[edge.to] !== -1) continue;
        levels[edge.to] = (levels[vertex] ?? 0) + 1;
        queue.push(edge.to);
      }
    }
    return levels;
  }

  /** Sends flow along one shortest way; 0 when there is none left. Keeps its own stack: ways may be long. */
  #push(source: number, sink: number, levels: number[], next: number[]): number {
    const way: Edge[] = [];
    let vertex = source;
    while (vertex !== sink) {
      const edge = this.#edges[vertex]?.[next[vertex] ?? 0];
      if (!edge) {
        // A dead end: step back, and never come here again.
        const last = way.pop();
        if (!last) return 0;
        vertex = last.back?.to ?? source;
        next[vertex] = (next[vertex] ?? 0) + 1;
      } else if (edge.capacity > 0 && levels[edge.to] === (levels[vertex] ?? 0) + 1) {
        way.push(edge);
        vertex = edge.to;
      } else {
        next[vertex] = (next[vertex] ?? 0) + 1;
      }
    }
    const amount = Math.min(...way.map((edge) => edge.capacity));
    for (const edge of way) {
      edge.capacity -= amount;
      if (edge.back) edge.back.capacity += amount;
    }
    return amount;
  }

  #reaching(sink: number): boolean[] {
    const reaches = this.#edges.map(() => false);
    reaches[sink] = true;
    const queue = [sink];
    for (const vertex of queue) {
      for (const edge of this.#edges[vertex] ?? []) {
        // The way back over this edge is a way towards the sink.
        if (reaches[edge.to] || (edge.back?.capacity ?? 0) <= 0) continue;
        reaches[edge.to] = true;
        queue.push(edge.to);
      }
    }
    return reaches;
  }
}
