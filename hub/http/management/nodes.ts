/** Nodes: who is here, and what the operator wants of them. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { DepartureEffect, Eviction, FormerNode, Node, NodeChange, UnapprovedDevice } from '@potluck/api';
import { WorkerId } from '@potluck/protocol';
import { z } from 'zod';
import type { JoinTokens } from '../../accounts/joinTokens.ts';
import type { WriteQueue } from '../../files/writeQueue.ts';
import { viewFormerNode, viewNode, type NodeViewComponents } from '../../live/views/nodeView.ts';
import type { Operator } from '../../pipelines/operator.ts';
import type { NodeStore } from '../../workers/nodeStore.ts';
import type { WorkerRecord } from '../../workers/workerTable.ts';
import { ApiError } from '../apiError.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface NodeRouteComponents extends NodeViewComponents {
  operator: Pick<Operator, 'departure'>;
  database: { nodes: NodeStore };
  writes: Pick<WriteQueue, 'settled'>;
  joinTokens: Pick<JoinTokens, 'list'>;
}

const mostFormer = 100;
const tag = 'Nodes';
const params = z.object({ id: z.string() });

/** Routes to mount under `/nodes`. */
export function nodeRoutes(components: NodeRouteComponents): OpenAPIHono {
  const { registry, nodes, operator, database, writes, joinTokens } = components;
  const app = openApiRoutes();
  const here = (id: string): WorkerRecord => {
    const worker = registry.table.get(id as WorkerId);
    if (worker) return worker;
    throw new ApiError(404, `There is no node ${id} here now.`, { code: 'node_not_found', param: 'id' });
  };
  const known = async (id: string): Promise<WorkerId> => {
    await writes.settled();
    const workerId = WorkerId.safeParse(id).data;
    if (workerId !== undefined && (await database.nodes.find(id))) return workerId;
    throw new ApiError(404, `No node ${id} was ever here.`, { code: 'node_not_found', param: 'id' });
  };

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Who is here, and who was', tag, scope: 'ask' },
      {
        responses: {
          200: answers(z.object({ nodes: z.array(Node), former: z.array(FormerNode) }), 'Nodes'),
        },
      },
    ),
    async (c) => {
      await writes.settled();
      const former = (await database.nodes.list(mostFormer + registry.table.size))
        .filter(({ id }) => !registry.table.has(id as WorkerId))
        .map(viewFormerNode);
      const present = [...registry.table.values()].map((worker) => viewNode(components, worker));
      return c.json({ nodes: present, former }, 200);
    },
  );

  app.openapi(
    route(
      { method: 'get', path: '/unapproved', summary: 'Who waits to be approved', tag, scope: 'admin' },
      {
        responses: { 200: answers(z.object({ devices: z.array(UnapprovedDevice) }), 'First come first') },
      },
    ),
    (c) => {
      const names = new Map(joinTokens.list.map((token) => [token.id, token.name]));
      const devices = [...registry.table.values()]
        .filter(({ id }) => nodes.of(id).mode === 'waiting')
        .sort((one, other) => one.joinedAt - other.joinedAt)
        .map(({ id, name, kind, device, memoryBytes, address = '', joinTokenId, joinedAt }) => ({
          ...{ id, name, kind, memoryBytes, joinedAt },
          address: address.replace(/^::ffff:(?=\d+\.)/i, ''),
          device: device.description,
          joinedWith: names.get(joinTokenId) ?? '',
        }));
      return c.json({ devices }, 200);
    },
  );

  app.openapi(
    route(
      { method: 'get', path: '/{id}/departure', summary: 'What happens if a node leaves', tag, scope: 'ask' },
      {
        request: { params },
        responses: { 200: answers(z.object({ models: z.array(DepartureEffect) }), 'By model that it helps') },
      },
    ),
    async (c) => c.json({ models: await operator.departure(here(c.req.valid('param').id).id) }, 200),
  );

  app.openapi(
    route(
      { method: 'patch', path: '/{id}', summary: 'Rename, pause, drain or resume', tag, scope: 'admin' },
      {
        request: { params, ...takes(NodeChange) },
        responses: { 200: answers(Node, 'The node as it is now') },
      },
    ),
    (c) => {
      const worker = here(c.req.valid('param').id);
      const { name, mode } = c.req.valid('json');
      if (name !== undefined) {
        registry.rename(worker.id, name);
        // Its own name again: nothing to remember.
        nodes.change(worker.id, { name: name === worker.reportedName ? null : name });
      }
      if (mode !== undefined) nodes.change(worker.id, { mode });
      return c.json(viewNode(components, here(worker.id)), 200);
    },
  );

  app.openapi(
    route(
      { method: 'post', path: '/{id}/evict', summary: 'Tell a node to go', tag, scope: 'admin' },
      { request: { params, ...takes(Eviction) }, responses: { 204: done } },
    ),
    async (c) => {
      const id = await known(c.req.valid('param').id);
      const { reason, ban } = c.req.valid('json');
      if (ban) nodes.change(id, { bannedBecause: reason });
      registry.expel(id, ban ? 'evicted' : 'removed', reason);
      return noContent(c);
    },
  );

  app.openapi(
    route(
      { method: 'post', path: '/{id}/readmit', summary: 'Let a banned node join again', tag, scope: 'admin' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      nodes.change(await known(c.req.valid('param').id), { bannedBecause: null });
      return noContent(c);
    },
  );
  return app;
}
