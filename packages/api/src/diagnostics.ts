/** What a report of a problem should have: everything that helps, and no key, password or word of a chat. */
import { z } from 'zod';
import { Certificate } from './certificate.ts';
import { Bytes, Count, Timestamp } from './common.ts';

export const Diagnostics = z
  .object({
    madeAt: Timestamp,
    problems: z
      .array(z.string())
      .meta({ description: 'What does not look right, for people; empty is good' }),
    hub: z.object({
      version: z.string(),
      node: z.string(),
      system: z.string(),
      processors: Count,
      memoryBytes: Bytes,
      freeMemoryBytes: Bytes,
      usedMemoryBytes: Bytes,
      startedAt: Timestamp,
      /** How late its event loop was in the last one to two minutes, in milliseconds. */
      eventLoopDelayMs: z.object({ p99: z.number(), max: z.number() }),
      /** By how much its clock was set forward (or back) since the start, in milliseconds. */
      clockJumpMs: z.number().int(),
    }),
    disk: z
      .object({ totalBytes: Bytes, freeBytes: Bytes, isWritable: z.boolean() })
      .nullable()
      .meta({ description: 'Where the hub keeps its data; null where the system does not tell' }),
    database: z.object({
      kind: z.enum(['file', 'server']),
      trouble: z.string().nullable().meta({ description: 'Why nothing can be kept; null while all is well' }),
    }),
    hubs: z
      .object({
        leader: z.string().meta({ description: 'Where the other hubs reach the hub that leads' }),
        present: z.array(z.string()).meta({
          description: 'Where the hubs are that said within the last 15 seconds that they are there',
        }),
        epoch: Count.meta({ description: 'Grows each time that another hub leads' }),
        leaseSeconds: z.number(),
        redisAnswers: z.boolean(),
        trouble: z
          .string()
          .nullable()
          .meta({ description: 'What is wrong with what the hubs share; null while all is well' }),
      })
      .nullable()
      .meta({ description: 'Of several hubs that serve one grid; null where this hub is alone' }),
    network: z.object({
      httpPort: Count,
      httpsPort: Count.nullable(),
      knownHttpsPort: Count.nullable().meta({
        description: 'What devices and links know, where another program has that port now; null else',
      }),
      addresses: z.array(z.string()),
      publicUrls: z.array(z.string()),
    }),
    certificate: Certificate.nullable().meta({ description: 'null where HTTPS is off' }),
    nodes: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['node', 'browser']),
        version: z.string(),
        device: z.string(),
        memoryBytes: Bytes,
        state: z.string(),
        joinedAt: Timestamp,
        links: z.array(
          z.object({
            to: z.string(),
            state: z.string(),
            roundTripMs: z.number().nullable(),
            reason: z.string().nullable(),
          }),
        ),
      }),
    ),
    models: z.array(z.object({ model: z.string(), replicas: Count, missing: z.string().nullable() })),
    lastTrouble: z
      .array(z.string())
      .meta({ description: 'Last lines of the log that say warn, error or fatal, oldest first' }),
  })
  .meta({ id: 'Diagnostics' });
export type Diagnostics = z.infer<typeof Diagnostics>;
