/** What the operator set. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Settings, SettingsChange, TurnCredential } from '@potluck/api';
import type { Context } from 'hono';
import type { Catalogue } from '../../models/catalogue.ts';
import type { HubSettings } from '../../settings/hubSettings.ts';
import type { AdminPassword } from '../../accounts/adminPassword.ts';
import type { ProxySigns } from '../../accounts/proxySigns.ts';
import { ApiError } from '../apiError.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface SettingsRouteComponents {
  catalogue: Pick<Catalogue, 'find'>;
  hubSettings: HubSettings;
  password: Pick<AdminPassword, 'isSet'>;
  proxySigns: Pick<ProxySigns, 'last'>;
}

const tag = 'Settings';

/** Routes to mount under `/settings`. */
export function settingsRoutes(components: SettingsRouteComponents): OpenAPIHono {
  const { hubSettings, password, proxySigns, catalogue } = components;
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
      {
        method: 'get',
        path: '/turn-credential',
        summary: 'The password of the TURN servers, to test them',
        tag,
        scope: 'admin',
      },
      { responses: { 200: answers(TurnCredential, 'As the settings have it') } },
    ),
    (c) => {
      c.header('cache-control', 'no-store');
      return c.json({ credential: hubSettings.turnServer?.credential ?? null }, 200);
    },
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
        throw new ApiError(409, 'Choose an admin password first, or nobody could log in.', {
          code: 'conflict',
          param: 'trustLocal',
        });
      }
      const known = hubSettings.current.aliases;
      const taken = Object.keys(change.aliases ?? {}).find(
        (alias) => !Object.hasOwn(known, alias) && catalogue.find(alias),
      );
      if (taken !== undefined) {
        throw new ApiError(409, `${taken} is the name of a model here. Choose another alias.`, {
          code: 'conflict',
          param: 'aliases',
        });
      }
      for (const [alias, id] of Object.entries(change.aliases ?? {})) {
        const owner = Object.hasOwn(known, alias) ? known[alias] : undefined;
        if (owner === undefined || owner === id || !catalogue.find(owner)) continue;
        throw new ApiError(409, `${alias} is already used by ${owner}. Take it from that model first.`, {
          code: 'conflict',
          param: 'aliases',
        });
      }
      return c.json(view(c, await hubSettings.change(change)), 200);
    },
  );
  return app;
}
