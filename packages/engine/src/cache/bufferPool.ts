/**
 * Memory of closed caches, kept for the next ones: allocating and clearing large buffers is not free. No more is kept
 * than was in use at once: caches of ever other lengths would else fill the whole budget in time.
 */

export interface BufferPoolOptions<Buffer> {
  create(bytes: number): Buffer;
  size(buffer: Buffer): number;
  /** Frees a buffer that the pool lets go. */
  destroy(buffer: Buffer): void;
  /** Bytes that free buffers and taken ones may hold together, until `resize`. */
  limitBytes: number;
}

/** Who asks for bytes counts only those: what a reused buffer has beyond them must not add up. */
const mostSurplus = 1.125;

/** Hands out buffers of at least the bytes asked for. What is in them is left from their last use. */
export class BufferPool<Buffer> {
  readonly #options: BufferPoolOptions<Buffer>;
  readonly #free: Buffer[] = [];
  #limitBytes: number;
  #takenBytes = 0;
  #freeBytes = 0;
  #mostTakenBytes = 0;

  constructor(options: BufferPoolOptions<Buffer>) {
    this.#options = options;
    this.#limitBytes = options.limitBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** The smallest free buffer of at least `bytes` and little more, else a new one. */
  take(bytes: number): Buffer {
    const size = (buffer: Buffer): number => this.#options.size(buffer);
    let best = -1;
    for (const [index, buffer] of this.#free.entries()) {
      const have = size(buffer);
      if (have < bytes || have > mostSurplus * bytes) continue;
      if (best < 0 || have < size(this.#free[best] as Buffer)) best = index;
    }
    const [reused] = best < 0 ? [] : this.#free.splice(best, 1);
    if (reused !== undefined) this.#freeBytes -= size(reused);
    this.#takenBytes += reused === undefined ? bytes : size(reused);
    this.#mostTakenBytes = Math.max(this.#mostTakenBytes, this.#takenBytes);
    // Before a buffer is created, so that the limit holds at every moment.
    this.#shrinkTo(Math.min(this.#limitBytes, this.#mostTakenBytes));
    return reused ?? this.#options.create(bytes);
  }

  give(buffer: Buffer): void {
    const size = this.#options.size(buffer);
    this.#takenBytes -= size;
    this.#freeBytes += size;
    this.#free.push(buffer);
    this.#shrinkTo(this.#limitBytes);
  }

  /** From now on free buffers and taken ones may hold so many bytes together. */
  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#shrinkTo(limitBytes);
  }

  /** Frees everything that is not taken, and forgets how much was. */
  clear(): void {
    this.#shrinkTo(0);
    this.#mostTakenBytes = this.#takenBytes;
  }

  #shrinkTo(limitBytes: number): void {
    while (this.#free.length > 0 && this.#takenBytes + this.#freeBytes > limitBytes) {
      const buffer = this.#free.shift() as Buffer;
      this.#freeBytes -= this.#options.size(buffer);
      this.#options.destroy(buffer);
    }
  }
}

/** A pool of script's memory. */
export function arrayBufferPool(limitBytes: number): BufferPool<ArrayBuffer> {
  return new BufferPool({
    limitBytes,
    create: (bytes) => new ArrayBuffer(bytes),
    size: (buffer) => buffer.byteLength,
    destroy: () => undefined,
  });
}
