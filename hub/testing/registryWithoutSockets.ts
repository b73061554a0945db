/** The workers that are here, without sockets: what the hub sends reaches workers in this process, a moment later. */
import type { FromHubMessage, WorkerId } from '@potluck/protocol';
import type { Clock } from '../pipelines/clock.ts';
import type { HowLeft, WorkerListener, WorkerMessage } from '../workers/workerRegistry.ts';
import {
  WorkerRecords,
  type WorkerEvent,
  type WorkerRecord,
  type WorkerTable,
} from '../workers/workerTable.ts';

export interface WorkerWithoutSocket {
  /** How it joins. */
  record(joinedAt: number): WorkerRecord;
  receive(message: FromHubMessage): void;
}

const oneWayMs = 20;

export class RegistryWithoutSockets {
  readonly #clock: Clock;
  readonly #listeners = new Set<WorkerListener>();
  readonly #workers = new Map<WorkerId, WorkerWithoutSocket>();
  readonly #table = new WorkerRecords();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get table(): WorkerTable {
    return this.#table.snapshot;
  }

  listen(listener: WorkerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  join(worker: WorkerWithoutSocket): void {
    const record = worker.record(this.#clock.now());
    this.#workers.set(record.id, worker);
    this.apply({ type: 'joined', worker: record });
    this.#tell((listener) => listener.joined?.(record));
  }

  leave(workerId: WorkerId, reason: string, how: HowLeft): void {
    const record = this.#table.get(workerId);
    if (!record) return;
    this.#workers.delete(workerId);
    this.apply({ type: 'left', workerId });
    this.#tell((listener) => listener.left?.(record, reason, how));
  }

  /** It wants nothing new. */
  leaving(workerId: WorkerId): void {
    this.apply({ type: 'leaving', workerId });
    const record = this.#table.get(workerId);
    if (record) this.#tell((listener) => listener.leaving?.(record));
  }

  apply(event: WorkerEvent): void {
    this.#table.apply(event);
  }

  /** What a worker says reaches the hub, if it is still here. */
  heard(workerId: WorkerId, message: WorkerMessage): void {
    const record = this.#table.get(workerId);
    if (record) this.#tell((listener) => listener.message?.(record, message));
  }

  send(workerId: WorkerId, message: FromHubMessage): boolean {
    const worker = this.#workers.get(workerId);
    this.#clock.after(oneWayMs, () => {
      if (worker && this.#workers.get(workerId) === worker) worker.receive(message);
    });
    return worker !== undefined;
  }

  doubt(): void {
    // Whoever is silent here stays connected.
  }

  #tell(call: (listener: WorkerListener) => void): void {
    for (const listener of this.#listeners) call(listener);
  }
}
