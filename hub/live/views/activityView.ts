/** A running request as everybody may see it. */
import type { Activity } from '@potluck/api';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { Generation } from '../../generation/generation.ts';

/** One that was refused: it never runs. */
export function viewRefused(record: RequestRecord): Activity {
  const { id, model, status, createdAt, errorCode } = record;
  return {
    ...{ id, model, status, createdAt, errorCode },
    ...{ nodeIds: [], queuePlace: null, tokensPerSecond: null, hasReader: true, paused: null },
    ...{ promptTokens: 0, promptTokensRead: 0, completionTokens: 0 },
  };
}

export function viewActivity(generation: Generation, record?: RequestRecord): Activity {
  return {
    id: generation.id,
    model: generation.model,
    status: record?.status ?? 'running',
    createdAt: generation.createdAt,
    nodeIds: generation.workerIds,
    queuePlace: generation.queuePlace ?? null,
    promptTokensRead: generation.promptTokensRead,
    ...generation.usage,
    tokensPerSecond: generation.tokensPerSecond,
    errorCode: record?.errorCode ?? null,
    hasReader: generation.hasReader,
    paused: record ? null : (generation.paused ?? null),
  };
}
