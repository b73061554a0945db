/** What people change through the management API is kept with who did it. */
import type { HistoryKind } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import type { Invites } from '../../accounts/invites.ts';
import type { History, NewHistoryEvent } from '../../live/history.ts';
import type { NodeBook } from '../../workers/nodeBook.ts';
import type { Caller } from '../caller.ts';

export interface ChangeComponents {
  history: Pick<History, 'note'>;
  nodes: Pick<NodeBook, 'nameOf' | 'of'>;
  invites: Pick<Invites, 'list'>;
}

type Body = Record<string, unknown>;

interface Change {
  kind: HistoryKind;
  /** By method and path below `/api`. */
  on: RegExp;
  /** What is told of it. `id`: the group of `on` that matched. */
  tell?: (
    change: {
      id: string;
      body: Body;
      query: (name: string) => string | undefined;
      /** True where the node waited for approval until then. */
      waited: boolean;
      /** What the invite was called until then, where there was one. */
      invite: string | undefined;
      /** What the node was called until then. */
      former: string;
    },
    names: Pick<NodeBook, 'nameOf'>,
  ) => Partial<NewHistoryEvent>;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const details = (given: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (text(value) ? [[name, value]] : [])),
  ) as Record<string, string>;

/** Each change that is kept. What is not here, such as a request that is stopped, is not. */
const changes: Change[] = [
  {
    ...{ kind: 'node-changed', on: /^PATCH \/nodes\/([^/]+)$/ },
    tell: ({ body: { name, mode }, waited, former }) => ({
      kind: waited && mode === 'active' ? 'node-approved' : 'node-changed',
      node: former,
      detail: details({ name, mode }),
    }),
  },
  {
    ...{ kind: 'node-evicted', on: /^POST \/nodes\/([^/]+)\/evict$/ },
    tell: ({ id, body: { reason, ban }, waited }, names) => ({
      kind: waited && ban === true ? 'node-declined' : 'node-evicted',
      node: names.nameOf(id),
      detail: details({ reason, ban: ban === true ? 'yes' : undefined }),
    }),
  },
  {
    ...{ kind: 'node-readmitted', on: /^POST \/nodes\/([^/]+)\/readmit$/ },
    tell: ({ id }, names) => ({ node: names.nameOf(id) }),
  },
  {
    ...{ kind: 'model-deployed', on: /^PUT \/deployments$/ },
    tell: ({ body: { model } }) => ({ model: text(model) ?? null }),
  },
  {
    ...{ kind: 'model-undeployed', on: /^DELETE \/deployments$/ },
    tell: ({ query }) => ({ model: query('model') ?? null }),
  },
  {
    ...{ kind: 'model-removed', on: /^DELETE \/models$/ },
    tell: ({ query }) => ({ model: query('id') ?? null }),
  },
  {
    ...{ kind: 'model-added', on: /^POST \/imports$/ },
    tell: ({ body: { repository, path, name } }) => ({
      model: text(repository) ?? text(path) ?? text(name) ?? null,
    }),
  },
  {
    ...{ kind: 'settings-changed', on: /^PATCH \/settings$/ },
    // Names only: values may be secrets.
    tell: ({ body }) => ({
      detail: {
        settings: Object.keys(body)
          .filter((name) => name !== 'revision')
          .join(', '),
      },
    }),
  },
  { kind: 'password-changed', on: /^PUT \/session\/password$/ },
  { kind: 'certificate-changed', on: /^(?:PUT|DELETE) \/certificate$/ },
  {
    ...{ kind: 'key-created', on: /^POST \/keys$/ },
    tell: ({ body: { name } }) => ({ detail: details({ name }) }),
  },
  { kind: 'key-revoked', on: /^(?:POST \/keys\/[^/]+\/revoke|DELETE \/keys\/[^/]+)$/ },
  {
    ...{ kind: 'join-token-created', on: /^POST \/join-tokens$/ },
    tell: ({ body: { name } }) => ({ detail: details({ name }) }),
  },
  { kind: 'hub-token-replaced', on: /^POST \/join-tokens\/hub\/replace$/ },
  {
    ...{ kind: 'invite-created', on: /^POST \/invites$/ },
    tell: ({ body: { name } }) => ({ detail: details({ name }) }),
  },
  {
    ...{ kind: 'invite-revoked', on: /^(?:POST \/invites\/([^/]+)\/revoke|DELETE \/invites\/([^/]+))$/ },
    tell: ({ invite }) => ({ detail: details({ name: invite }) }),
  },
  { kind: 'join-token-revoked', on: /^(?:POST \/join-tokens\/[^/]+\/revoke|DELETE \/join-tokens\/[^/]+)$/ },
];

/** Notes each change that was made, after it was. */
export function noteChanges({ history, nodes, invites }: ChangeComponents): MiddlewareHandler {
  return async function noteChange(c, next) {
    const asked = `${c.req.method} ${c.req.path.replace(/^\/api/, '')}`;
    const change = c.req.method === 'GET' ? undefined : changes.find(({ on }) => on.test(asked));
    if (!change) return next();
    const groups: (string | undefined)[] = change.on.exec(asked)?.slice(1) ?? [];
    const id = groups.find((group) => group !== undefined) ?? '';
    const invite = invites.list.find((one) => one.id === id)?.name;
    const waited = nodes.of(id as WorkerId).mode === 'waiting';
    const former = nodes.nameOf(id);
    await next();
    if (c.res.status >= 400) return undefined;
    const query = (name: string): string | undefined => c.req.query(name);
    const told = change.tell?.({ id, body: await bodyOf(c), query, waited, invite, former }, nodes) ?? {};
    history.note(told.kind ?? change.kind, { ...told, actor: actorOf(c.var.caller) });
    return undefined;
  };
}

/** The route has read it already. */
async function bodyOf(c: Context): Promise<Body> {
  if (c.req.header('content-type')?.includes('json') !== true) return {};
  const body = await c.req.json<unknown>().catch(() => undefined);
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Body) : {};
}

function actorOf({ via, key }: Caller): string {
  if (key) return `key:${key.name}`;
  return via === 'login' ? 'admin' : 'local';
}
