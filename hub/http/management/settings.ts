/** What the operator set. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Settings, SettingsChange } from '@potluck/api';
import type { HubSettings } from '../../settings/hubSettings.ts';
import type { AdminPassword } from '../../access/adminPassword.ts';
import { ApiError } from '../apiError.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface SettingsRouteComponents {
  hubSettings: HubSettings;
  password: Pick<AdminPassword, 'isSet'>;
}

const tag = 'Settings';

/** Routes to mount under `/settings`. */
export function settingsRoutes({ hubSettings, password }: SettingsRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'The settings', tag, scope: 'admin' },
      { responses: { 200: answers(Settings, 'The settings') } },
    ),
    (c) => c.json(hubSettings.current, 200),
  );
  app.openapi(
    route(
      { method: 'patch', path: '/', summary: 'Change settings', tag, scope: 'admin' },
      {
        request: takes(SettingsChange),
        responses: { 200: answers(Settings, 'The settings as they are now') },
      },
    ),
    async (c) => {
      const change = c.req.valid('json');
      if (change.trustLocal === false && !password.isSet) {
        throw new ApiError(409, 'Choose an administrator’s password first, or nobody could log in.', {
          code: 'conflict',
          param: 'trustLocal',
        });
      }
      return c.json(await hubSettings.change(change), 200);
    },
  );
  return app;
}
