/** What the hub keeps, where, and how much of it. */
import { z } from 'zod';
import { Bytes } from './common.ts';

/** `GET /api/storage`. */
export const StorageUse = z
  .object({
    /** The data directory, on the hub's machine. */
    directory: z.string(),
    /** `database`: requests, conversations, keys; `models` and `weights` can be added again. */
    parts: z.array(
      z.object({ name: z.enum(['database', 'models', 'weights', 'imports', 'workers']), bytes: Bytes }),
    ),
    /** What is free on that disk; null where the system does not tell. */
    freeBytes: Bytes.nullable(),
  })
  .meta({ id: 'StorageUse' });
export type StorageUse = z.infer<typeof StorageUse>;
