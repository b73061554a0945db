/** The largest logits of a vocabulary without sorting all of it. */

/**
 * Ids of the `count` largest logits, largest first, the lower id first among equals. NaN is never among them.
 *
 * Keeps a min-heap of the best so far: O(vocabulary) where `count` is small, since most logits lose against the
 * root in one comparison.
 */
export function topTokens(logits: Float32Array, count: number): Uint32Array {
  const size = Math.min(count, logits.length);
  const heap = new Uint32Array(size);
  if (size === 0) return heap;
  let filled = 0;
  let threshold = -Infinity;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] as number;
    if (filled === size) {
      // Ids rise, so an equal logit always ranks below what is there.
      if (!(logit > threshold)) continue;
      heap[0] = token;
      siftDown(heap, filled, logits, 0);
      threshold = logits[heap[0]] as number;
    } else {
      if (Number.isNaN(logit)) continue;
      heap[filled] = token;
      siftUp(heap, logits, filled);
      filled++;
      if (filled === size) threshold = logits[heap[0] as number] as number;
    }
  }
  // Heap sort: the worst goes to the end, again and again.
  for (let end = filled - 1; end > 0; end--) {
    const worst = heap[0] as number;
    heap[0] = heap[end] as number;
    heap[end] = worst;
    siftDown(heap, end, logits, 0);
  }
  return heap.subarray(0, filled);
}

/** True where `left` ranks below `right`. */
function ranksBelow(logits: Float32Array, left: number, right: number): boolean {
  const leftLogit = logits[left] as number;
  const rightLogit = logits[right] as number;
  return leftLogit < rightLogit || (leftLogit === rightLogit && left > right);
}

function siftUp(heap: Uint32Array, logits: Float32Array, start: number): void {
  const token = heap[start] as number;
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const other = heap[parent] as number;
    if (!ranksBelow(logits, token, other)) break;
    heap[index] = other;
    index = parent;
  }
  heap[index] = token;
}

function siftDown(heap: Uint32Array, size: number, logits: Float32Array, start: number): void {
  const token = heap[start] as number;
  let index = start;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= size) break;
    if (child + 1 < size && ranksBelow(logits, heap[child + 1] as number, heap[child] as number)) child++;
    const other = heap[child] as number;
    if (!ranksBelow(logits, other, token)) break;
    heap[index] = other;
    index = child;
  }
  heap[index] = token;
}
