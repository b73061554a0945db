/** Keeps a response in the database. */
import type { Logger } from 'pino';
import type { ResponseRow, ResponseStore } from '../../../conversations/responseStore.ts';
import { messageOf } from '../../../errors/messageOf.ts';
import type { RunningResponse } from './runningResponses.ts';

/** As OpenAI does; the operator may keep less. */
const keptMs = 30 * 24 * 3_600_000;

export interface KeptResponseComponents {
  responses: Pick<ResponseStore, 'add' | 'find' | 'finish'>;
  logger: Logger;
}

export class KeptResponse {
  readonly #components: KeptResponseComponents;
  readonly #running: RunningResponse;
  readonly #createdAt: number;
  #hasBegun = false;

  /** @param createdAt Unix milliseconds */
  constructor(components: KeptResponseComponents, running: RunningResponse, createdAt: number) {
    this.#components = components;
    this.#running = running;
    this.#createdAt = createdAt;
  }

  /** Keeps it before it ends: whoever asks in the background may come back after the hub was started again. */
  async begin(): Promise<void> {
    const { responses } = this.#components;
    const row = this.#row('running');
    // A former run of the hub may have kept it.
    if (!(await responses.find(row.owner, row.id))) await responses.add(row);
    this.#hasBegun = true;
  }

  /** Never throws: an answer that can't be kept is an answer. */
  async end(): Promise<void> {
    const { responses, logger } = this.#components;
    const row = this.#row('done');
    try {
      if (this.#hasBegun) await responses.finish(row.owner, row.id, row);
      else await responses.add(row);
    } catch (error) {
      logger.error({ reason: messageOf(error), response: row.id }, 'a response could not be kept');
    }
  }

  #row(status: 'running' | 'done'): ResponseRow {
    const { owner, input, response, replay } = this.#running;
    const row = {
      response: response as unknown as Record<string, unknown>,
      input: input as Record<string, unknown>[],
      replay: (replay ?? null) as Record<string, unknown> | null,
    };
    return {
      id: response.id,
      owner,
      createdAt: this.#createdAt,
      expiresAt: this.#createdAt + keptMs,
      previousId: response.previous_response_id ?? null,
      status,
      ...row,
      bytes: JSON.stringify(row).length,
    };
  }
}
