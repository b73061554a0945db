/** A kept request as the API shows it: where the time went, by stage. */
import type { RequestDetail, RequestStage, RequestSummary } from '@potluck/api';
import type { RequestRecord, StageRecord } from '../../generation/requestRecord.ts';

/** Who looks. */
export interface RequestReader {
  owner: string;
  isAdmin: boolean;
}

export function viewRequest(record: RequestRecord, reader: Pick<RequestReader, 'owner'>): RequestSummary {
  const { stages, owner, keyId: _keyId, keyName, prompt: _prompt, answer: _answer, ...rest } = record;
  const { decodeTokensPerSecond, isTemporary: _temporary, ...shown } = rest;
  return {
    ...shown,
    key: keyName,
    mine: owner === reader.owner,
    tokensPerSecond: decodeTokensPerSecond,
    stages: stages.map(viewStage),
  };
}

/** With its words, where they were kept and the reader may see them: its author, or for programs' the administrator. */
export function viewRequestDetail(record: RequestRecord, reader: RequestReader): RequestDetail {
  const summary = viewRequest(record, reader);
  if (record.prompt === null) {
    const wordsMissing = record.isTemporary ? 'temporary' : 'not-kept';
    return { ...summary, prompt: null, answer: null, wordsMissing };
  }
  const mayRead = summary.mine || (reader.isAdmin && record.source === 'api');
  if (!mayRead) return { ...summary, prompt: null, answer: null, wordsMissing: 'not-yours' };
  return { ...summary, prompt: record.prompt, answer: record.answer, wordsMissing: null };
}

function viewStage({ timings, ...stage }: StageRecord): RequestStage {
  return {
    ...stage,
    queueMs: timings?.queueMs ?? null,
    computeMs: timings?.computeMs ?? null,
    transferMs: timings ? timings.encodeMs + timings.wireMs + timings.decodeMs : null,
    tokens: timings?.tokens ?? null,
    steps: timings?.steps ?? null,
    bytesIn: timings?.bytesIn ?? null,
    bytesOut: timings?.bytesOut ?? null,
    path: timings ? (timings.relayedFrames > 0 ? 'relayed' : 'direct') : null,
    timings: timings ?? null,
  };
}
