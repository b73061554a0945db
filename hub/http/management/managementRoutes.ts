/** The management API, as far as it goes: what is here and what was asked. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import type { Recorder } from '../../database/recorder.ts';
import type { Generator } from '../../generation/generator.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import { ApiError } from '../apiError.ts';
import { describeNodes } from './nodes.ts';
import { describeRequest } from './requests.ts';

export interface ManagementComponents {
  registry: WorkerRegistry;
  deployment: Deployment;
  generator: Generator;
  database: Pick<Database, 'findRequest' | 'listRequests'>;
  recorder: Pick<Recorder, 'settled'>;
}

const Limit = z.coerce.number().int().min(1).max(1000).default(50);

/** Routes to mount under `/api`. */
export function managementRoutes(components: ManagementComponents): Hono {
  const { registry, deployment, generator, database, recorder } = components;
  const app = new Hono();
  app.get('/nodes', (c) => c.json({ ...describeNodes(registry, deployment), load: generator.load }));
  app.get('/requests', async (c) => {
    const limit = Limit.safeParse(c.req.query('limit')).data;
    if (limit === undefined) throw new ApiError(400, 'limit is a number from 1 to 1000.', { param: 'limit' });
    await recorder.settled();
    const records = await database.listRequests(limit);
    return c.json({ requests: records.map(describeRequest) });
  });
  app.get('/requests/:id', async (c) => {
    const id = c.req.param('id').replace(/^chatcmpl-/, '');
    await generator.recorded(id);
    await recorder.settled();
    const record = await database.findRequest(id);
    if (!record) throw new ApiError(404, `There is no request ${id}.`, { code: 'request_not_found' });
    return c.json(describeRequest(record));
  });
  return app;
}
