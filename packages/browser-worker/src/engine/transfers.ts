/** The buffers under some views, each once, to be transferred. */
export function buffersOf(views: Iterable<Uint8Array | Blob>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const view of views) {
    if (ArrayBuffer.isView(view) && view.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  }
  return [...buffers];
}
