/** A running request as everybody may see it. */
import type { Activity } from '@potluck/api';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { Generation } from '../../generation/generation.ts';

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
  };
}
