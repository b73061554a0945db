/** Branded identifiers: an id of one kind never fits where another is wanted. */
import { z } from 'zod';

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const uuid = z.string().regex(uuidPattern, 'a lower-case UUID');

/** One hub; part of every message that a hub sends to introduce itself. */
export const HubId = uuid.brand('HubId');
export type HubId = z.infer<typeof HubId>;

/** One worker's lasting identity. Also its PeerJS id. */
export const WorkerId = uuid.brand('WorkerId');
export type WorkerId = z.infer<typeof WorkerId>;

/** One run of a worker process or tab; two instances never share a worker id at the same time. */
export const InstanceId = uuid.brand('InstanceId');
export type InstanceId = z.infer<typeof InstanceId>;

/** One pipeline; its epoch rises at every change. */
export const PipelineId = uuid.brand('PipelineId');
export type PipelineId = z.infer<typeof PipelineId>;

/** One stage given to one worker. */
export const AssignmentId = uuid.brand('AssignmentId');
export type AssignmentId = z.infer<typeof AssignmentId>;

/** One generation. */
export const SessionId = uuid.brand('SessionId');
export type SessionId = z.infer<typeof SessionId>;

/** One text on its way through an encoder. */
export const EncodingId = uuid.brand('EncodingId');
export type EncodingId = z.infer<typeof EncodingId>;

/** The keys and values of one token prefix at every stage of a pipeline; it outlives the epoch in which it was opened. */
export const CacheId = uuid.brand('CacheId');
export type CacheId = z.infer<typeof CacheId>;

/** A blob's name: SHA-256 of its bytes, 64 lower-case hexadecimal digits. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal')
  .brand('Sha256');
export type Sha256 = z.infer<typeof Sha256>;

/**
 * The name a model is asked for by, such as `minimind2-small` or `onnx-community/Qwen3-0.6B-ONNX`.
 * One optional owner; no part starts with a dot, so that it is safe as a path.
 */
export const ModelId = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._:-]*(\/[A-Za-z0-9_][A-Za-z0-9._:-]*)?$/,
    'a model id such as name or owner/name',
  )
  .brand('ModelId');
export type ModelId = z.infer<typeof ModelId>;
