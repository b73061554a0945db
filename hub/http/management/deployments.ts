/** Deployments: which models are served, and how. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Deploy, Deployment, DeploymentPreview } from '@potluck/api';
import { z } from 'zod';
import type { Operator } from '../../pipelines/operator.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import { viewDeployment, type DeploymentViewComponents } from '../../live/views/deploymentView.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, noContent, route, takes } from './route.ts';

export interface DeploymentRouteComponents extends DeploymentViewComponents {
  deployments: Deployments;
  operator: Operator;
}

const tag = 'Deployments';

/** Routes to mount under `/deployments`. */
export function deploymentRoutes(components: DeploymentRouteComponents): OpenAPIHono {
  const { deployments, operator } = components;
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'What is served', tag, scope: 'ask' },
      { responses: { 200: answers(z.object({ deployments: z.array(Deployment) }), 'Deployments') } },
    ),
    (c) => c.json({ deployments: deployments.list.map((one) => viewDeployment(components, one)) }, 200),
  );
  app.openapi(
    route(
      { method: 'put', path: '/', summary: 'Deploy a model, or change how', tag, scope: 'admin' },
      { request: takes(Deploy), responses: { 200: answers(Deployment, 'The deployment as it is now') } },
    ),
    async (c) => {
      const { model, plan, revision } = c.req.valid('json');
      return c.json(viewDeployment(components, await operator.deploy(model, plan, revision)), 200);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/preview', summary: 'What would happen', tag, scope: 'admin' },
      { request: takes(Deploy), responses: { 200: answers(DeploymentPreview, 'Nothing was changed') } },
    ),
    async (c) => {
      const { model, plan } = c.req.valid('json');
      return c.json(await operator.preview(model, plan), 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Take a model off the nodes', tag, scope: 'admin' },
      { request: { query: z.strictObject({ model: z.string() }) }, responses: { 204: done } },
    ),
    async (c) => {
      await operator.undeploy(c.req.valid('query').model);
      return noContent(c);
    },
  );
  return app;
}
