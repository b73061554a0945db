/** What is kept of answers of `/v1/responses`. Every question names the owner: nobody sees another's. Times are Unix milliseconds. */

export interface ResponseRow {
  /** `resp_<id of the request>`. */
  id: string;
  /** As a request's: `local`, `key:<id>` or `browser:<hash>`. */
  owner: string;
  createdAt: number;
  expiresAt: number;
  /** The answer with which the conversation began that this one goes on with. */
  previousId: string | null;
  /** `interrupted`: the hub ended before the answer did. */
  status: 'running' | 'done' | 'interrupted';
  /** As the API answers with it. */
  response: Record<string, unknown>;
  /** Items of the request's input, each with its id. */
  input: Record<string, unknown>[];
  /** From what its stream is made again; null where nobody may ask for that. */
  replay: Record<string, unknown> | null;
  /** Size of all of these as JSON. */
  bytes: number;
}

export interface ResponseStore {
  /** Keeps it, and of the owner's others the newest as far as the bounds allow. */
  add(row: ResponseRow): Promise<void>;
  /** Writes how it ended; nothing where it was removed meanwhile. */
  finish(
    owner: string,
    id: string,
    end: Pick<ResponseRow, 'status' | 'response' | 'replay' | 'bytes'>,
  ): Promise<void>;
  /** Undefined also where it has expired. */
  find(owner: string, id: string): Promise<ResponseRow | undefined>;
  remove(owner: string, id: string): Promise<boolean>;
  /** Removes those that have expired, and those that were made before. @returns how many there were */
  expire(now: number, madeBefore?: number): Promise<number>;
  /** Marks answers that a former run left unfinished and the journal does not have; called at start. */
  interruptRunning(): Promise<void>;
}

/** Of one owner; older ones are removed. */
export const responseBounds = { count: 1000, bytes: 64 * 1024 * 1024 };
