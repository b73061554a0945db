/** The lease by which one hub leads, in Redis. Each function rejects where Redis does not answer in time. */
import type { RedisConnection } from './redisConnection.ts';
import { LeaderRecord, type Candidate } from './leaderRecord.ts';

export interface Lease {
  /**
   * Takes the lease where nobody has it.
   * @param above the new epoch is higher than this one
   * @returns the epoch; undefined where another hub has it
   */
  take(candidate: Candidate, above: number): Promise<number | undefined>;
  /** Keeps it for as long again, also where Redis has lost it. @returns false where another hub has or had it since */
  keep(record: LeaderRecord): Promise<boolean>;
  /** Who has it. */
  read(): Promise<LeaderRecord | undefined>;
  /** Another may take it at once. */
  giveBack(record: LeaderRecord): Promise<void>;
}

/** The braces keep both keys in one slot, as scripts need in a cluster. */
const leaseKey = '{potluck}:leader';
const epochKey = '{potluck}:epoch';

// Redis gives numbers above 2^53 and fractions no chance here: an epoch is a count.
const takeScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local epoch = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[2])) + 1
redis.call('SET', KEYS[2], string.format('%d', epoch))
redis.call('HSET', KEYS[1], 'epoch', string.format('%d', epoch), 'serves', 'false', unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return epoch`;

const keepScript = `
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and epoch ~= ARGV[2] then return 0 end
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if last > tonumber(ARGV[2]) then return 0 end
if last < tonumber(ARGV[2]) then redis.call('SET', KEYS[2], ARGV[2]) end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`;

const giveBackScript = `
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** @param leaseMs how long a silent hub keeps it, in milliseconds */
export function redisLease(redis: RedisConnection, leaseMs: number): Lease {
  const keys = [leaseKey, epochKey];
  const run = (script: string, given: string[]): Promise<number> =>
    redis.ask((client) => client.eval(script, { keys, arguments: given })) as Promise<number>;
  const fields = ({ process, hubId, url, secret }: Candidate): string[] =>
    Object.entries({ process, hubId, url, secret }).flat();
  return {
    take: async (candidate, above) => {
      const epoch = await run(takeScript, [String(leaseMs), String(above), ...fields(candidate)]);
      return epoch === 0 ? undefined : epoch;
    },
    keep: async (record) => {
      const given = [String(leaseMs), String(record.epoch), 'serves', String(record.serves)];
      return (await run(keepScript, [...given, ...fields(record)])) === 1;
    },
    read: async () => {
      const found = await redis.ask((client) => client.hGetAll(leaseKey));
      return LeaderRecord.safeParse(found).data;
    },
    giveBack: async ({ epoch }) => void (await run(giveBackScript, [String(epoch)])),
  };
}
