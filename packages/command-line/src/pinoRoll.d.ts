/** The package has no types: what is used of it. */
declare module 'pino-roll' {
  import type { destination } from 'pino';

  interface RollOptions {
    /** Path without number. */
    file: string;
    /** Such as `10m`. */
    size: string;
  }
  export default function roll(options: RollOptions): Promise<ReturnType<typeof destination>>;
}
