import { randomUUID } from 'node:crypto';
import type { RequestRecord } from '../generation/requestRecord.ts';

/** A finished request for tests. */
export function requestRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: randomUUID(),
    createdAt: Date.now(),
    finishedAt: Date.now(),
    model: 'test',
    status: 'done',
    stream: false,
    seed: 1,
    promptTokens: 3,
    cachedTokens: 0,
    completionTokens: 4,
    finishReason: 'stop',
    errorCode: null,
    errorMessage: null,
    route: 'local-1[0-7]',
    epoch: 1,
    queueMs: 0,
    firstTokenMs: 1.5,
    totalMs: 2.5,
    stages: [],
    owner: 'local',
    keyId: null,
    keyName: null,
    source: 'api',
    decodeTokensPerSecond: null,
    replays: 0,
    recovery: null,
    timeline: null,
    times: 1,
    chunkTokens: 256,
    predicted: { tokensPerSecond: 100, firstTokenMs: 2 },
    isTemporary: false,
    prompt: null,
    answer: null,
    ...changes,
  };
}
