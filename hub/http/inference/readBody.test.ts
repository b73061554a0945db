import { expect, test } from 'vitest';
import { z } from 'zod';
import { bodyReader } from './readBody.ts';

const read = bodyReader(
  z.object({
    share: z.number().min(0).max(1).optional(),
    over: z.number().gt(0).optional(),
    name: z.string().max(5).optional(),
    list: z.array(z.string()).min(1).optional(),
    either: z.union([z.string(), z.number()]).optional(),
    own: z.number({ error: 'must be how many there are' }).optional(),
    seed: z
      .bigint()
      .max(2n ** 63n - 1n)
      .optional(),
    names: z.record(z.string(), z.number()).optional(),
    kind: z.enum(['one', 'two']).optional(),
    said: z
      .string()
      .refine((text) => text !== 'no', 'must not be no')
      .optional(),
  }),
);

test.each<[object, string]>([
  [{ share: 2 }, "'share': must be at most 1"],
  [{ share: -1 }, "'share': must be at least 0"],
  [{ share: '1' }, "'share': must be a number"],
  [{ over: 0 }, "'over': must be more than 0"],
  [{ name: 'longer' }, "'name': must be at most 5 characters long"],
  [{ list: [] }, "'list': must be at least 1 entries long"],
  [{ list: [5] }, "'list[0]': must be a text"],
  [{ either: true }, "'either': is of a wrong kind"],
  [{ own: 'x' }, "'own': must be how many there are"],
  [{ seed: 2n ** 63n }, "'seed': must be at most 9223372036854775807"],
  [{ names: [] }, "'names': must be a JSON object"],
  [{ kind: 'three' }, `'kind': must be "one" or "two"`],
  [{ said: 'no' }, "'said': must not be no"],
])('%# is refused in plain words', (body, message) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ message }));
});
