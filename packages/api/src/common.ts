/** Shapes that several parts of the API share. */
import { z } from 'zod';

/** Unix time in milliseconds. */
export const Timestamp = z.number().int().nonnegative().meta({ description: 'Unix time in milliseconds' });

/** A non-negative whole number. */
export const Count = z.number().int().nonnegative();

/** Bytes. */
export const Bytes = Count.meta({ description: 'Bytes' });

/** A name that people give: one line. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'a name is one line of text');

/** Every error, of every route. */
export const ErrorBody = z
  .object({
    error: z.object({
      message: z.string().meta({ description: 'What is wrong and what to do, for people' }),
      type: z.string(),
      /** Name of the parameter that is wrong, such as `stages[1].firstLayer`. */
      param: z.string().nullable(),
      /** Stable, for programs. */
      code: z.string().nullable(),
    }),
  })
  .meta({ id: 'Error' });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** What the caller may do: `ask` (chat, look), `admin` (change things). */
export const Scope = z.enum(['ask', 'admin']);
export type Scope = z.infer<typeof Scope>;
