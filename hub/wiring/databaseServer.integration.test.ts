/** A hub whose database is at a server, from its settings on. */
import { readdir } from 'node:fs/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startSqld, sqldMissing } from '../../testing/servers/sqldServer.ts';
import { freePort } from '../../testing/freePort.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { api } from '../testing/apiClient.ts';
import { readConfig } from './config.ts';
import { startHub, type RunningHub } from './startHub.ts';

if (sqldMissing !== undefined) console.log(sqldMissing);

test.skipIf(sqldMissing !== undefined)(
  'a hub waits for its database server, says so, and finds there what it kept, with another data directory too',
  async () => {
    await using server = await startSqld();
    await server.kill();
    await using first = await temporaryDirectory('potluck-start-');
    await using second = await temporaryDirectory('potluck-start-');
    const port = await freePort();
    const log: string[] = [];
    const start = (data: string, port: number): Promise<RunningHub> => {
      const config = readConfig(
        [
          ...['--data', data, '--port', String(port), '--host', '127.0.0.1', '--https-port', 'off'],
          ...['--stun-port', 'off', '--local-workers', '0', '--database-url', server.url],
        ],
        { POTLUCK_DATABASE_TOKEN: 'a-secret-token' },
      );
      if (!config) throw new Error('help was asked for');
      return startHub(config, pino({}, { write: (line: string) => void log.push(line) }));
    };
    const starting = start(first.path, port);
    starting.catch(() => undefined);
    await expect.poll(() => log.join('')).toContain('waiting for the database server');
    const waiting = await fetch(`http://127.0.0.1:${port}/health`);
    expect([waiting.status, await waiting.json()]).toMatchObject([
      503,
      { status: 'waiting', error: { code: 'database_unreachable' } },
    ]);
    await server.start();
    const hub = await starting;
    const { body: before } = await api<{ revision: number }>(hub, 'GET', '/settings');
    const change = { revision: before.revision, retentionDays: 3 };
    expect((await api(hub, 'PATCH', '/settings', change)).status).toBe(200);
    expect(await readdir(first.path)).not.toContain('hub.sqlite');
    // Somebody starts another one by mistake: what the first writes can't undo what that one wrote.
    const again = await start(second.path, await freePort());
    const { body: now } = await api<{ revision: number }>(again, 'GET', '/settings');
    expect(now).toMatchObject({ retentionDays: 3 });
    const late = await api(hub, 'PATCH', '/settings', { revision: now.revision, retentionDays: 4 });
    expect([late.status, late.body]).toMatchObject([503, { error: { code: 'another_hub_leads' } }]);
    expect((await api(again, 'GET', '/settings')).body).toMatchObject({ retentionDays: 3 });
    const health: unknown = await (await fetch(`${hub.url}/health`)).json();
    expect(health).toMatchObject({
      trouble: expect.stringContaining('Another hub has taken over') as string,
    });
    await hub.stop();
    await again.stop();
    expect(log.join('')).not.toContain('a-secret-token');
  },
);

test('the address of the database is checked at the start, and no secret in it is told', () => {
  const read = (argv: string[], environment: NodeJS.ProcessEnv): unknown => readConfig(argv, environment);
  expect(() => read([], { POTLUCK_DATABASE_URL: 'redis://127.0.0.1' })).toThrow(
    'takes the address of a libSQL',
  );
  const secret = { POTLUCK_DATABASE_URL: 'http://me:swordfish@127.0.0.1' };
  expect(() => read([], secret)).toThrow('must not hold a secret');
  expect(() => read([], secret)).not.toThrow('swordfish');
  expect(() => read([], { POTLUCK_DATABASE_TOKEN: 'sesame' })).toThrow('of no use without --database-url');
});
