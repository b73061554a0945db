/** The management API: everything that the app does. It describes itself at `/api/openapi.json`. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { LiveEvent } from '@potluck/api';
import { certificateRoutes, type CertificateRouteComponents } from './certificate.ts';
import { conversationRoutes, type ConversationRouteComponents } from './conversations.ts';
import { deploymentRoutes, type DeploymentRouteComponents } from './deployments.ts';
import type { DiagnosticsComponents } from './collectDiagnostics.ts';
import { diagnosticsRoutes } from './diagnostics.ts';
import { streamEvents, type EventComponents } from './events.ts';
import { historyRoutes, type HistoryRouteComponents } from './history.ts';
import { importRoutes, type ImportRouteComponents } from './imports.ts';
import { inviteRoutes, type InviteRouteComponents } from './invites.ts';
import { joinTokenRoutes, type JoinTokenRouteComponents } from './joinTokens.ts';
import { keyRoutes, type KeyRouteComponents } from './keys.ts';
import { modelRoutes, remoteHubRoute, remoteModelRoutes, type ModelRouteComponents } from './models.ts';
import { noteChanges, type ChangeComponents } from './noteChanges.ts';
import { nodeRoutes, type NodeRouteComponents } from './nodes.ts';
import { openApiRoutes } from './openApi.ts';
import { hubInformationRoutes, joinInformationRoutes, type ReachabilityComponents } from './reachability.ts';
import { requestRoutes, type RequestRouteComponents } from './requests.ts';
import { route, securitySchemes } from './route.ts';
import { settingsRoutes, type SettingsRouteComponents } from './settings.ts';
import { storageRoutes, type StorageRouteComponents } from './storage.ts';
import { waitingWorkerRoutes, type WaitingWorkerRouteComponents } from './waitingWorkers.ts';
import { usageRoutes, type UsageRouteComponents } from './usage.ts';
import { sessionRoutes, type SessionComponents } from './session.ts';

export type ManagementComponents = CertificateRouteComponents &
  ConversationRouteComponents &
  DeploymentRouteComponents &
  DiagnosticsComponents &
  InviteRouteComponents &
  JoinTokenRouteComponents &
  KeyRouteComponents &
  ChangeComponents &
  HistoryRouteComponents &
  ImportRouteComponents &
  ModelRouteComponents &
  SettingsRouteComponents &
  StorageRouteComponents &
  EventComponents &
  NodeRouteComponents &
  RequestRouteComponents &
  UsageRouteComponents &
  WaitingWorkerRouteComponents &
  SessionComponents & {
    reachability: ReachabilityComponents;
  };

/** Routes to mount under `/api`. */
export function managementRoutes(components: ManagementComponents): OpenAPIHono {
  const app = openApiRoutes();
  const { reachability, joinTokens } = components;
  app.use(noteChanges(components));
  app.route('/session', sessionRoutes(components));
  app.route('/hub', hubInformationRoutes(reachability));
  app.route('/join', joinInformationRoutes({ ...reachability, joinToken: () => joinTokens.own }));
  app.route('/nodes', nodeRoutes(components));
  app.route('/nodes', waitingWorkerRoutes(components));
  app.route('/deployments', deploymentRoutes(components));
  app.route('/conversations', conversationRoutes(components));
  app.route('/models', modelRoutes(components));
  app.route('/remote-hub', remoteHubRoute(components));
  app.route('/remote-models', remoteModelRoutes(components));
  app.route('/imports', importRoutes(components));
  app.route('/settings', settingsRoutes(components));
  app.route('/diagnostics', diagnosticsRoutes(components));
  app.route('/certificate', certificateRoutes(components));
  app.route('/keys', keyRoutes(components));
  app.route('/join-tokens', joinTokenRoutes(components));
  app.route('/storage', storageRoutes(components));
  app.route('/invites', inviteRoutes(components));
  app.route('/requests', requestRoutes(components));
  app.route('/usage', usageRoutes(components));
  app.route('/history', historyRoutes(components));
  app.openapi(
    route(
      { method: 'get', path: '/events', summary: 'What happens, live', tag: 'Events', scope: 'ask' },
      {
        responses: {
          200: {
            description: 'Server-sent events; the data of each is a LiveEvent. Resumes with Last-Event-ID.',
            content: { 'text/event-stream': { schema: LiveEvent } },
          },
        },
      },
    ),
    (c) => streamEvents(c, components) as never,
  );
  const { key, login } = securitySchemes;
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', key);
  app.openAPIRegistry.registerComponent('securitySchemes', 'login', {
    ...login,
    name: components.cookies.loginName,
  });
  const makeDescription = (): string =>
    JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title: 'Potluck', version: components.hub.version },
        servers: [{ url: '/api' }],
      }),
    );
  // Making it takes tens of milliseconds, so it is made once: when somebody asks first, as all routes are known by then.
  let description: string | undefined;
  app.get('/openapi.json', (c) => {
    description ??= makeDescription();
    return c.body(description, { headers: { 'content-type': 'application/json' } });
  });
  return app;
}
