/**
 * Caches of several sessions side by side in one buffer per cache tensor, [slots, heads, capacity, size]: what attention over a
 * batch needs. A cache moves in when its session first shares a run, and out when it ends, waits long or has no room any more.
 * Where it lies changes no bit of what is computed, so that moving is a matter of speed and room alone.
 *
 * Copies are told to the device between runs, in its order. Slots take no more than what their caches have reserved
 * (`slotCapacity`); only while caches move is one of the stage's cache tensors there twice.
 */
import type { Tensor } from 'onnxruntime-common';
import type { CacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import { submit, type GpuBuffer } from './gpuDevice.ts';
import { InPlaceTensor, tensorOn, type InPlaceParts } from './inPlaceTensor.ts';
import { neededRows, slotCapacity, whoShares, type SlotCandidate } from './planSlots.ts';

/** Slots of the buffer: more sessions than these run alone, until others leave. */
export const mostSlots = 16;

/** A cache that shared no run for so many gives its slot back: its idle row costs time in each. */
const mostIdleRuns = 32;

/** A session's cache that is to share a run. */
export interface SlotMember {
  tensors: readonly CacheTensor[];
  /** Tokens in it before the step. */
  rows: number;
}

interface Resident extends SlotCandidate {
  tensors: readonly InPlaceTensor[];
  idleRuns: number;
  /** Tensors that ended. */
  ended: number;
}

/** One of the stage's cache tensors, over all slots. */
interface Column {
  buffer: GpuBuffer;
  tensor: Tensor;
}

export class SlotArena {
  readonly #parts: InPlaceParts;
  readonly #layouts: readonly CacheLayout[];
  /** Rows that one buffer may have. */
  readonly #mostRows: number;
  #slots: (Resident | undefined)[] = [];
  /** Rows of each slot. */
  #capacity = 0;
  #columns: Column[] = [];
  #running = false;

  /** @param layouts of the stage's cache tensors, all of which are in place */
  constructor(parts: InPlaceParts, layouts: readonly CacheLayout[]) {
    this.#parts = parts;
    this.#layouts = layouts;
    const { maxBufferSize = Infinity, maxStorageBufferBindingSize = Infinity } = parts.device.limits ?? {};
    const mostBytes = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    this.#mostRows = Math.min(...layouts.map((layout) => Math.floor(mostBytes / layout.bytes(1))));
  }

  /** For each slot the tokens of the cache in it; 0 where there is none. */
  get rows(): number[] {
    return this.#slots.map((resident) => resident?.rows ?? 0);
  }

  /** The cache tensors of all slots, in the order of the stage's caches. */
  get tensors(): Tensor[] {
    return this.#columns.map(({ tensor }) => tensor);
  }

  /** @returns the slot that a cache lies in, if any */
  slotOf(tensors: readonly CacheTensor[]): number | undefined {
    const resident = this.#residentOf(tensors);
    return resident && this.#slots.indexOf(resident);
  }

  /** Caches don't move while `work` runs. */
  async whileRunning<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running = true;
    try {
      return await work();
    } finally {
      this.#running = false;
      this.#shrink();
    }
  }

  /**
   * Brings caches into slots for a run, as far as there is room; the others, whose `slotOf` is undefined then, run alone. Every
   * slot has room for one row behind the tokens in it. Not while something runs.
   * @param members of different sessions, each with room for one more token
   */
  gather(members: readonly SlotMember[]): void {
    const newcomers: Resident[] = [];
    for (const resident of this.#residents()) resident.idleRuns++;
    for (const { tensors, rows } of members) {
      const there = this.#residentOf(tensors);
      const resident = there ?? newResident(tensors);
      if (!resident) continue;
      Object.assign(resident, { rows, idleRuns: 0 });
      if (!there) newcomers.push(resident);
    }
    const leaving = this.#residents().filter(
      ({ idleRuns, rows, capacity }) => idleRuns > mostIdleRuns || rows >= capacity,
    );
    this.#moveOut(leaving);
    const staying = this.#residents();
    const sharing = whoShares([...staying, ...newcomers].slice(0, mostSlots), this.#mostRows);
    const joining = sharing.filter((resident) => !this.#slots.includes(resident));
    const areIn = sharing.length - joining.length === staying.length;
    const haveRoom = sharing.length > 0 && neededRows(sharing) <= this.#capacity;
    const free = this.#slots.length - staying.length;
    if (areIn && haveRoom && joining.length <= free && this.#isPaidFor(sharing)) this.#moveIn(joining);
    else if (sharing.length > 0 || staying.length > 0) this.#rebuild(sharing);
  }

  /** After a run: each of these caches that lies in a slot has one more token. */
  stepped(members: readonly SlotMember[]): void {
    for (const { tensors, rows } of members) {
      const resident = this.#residentOf(tensors);
      if (resident) resident.rows = rows + 1;
    }
  }

  /** Gives a cache a buffer of its own again, with its first rows. Not while something runs. */
  leave(tensors: readonly CacheTensor[], rows: number): void {
    const resident = this.#residentOf(tensors);
    if (!resident) return;
    resident.rows = rows;
    this.#moveOut([resident]);
    this.#shrink();
  }

  #residentOf(tensors: readonly CacheTensor[]): Resident | undefined {
    return this.#slots.find((resident) => resident && resident.tensors[0] === tensors[0]);
  }

  #residents(): Resident[] {
    return this.#slots.filter((resident) => resident !== undefined);
  }

  /** Whether the slots that are there take no more than what these caches have reserved. */
  #isPaidFor(caches: readonly SlotCandidate[]): boolean {
    const reserved = caches.reduce((sum, { capacity }) => sum + capacity, 0);
    return this.#slots.length * this.#capacity <= reserved;
  }

  #moveIn(joining: readonly Resident[]): void {
    if (joining.length === 0) return;
    const slots = joining.map((resident) => {
      const slot = this.#slots.indexOf(undefined);
      this.#slots[slot] = resident;
      return slot;
    });
    for (const [index, column] of this.#columns.entries()) {
      const moved = submit(this.#parts.device, (encoder) =>
        joining.map((resident, place) => {
          const slot = this.#slot(resident, index, column.buffer, this.#capacity, slots[place] ?? 0);
          return resident.tensors[index]?.moveInto(encoder, slot, resident.rows);
        }),
      );
      for (const tensor of moved) tensor?.settled();
    }
  }

  #moveOut(leaving: readonly Resident[]): void {
    if (leaving.length === 0) return;
    this.#slots = this.#slots.map((resident) =>
      resident && leaving.includes(resident) ? undefined : resident,
    );
    for (const index of this.#layouts.keys()) {
      submit(this.#parts.device, (encoder) => {
        for (const { tensors, rows } of leaving) tensors[index]?.moveOut(encoder, rows);
      });
    }
  }

  /** Makes slots for these caches and no others. */
  #rebuild(sharing: readonly Resident[]): void {
    this.#moveOut(this.#residents().filter((resident) => !sharing.includes(resident)));
    const capacity = slotCapacity(sharing, this.#mostRows) ?? 0;
    const former = this.#columns;
    const columns: Column[] = [];
    // One after the other, so that not all caches are there twice.
    for (const [index, layout] of this.#layouts.entries()) {
      if (sharing.length > 0) {
        const buffer = this.#parts.pool.take(sharing.length * layout.bytes(capacity));
        const dims = [sharing.length, ...layout.dims(capacity).slice(1)];
        const moved = submit(this.#parts.device, (encoder) =>
          sharing.map((resident, place) => {
            const slot = this.#slot(resident, index, buffer, capacity, place);
            return resident.tensors[index]?.moveInto(encoder, slot, resident.rows);
          }),
        );
        for (const tensor of moved) tensor?.settled();
        columns.push({ buffer, tensor: tensorOn(this.#parts.ort, buffer, layout, dims) });
      }
      const old = former[index];
      old?.tensor.dispose();
      if (old) this.#parts.pool.give(old.buffer);
    }
    this.#slots = [...sharing];
    this.#capacity = capacity;
    this.#columns = columns;
  }

  #slot(resident: Resident, index: number, buffer: GpuBuffer, capacity: number, slot: number) {
    const start = slot * (this.#layouts[index]?.bytes(capacity) ?? 0);
    return { place: { buffer, start, stride: capacity }, ended: () => this.#ended(resident) };
  }

  /** A cache that ends, or is copied elsewhere, does so tensor by tensor. */
  #ended(resident: Resident): void {
    resident.ended++;
    if (resident.ended < resident.tensors.length) return;
    this.#slots = this.#slots.map((other) => (other === resident ? undefined : other));
    this.#shrink();
  }

  /** Gives memory back that the caches which are left have not reserved. */
  #shrink(): void {
    const residents = this.#residents();
    if (this.#running || this.#columns.length === 0 || this.#isPaidFor(residents)) return;
    this.#rebuild(whoShares(residents, this.#mostRows));
  }
}

/** @returns undefined for a cache that is kept in another way */
function newResident(tensors: readonly CacheTensor[]): Resident | undefined {
  const inPlace = tensors.filter((tensor) => tensor instanceof InPlaceTensor);
  const capacity = inPlace[0]?.capacity;
  if (inPlace.length < tensors.length || capacity === undefined) return undefined;
  return { tensors: inPlace, rows: 0, capacity, idleRuns: 0, ended: 0 };
}
