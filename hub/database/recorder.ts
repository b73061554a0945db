/** Keeps requests and nodes without anybody waiting for the disk: writes go in order, behind the tokens. */
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { WorkerId } from '@potluck/protocol';
import type { NodePolicy } from '../workers/nodeBook.ts';
import type { NodeSpeed } from '../workers/speedBook.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import type { Database } from './database.ts';
import type { RequestRecord } from './requestRecord.ts';

export class Recorder {
  readonly #database: Database;
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  /** Writes a row soon. A write that fails is logged, and no request fails for it. */
  record(record: RequestRecord): void {
    this.#enqueue(() => this.#database.requests.put(record), 'a request');
  }

  nodeJoined(worker: WorkerRecord): void {
    this.#enqueue(() => this.#database.nodes.joined(worker), 'a node');
  }

  nodeLeft(worker: WorkerRecord, reason: string): void {
    this.#enqueue(() => this.#database.nodes.left(worker, reason), 'a node');
  }

  nodePolicy(workerId: WorkerId, policy: NodePolicy): void {
    this.#enqueue(() => this.#database.nodes.putPolicy(workerId, policy), 'a decision about a node');
  }

  nodeSpeed(workerId: WorkerId, speed: NodeSpeed): void {
    this.#enqueue(() => this.#database.nodes.putSpeed(workerId, speed), 'the speed of a node');
  }

  /** Writes something else behind what was recorded so far. @param what for the log, such as `a message` */
  write(what: string, write: () => Promise<void>): void {
    this.#enqueue(write, what);
  }

  #enqueue(write: () => Promise<void>, what: string): void {
    this.#last = this.#last.then(write).catch((error: unknown) => {
      this.#logger.error({ reason: messageOf(error) }, `${what} could not be kept in the database`);
    });
  }

  /** Resolves when all that was recorded so far is on the disk. Readers wait for it. */
  settled(): Promise<void> {
    return this.#last;
  }
}
