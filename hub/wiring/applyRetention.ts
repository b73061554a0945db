/**
 * Deletes requests and kept responses that are older than the settings allow, and refused requests that are too many: at
 * once when the settings change, and every hour.
 */
import type { Logger } from 'pino';
import { LeadershipLostError } from '../database/leadership.ts';
import type { Database } from '../database/database.ts';
import { mostRefused } from '../generation/refusedRequests.ts';
import { messageOf } from '../errors/messageOf.ts';
import type { HubSettings } from '../settings/hubSettings.ts';

export interface RetentionComponents {
  settings: HubSettings;
  database: Pick<Database, 'requests' | 'responses'>;
  logger: Logger;
}

const everyMs = 3_600_000;
const dayMs = 24 * 3_600_000;

/** @returns a function that ends it */
export function applyRetention({ settings, database, logger }: RetentionComponents): () => void {
  const apply = async (): Promise<void> => {
    const { retentionDays } = settings.current;
    const now = Date.now();
    const madeBefore = retentionDays === null ? undefined : now - retentionDays * dayMs;
    const [deleted] = await Promise.all([
      madeBefore === undefined ? 0 : database.requests.remove({ until: madeBefore }),
      database.responses.expire(now, madeBefore),
      database.requests.trimRefused(mostRefused),
    ]);
    if (deleted > 0) logger.info({ deleted, retentionDays }, 'deleted old requests');
  };
  const start = (): void => {
    apply().catch((error: unknown) => {
      // The hub that leads deletes them.
      if (error instanceof LeadershipLostError) return;
      logger.error({ reason: messageOf(error) }, 'old requests could not be deleted');
    });
  };
  const timer = setInterval(start, everyMs);
  timer.unref();
  const stopListening = settings.listen(start);
  start();
  return () => {
    clearInterval(timer);
    stopListening();
  };
}
