/**
 * Keeps which requests were refused, beside those that ran. Anybody may ask as often as they like: what is the same within a
 * minute is one row that counts, and a minute has so many rows at most.
 */
import { uuidv7 } from 'uuidv7';
import type { RequestAuthor, RequestRecord } from './requestRecord.ts';

export interface Refusal {
  author: RequestAuthor;
  /** As the request names it; empty where that was not read. */
  model: string;
  code: string | null;
  message: string;
}

export interface RefusedRequestsComponents {
  record: (record: RequestRecord) => void;
  /** Deletes the oldest refused ones, so that so many stay. */
  trim: (most: number) => void;
  /** There is another row. */
  refused?: (record: RequestRecord) => void;
  now?: () => number;
}

const minuteMs = 60_000;
/** Of different kinds, in a minute. */
const mostInMinute = 50;
/** So many are kept at most, whatever the settings say. */
export const mostRefused = 2000;
const mostModelCharacters = 100;
const mostMessageCharacters = 500;

export class RefusedRequests {
  readonly #components: RefusedRequestsComponents;
  #minute = { since: 0, rows: new Map<string, RequestRecord>() };
  #sinceTrim = 0;

  constructor(components: RefusedRequestsComponents) {
    this.#components = components;
  }

  note(refusal: Refusal): void {
    const { record, trim, refused, now = Date.now } = this.#components;
    const at = now();
    if (at - this.#minute.since >= minuteMs) this.#minute = { since: at, rows: new Map() };
    const { rows } = this.#minute;
    const named = keyOf(refusal);
    const key = rows.has(named) || rows.size < mostInMinute ? named : keyOf({ ...refusal, model: '' });
    const same = rows.get(key);
    if (same) {
      same.times += 1;
      same.finishedAt = at;
      // A write for each doubling: a million refusals are twenty writes.
      if (Number.isInteger(Math.log2(same.times))) record({ ...same });
      return;
    }
    if (rows.size >= 2 * mostInMinute) return;
    const row = rowOf(key === named ? refusal : { ...refusal, model: '' }, at);
    rows.set(key, row);
    record({ ...row });
    refused?.(row);
    if (++this.#sinceTrim % mostInMinute === 0) trim(mostRefused);
  }
}

function keyOf({ author, model, code }: Refusal): string {
  return JSON.stringify([author.owner, code, model.slice(0, mostModelCharacters)]);
}

function rowOf({ author, model, code, message }: Refusal, at: number): RequestRecord {
  const nothing = { promptTokens: 0, cachedTokens: null, completionTokens: 0, finishReason: null };
  const never = { queueMs: null, firstTokenMs: null, totalMs: null, decodeTokensPerSecond: null };
  const unknown = { recovery: null, timeline: null, chunkTokens: null, predicted: null };
  return {
    ...author,
    ...{ ...nothing, ...never, ...unknown },
    id: uuidv7(),
    createdAt: at,
    finishedAt: at,
    model: model.slice(0, mostModelCharacters),
    status: 'refused',
    times: 1,
    stream: false,
    seed: 0,
    errorCode: code,
    errorMessage: message.slice(0, mostMessageCharacters),
    route: '',
    epoch: 0,
    replays: 0,
    isTemporary: false,
    prompt: null,
    answer: null,
    stages: [],
  };
}
