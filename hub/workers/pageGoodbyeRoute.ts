/** Where pages say goodbye for the worker in them, by a beacon that outlives them. */
import { PageGoodbye } from '@potluck/protocol';
import type { Handler } from 'hono';
import { ApiError } from '../http/apiError.ts';
import { sameSecret } from '../secrets.ts';
import type { WorkerRegistry } from './workerRegistry.ts';

/** Serves POST `workerGoodbyePath`. Beacons carry no headers of their own: the token is in the body. */
export function pageGoodbyeRoute(
  { registry }: { registry: WorkerRegistry },
  { joinToken }: { joinToken: string },
): Handler {
  return async (c) => {
    const goodbye = PageGoodbye.safeParse(await c.req.json().catch(() => undefined));
    if (!goodbye.success)
      throw new ApiError(400, 'The body is a JSON object: token, workerId, instanceId, reason.');
    if (!sameSecret(goodbye.data.token, joinToken)) {
      throw new ApiError(401, 'The join token is wrong.', { code: 'invalid_api_key' });
    }
    registry.pageLeft(goodbye.data);
    return c.body(null, 204);
  };
}
