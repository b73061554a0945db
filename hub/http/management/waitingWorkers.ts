/** Workers that wait for the hub to call: try the connection, add them. */
import { Readable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AddedNode, ConnectionStep, WaitingWorker } from '@potluck/api';
import type { Dialer } from '../../workers/dialing/dialer.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface WaitingWorkerRouteComponents {
  dialer: Pick<Dialer, 'test' | 'add'>;
}

const tag = 'Nodes';

/** Routes to mount under `/nodes`. */
export function waitingWorkerRoutes({ dialer }: WaitingWorkerRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Add a worker that waits (--listen)', tag, scope: 'admin' },
      {
        request: takes(WaitingWorker),
        responses: { 201: answers(AddedNode, 'It has joined, with a join token of its own') },
      },
    ),
    async (c) => c.json(await dialer.add(c.req.valid('json')), 201),
  );
  app.openapi(
    route(
      {
        method: 'post',
        path: '/test-connection',
        summary: 'Try every way to a worker that waits',
        tag,
        scope: 'admin',
      },
      {
        request: takes(WaitingWorker),
        responses: {
          200: {
            description: 'A ConnectionStep a line, as each is over; changes nothing',
            content: { 'application/jsonl': { schema: ConnectionStep } },
          },
        },
      },
    ),
    (c) => {
      // Who goes away ends the step that is being tried, too.
      const steps = dialer.test(c.req.valid('json'), c.req.raw.signal);
      const body = Readable.toWeb(Readable.from(lines(steps)));
      return c.body(body as never, 200, {
        'content-type': 'application/jsonl; charset=utf-8',
        'cache-control': 'no-store',
      }) as never;
    },
  );
  return app;
}

async function* lines(steps: AsyncIterable<ConnectionStep>): AsyncGenerator<string> {
  for await (const step of steps) yield `${JSON.stringify(step)}\n`;
}
