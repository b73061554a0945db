/**
 * The boundary tensors that a stage sent, kept so that they can be sent again to a stage that takes the next one's place.
 * Bounded in bytes over all caches; the oldest give way.
 */
import type { FrameTensor } from '@potluck/protocol';

/** What one step gave to the next stage. */
export interface RetainedStep {
  position: number;
  /** Tokens. */
  length: number;
  tensors: FrameTensor[];
}

interface Kept extends RetainedStep {
  cacheId: string;
  bytes: number;
}

export class RetainedBoundaries {
  #limitBytes: number;
  /** Oldest first. */
  readonly #all = new Set<Kept>();
  /** Of each cache the steps that follow one another up to the last one. */
  readonly #byCache = new Map<string, Kept[]>();
  #bytes = 0;

  /** @param limitBytes most bytes of tensors, over all caches, until `resize` */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes of tensors in all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** From now on so many bytes of tensors are kept at most. */
  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    while (this.#bytes > limitBytes) this.#dropOldest();
  }

  /** Keeps a copy of a step's tensors: whoever sends them may give their buffers away. */
  keep(cacheId: string, { position, length, tensors }: RetainedStep): void {
    this.cut(cacheId, position);
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
    const before = this.#byCache.get(cacheId);
    const follows = before === undefined || endOf(before) === position;
    if (!follows || bytes > this.#limitBytes) this.forget(cacheId);
    if (bytes > this.#limitBytes) return;
    while (this.#bytes + bytes > this.#limitBytes) this.#dropOldest();
    const copies = tensors.map((tensor) => ({ ...tensor, bytes: tensor.bytes.slice() }));
    const step: Kept = { cacheId, position, length, tensors: copies, bytes };
    this.#all.add(step);
    this.#bytes += bytes;
    const steps = this.#byCache.get(cacheId);
    if (steps) steps.push(step);
    else this.#byCache.set(cacheId, [step]);
  }

  /** The first token of the steps that are kept and lead up to `end`; `end` where there are none. */
  from(cacheId: string, end: number): number {
    const steps = this.#byCache.get(cacheId);
    const [first] = steps ?? [];
    return steps && first && endOf(steps) === end ? first.position : end;
  }

  /** @returns the steps of the tokens [from, to) in order; undefined where some are not kept, or a step crosses an end */
  steps(cacheId: string, from: number, to: number): RetainedStep[] | undefined {
    if (from === to) return [];
    const steps = (this.#byCache.get(cacheId) ?? []).filter(
      ({ position, length }) => position >= from && position + length <= to,
    );
    return steps[0]?.position === from && endOf(steps) === to ? steps : undefined;
  }

  /** Forgets the steps that reach beyond `length` tokens. */
  cut(cacheId: string, length: number): void {
    const steps = this.#byCache.get(cacheId);
    for (let last = steps?.at(-1); last && last.position + last.length > length; last = steps?.at(-1)) {
      steps?.pop();
      this.#drop(last);
    }
    if (steps?.length === 0) this.#byCache.delete(cacheId);
  }

  forget(cacheId: string): void {
    for (const step of this.#byCache.get(cacheId) ?? []) this.#drop(step);
    this.#byCache.delete(cacheId);
  }

  #dropOldest(): void {
    const [oldest] = this.#all;
    if (!oldest) return;
    this.#drop(oldest);
    const steps = this.#byCache.get(oldest.cacheId);
    steps?.shift();
    if (steps?.length === 0) this.#byCache.delete(oldest.cacheId);
  }

  #drop(step: Kept): void {
    this.#all.delete(step);
    this.#bytes -= step.bytes;
  }
}

function endOf(steps: readonly RetainedStep[]): number {
  const last = steps.at(-1);
  return last ? last.position + last.length : 0;
}
