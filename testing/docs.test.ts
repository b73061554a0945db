/** What the pages tell people to type is what the product takes: commands, flags, variables, files, paths and URLs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError, type Command } from 'commander';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestHub } from '../hub/testing/testHub.ts';
import { commands } from './commands.ts';
import { sqldSizes, unknownSqldFlags } from './servers/sqldServer.ts';
import { commandsIn, commandsOf } from './shellLines.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const isThere = (name: string): boolean => existsSync(path.join(root, name));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
];
const { scripts, version } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  version: string;
};
const packageName = `potluck-${version}.tgz`;

/** `GET /v1/models/:id`, and so on. */
let routes: { method: string; path: string }[];
beforeAll(async () => {
  const hub = await startTestHub();
  // What comes before all routes is none.
  routes = hub.app.routes.filter(({ method, path: at }) => method !== 'ALL' || !at.includes('*'));
  await hub.close();
});

/** @param method undefined for any */
function isServed(target: string, method?: string): boolean {
  const wanted = target.split(/[?#]/)[0] ?? '';
  const isPage = existsSync(path.join(root, 'client/src/routes', wanted, '+page.svelte'));
  return (
    (isPage && (method ?? 'GET') === 'GET') ||
    routes.some(
      (route) =>
        (method === undefined || [method, 'ALL'].includes(route.method)) &&
        new RegExp(`^${route.path.replaceAll(/:\w+(\{[^}]*\})?\??/g, '[^/]+').replaceAll('*', '.+')}$`).test(
          wanted,
        ),
    )
  );
}

/** Parses without doing it. @throws what commander says is wrong */
function parsePotluck([name = '', ...args]: string[]): void {
  if (name === '' || /^(--?)?(help|version)$/.test(name)) return;
  const command = commands[name]?.();
  if (!command) throw new Error(`there is no command potluck ${name}`);
  if (args.length === 0) return;
  for (const one of [command, ...command.commands]) {
    one.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (one.commands.length === 0) one.action(() => undefined);
  }
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

const installed = (name: string): boolean => isThere(`node_modules/.bin/${name}`);
const afterDashes = (words: string[]): string[] =>
  words.includes('--') ? words.slice(words.indexOf('--') + 1) : [];

/** By the first word of a command; each throws what is wrong with the rest. */
const programs: Record<string, (words: string[]) => void> = {
  potluck: parsePotluck,
  npm(words) {
    const [what = '', name = ''] = words;
    if (what === 'start') parsePotluck(['hub', ...afterDashes(words)]);
    else if (what === 'install') expect(words.at(-1)).toBe(`./${packageName}`);
    else if (what === 'run') {
      expect(Object.keys(scripts)).toContain(name);
      if (name === 'potluck') parsePotluck(afterDashes(words));
    } else expect(['ci', 'test', 'pack']).toContain(what);
  },
  npx(words) {
    const [name = '', ...args] = words.filter((word) => !/^--(yes|ignore-scripts)$/.test(word));
    if (name === 'potluck') return parsePotluck(args);
    const url = URL.parse(name);
    if (!url) return expect(installed(name)).toBe(true);
    expect(path.posix.basename(url.pathname)).toBe(packageName);
    expect(isServed(url.pathname)).toBe(true);
    parsePotluck(args);
  },
  curl(words) {
    const url = URL.parse(words.find((word) => word.startsWith('http')) ?? '');
    const data = words[words.indexOf('-d') + 1];
    const method = words.includes('-d') ? 'POST' : 'GET';
    expect(isServed(url?.pathname ?? '', method), `${method} ${url?.pathname}`).toBe(true);
    if (method === 'POST') expect(JSON.parse(data ?? '')).toBeTypeOf('object');
  },
  docker(words) {
    const after = (flag: string): string => words[words.indexOf(flag) + 1] ?? '';
    const compose = parse(read(after('--file')), { merge: true }) as { services: object };
    expect(isThere(`${after('--env-file')}.example`)).toBe(true);
    if (words.includes('--scale'))
      expect(compose.services).toHaveProperty(after('--scale').split('=')[0] ?? '');
  },
  sqld(words) {
    expect(words).toEqual(expect.arrayContaining([...sqldSizes]));
    expect(unknownSqldFlags(words)).toEqual([]);
  },
  cp: ([from = '']) => expect(isThere(from)).toBe(true),
  node: ([script = '']) => expect(isThere(script)).toBe(true),
  export: (words) => expect(words.filter((word) => !/^[A-Z_]+=\S+$/.test(word))).toEqual([]),
};

function check(words: string[]): void {
  const [program = '', ...rest] = words;
  const checking = programs[program];
  if (!checking) throw new Error(`no check for ${program}: ${words.join(' ')}`);
  try {
    checking(rest);
  } catch (cause) {
    throw new Error(`${words.join(' ')}: ${(cause as Error).message}`, { cause });
  }
}

test.each(pages)('%s: commands are those that there are', (name) => {
  for (const { line, words } of commandsIn(read(name))) {
    try {
      check(words);
    } catch (cause) {
      throw new Error(`${name}, block at line ${line}: ${(cause as Error).message}`, { cause });
    }
  }
});

/** Texts in code marks outside of blocks. */
function spansIn(name: string): string[] {
  const text = read(name).replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span.replaceAll(String.raw`\|`, '|'));
}

const optionsOf = (command: Command): { long?: string | undefined; envVar?: string | undefined }[] => [
  ...command.options,
  ...command.commands.flatMap(optionsOf),
];
const known = Object.values(commands).flatMap((make) => optionsOf(make()));
/** Of npm, Docker, Playwright, the bench, curl and sqld. */
const foreignFlags = [
  ...[
    '--ignore-scripts',
    '--scale',
    '--file',
    '--env-file',
    '--project',
    '--seed',
    '--grid',
    '--onnxruntime-node-install',
    '--auth-jwt-key-file',
    '--cacert',
    '--add-host',
  ],
  ...['--workers', '--hours', '--help', '--version'],
];

test.each(pages)('%s: flags, variables, paths and files that it names are there', (name) => {
  const flags = new Set([...known.flatMap(({ long }) => long ?? []), ...foreignFlags]);
  const variables = new Set(known.flatMap(({ envVar }) => envVar ?? []));
  const wrong = spansIn(name).flatMap((span) => [
    ...[...span.matchAll(/(?<![\w-])--[a-z][\w-]+/g)].flatMap(([flag]) => (flags.has(flag) ? [] : [flag])),
    ...[...span.matchAll(/\bPOTLUCK_[A-Z_]+/g)].flatMap(([variable]) =>
      variables.has(variable) || variable.startsWith('POTLUCK_TEST_') ? [] : [variable],
    ),
    ...[
      ...span.matchAll(
        /^(?:(GET|POST|PUT|PATCH|DELETE) )?(?:http:\/\/localhost:8000)?(\/(?:api|v1|health|metrics|packages)\b[\w./-]*)/g,
      ),
    ].flatMap(([text, method, target = '']) =>
      isServed(target, method) || /^\/(api|v1)\/?$/.test(target) ? [] : [text],
    ),
    ...[...span.matchAll(/^(?:deploy|bench|docs|testing|hub|packages)\/[\w./-]+$/g)].flatMap(([file]) =>
      isThere(file) ? [] : [file],
    ),
    ...(/^(npm|npx|potluck) /.test(span) && !/…|^potluck needs/.test(span) ? problemsOf(span) : []),
  ]);
  expect(wrong).toEqual([]);
});

function problemsOf(span: string): string[] {
  try {
    for (const words of commandsOf(span)) check(words);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

test('settings in a file that the pages show are settings', () => {
  for (const name of pages) {
    for (const [, block = ''] of read(name).matchAll(/^```yaml\n([^]*?)^```$/gm)) {
      const settings = Object.keys(parse(block) as object);
      const flags = commands['hub']?.().options.map((option) => option.name()) ?? [];
      expect(
        settings.filter((setting) => !flags.includes(setting)),
        name,
      ).toEqual([]);
    }
  }
});

test('what the troubleshooting page quotes is what the product says', () => {
  const sources = ['bin', 'hub', 'packages', 'client/src']
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(folder, name),
      ),
    )
    .filter(
      (name) => /\.(ts|js|svelte)$/.test(name) && !/node_modules|build\/|\.test\.|\/testing\//.test(name),
    )
    .map((name) => read(name).replaceAll("\\'", "'"));
  const quoted = [...read('docs/troubleshooting.md').matchAll(/^- \*\*(.*?)\*\*(?::|$| |,)[^\n]*/gm)].flatMap(
    ([line]) =>
      [...line.matchAll(/\*\*`([^`]+)`/g), ...line.matchAll(/says? `([^`]+)`/g)].map(
        ([, message = '']) => message,
      ),
  );
  expect(quoted.length).toBeGreaterThan(20);
  const parts = quoted
    .flatMap((message) => message.split('…').map((part) => part.trim()))
    .filter((part) => part.length > 5);
  expect(
    parts.filter((part) => !/^--/.test(part) && !sources.some((source) => source.includes(part))),
  ).toEqual([]);
});
