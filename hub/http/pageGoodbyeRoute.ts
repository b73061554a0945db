/** Where pages say goodbye for the worker in them, by a beacon that outlives them. */
import { PageGoodbye } from '@potluck/protocol';
import type { Handler } from 'hono';
import type { JoinTokens } from '../accounts/joinTokens.ts';
import { ApiError } from './apiError.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';

/** Serves POST `workerGoodbyePath`. Beacons carry no headers of their own: the token is in the body. */
export function pageGoodbyeRoute({
  registry,
  joinTokens,
}: {
  registry: WorkerRegistry;
  joinTokens: Pick<JoinTokens, 'idOf' | 'expiredIdOf'>;
}): Handler {
  return async (c) => {
    const goodbye = PageGoodbye.safeParse(await c.req.json().catch(() => undefined));
    if (!goodbye.success)
      throw new ApiError(400, 'The body is a JSON object: token, workerId, instanceId, reason.');
    const { token } = goodbye.data;
    if ((joinTokens.idOf(token) ?? joinTokens.expiredIdOf(token)) === undefined) {
      throw new ApiError(401, 'The join token is wrong.', { code: 'invalid_api_key' });
    }
    registry.pageLeft(goodbye.data);
    return c.body(null, 204);
  };
}
