/** What the operator set. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Settings, SettingsChange } from '@potluck/api';
import type { Context } from 'hono';
import type { HubSettings } from '../../settings/hubSettings.ts';
import type { AdminPassword } from '../../accounts/adminPassword.ts';
import type { ProxySigns } from '../../accounts/proxySigns.ts';
import { ApiError } from '../apiError.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface SettingsRouteComponents {
  hubSettings: HubSettings;
  password: Pick<AdminPassword, 'isSet'>;
  proxySigns: Pick<ProxySigns, 'last'>;
}

const tag = 'Settings';

/** Routes to mount under `/settings`. */
export function settingsRoutes({ hubSettings, password, proxySigns }: SettingsRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const view = (c: Context, settings: HubSettings['current']): Settings => ({
    ...settings,
    behindProxy: c.var.source.isBehindProxy,
    proxySeen: proxySigns.last ?? null,
  });
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'The settings', tag, scope: 'admin' },
      { responses: { 200: answers(Settings, 'The settings') } },
    ),
    (c) => c.json(view(c, hubSettings.current), 200),
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
      return c.json(view(c, await hubSettings.change(change)), 200);
    },
  );
  return app;
}
