/** A hub in this process, on a free port, with a model that computes nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { HubId } from '@potluck/protocol';
import { pino } from 'pino';
import { assembleHub, type HubInit, type HubParts } from '../wiring/assembleHub.ts';
import { loadAccess, type AccessControl } from '../accounts/accessControl.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { listen } from '../network/listen.ts';
import { BlobStore } from '../models/blobStore.ts';
import { memoryCatalogue, type Catalogue } from '../models/catalogue.ts';
import { LibraryCatalogue } from '../models/libraryCatalogue.ts';
import type { Model } from '../models/model.ts';
import { ModelLibrary } from '../models/modelLibrary.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import type { Replica } from '../pipelines/deployment.ts';
import type { HubIdentity } from '../accounts/secrets.ts';
import { HubSettings } from '../settings/hubSettings.ts';
import { readServingNodes } from '../wiring/servingNodes.ts';
import { databaseHere } from './databaseHere.ts';
import { ScriptedWorker, type ScriptedWorkerInit } from './scriptedWorker.ts';
import { testModel, testStopToken, type TestModelInit } from './testModel.ts';

export const testJoinToken = 'join-token-of-tests';
export const testApiKey = 'api-key-of-tests';

export interface TestHub extends HubParts {
  url: string;
  /** The first pipeline of the first model, as it is now. */
  readonly deployment: Replica;
  catalogue: Catalogue;
  database: Database;
  access: AccessControl;
  settings: HubSettings;
  blobs: BlobStore;
  /** Where its files are. */
  directory: string;
  /** Starts a scripted worker; its socket closes with the hub. */
  worker(name: string, init?: Partial<ScriptedWorkerInit>): ScriptedWorker;
  /** Resolves when a pipeline of at least this epoch serves. */
  served(epoch?: number): Promise<void>;
  /** Token ids of a text, as the model's tokenizer has them. */
  encode(text: string): number[];
  /** It ends as a process does that gets SIGKILL: all connections break, and nothing more is written. */
  kill(): Promise<void>;
  /** The next run, after `kill`, at the same port with the same files: it goes on with what it finds. */
  restart(): Promise<TestHub>;
  close(): Promise<void>;
}

export interface TestHubInit extends Partial<Omit<HubInit, 'identity'>> {
  model?: TestModelInit;
  /** Models beside the first one; they are not deployed. */
  more?: TestModelInit[];
  /** Models are kept on disk, so that some can be imported; without the one that is deployed. */
  library?: boolean;
  /** Folders below which models may be imported from. */
  modelDirectories?: string[];
  /** Forced number of stages. */
  stages?: number;
  workersStarting?: () => number;
  /** Under which others reach it. Default: where it listens. */
  hosts?: string[];
  adminPassword?: string;
  /** A database of the test's own, which stays open. Default: a new one in a file. */
  database?: Database;
  /** The database has threads of its own, as in the product: for what waits for a statement, or measures. Default: false. */
  databaseThreads?: boolean;
}

export async function startTestHub(init: TestHubInit = {}): Promise<TestHub> {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-hub-'));
  const identity = { hubId: HubId.parse(randomUUID()), joinToken: testJoinToken, apiKey: testApiKey };
  return runTestHub(init, { directory, identity, port: 0 });
}

/** What all runs of a hub have in common. */
interface TestHubPlace {
  directory: string;
  identity: HubIdentity;
  /** 0 takes a free one, in a first run. */
  port: number;
}

async function runTestHub(init: TestHubInit, { directory, identity, port }: TestHubPlace): Promise<TestHub> {
  const {
    model: modelInit,
    more = [],
    library = false,
    modelDirectories = [],
    stages,
    workersStarting,
    hosts = ['127.0.0.1'],
    adminPassword,
    database: ownDatabase,
    databaseThreads = false,
    ...hubInit
  } = init;
  const database = ownDatabase ?? (await openDatabase(directory, databaseThreads ? undefined : databaseHere));
  const unfinished = port === 0 ? [] : await database.journal.load();
  if (port !== 0) await database.requests.interruptRunning();
  const blobs = new BlobStore(path.join(directory, 'blobs'));
  const model = await testModel(modelInit);
  const access = await loadAccess(database, identity, adminPassword, () => Promise.resolve());
  const settings = await HubSettings.load(database.values, { modelDirectories });
  let url = '';
  const catalogue = library
    ? await LibraryCatalogue.load(
        new ModelLibrary(path.join(directory, 'models'), blobs, pino({ level: 'silent' })),
      )
    : memoryCatalogue([model, ...(await Promise.all(more.map(testModel)))]);
  const parts = await assembleHub(
    {
      catalogue,
      blobs,
      database,
      access,
      settings,
      logger: pino({ level: 'silent' }),
      unfinished,
      reachability: {
        reachability: () => ({ httpPort: Number(new URL(url).port), hosts }),
        https: () => undefined,
      },
      ...(workersStarting ? { workersStarting } : {}),
    },
    { identity, forceRelay: false, dataDirectory: directory, ...hubInit },
  );
  const served = await readServingNodes(database.values);
  parts.deployments.deploy(
    model,
    stages === undefined
      ? { mode: 'automatic', replicas: 1 }
      : { mode: 'shards', count: stages, replicas: 1 },
    undefined,
    served.get(model.package.id),
  );
  const listening = await listen(
    (request, environment) => parts.app.fetch(request, environment),
    port,
    '127.0.0.1',
  );
  url = `http://127.0.0.1:${listening.port}`;
  const first = (): Replica => parts.deployments.find(model.package.id)?.replicas[0] as Replica;
  const pieces = piecesOf(model);
  return {
    ...parts,
    url,
    get deployment() {
      return first();
    },
    catalogue,
    database,
    access,
    settings,
    blobs,
    directory,
    worker: (name, workerInit = {}) => new ScriptedWorker({ url, token: testJoinToken, name, ...workerInit }),
    served: (epoch = 1) =>
      new Promise((resolve) => {
        if ((first().ready?.epoch ?? 0) >= epoch) return resolve();
        const stop = parts.deployments.listen({
          ready: (replica, pipeline) => {
            // The model may be gone by now, and another one ready.
            if (replica.model.package.id !== model.package.id || pipeline.epoch < epoch) return;
            stop();
            resolve();
          },
        });
      }),
    encode: (text) => greedyTokens(text, pieces),
    kill: async () => {
      // First of all: what the end of connections makes of the answers is not to be kept.
      const closed = database.close();
      await listening.close();
      await parts.generator.stop();
      await parts.stop();
      await closed;
    },
    restart: () => runTestHub(init, { directory, identity, port: listening.port }),
    close: async () => {
      await parts.stop();
      await listening.close();
      if (!ownDatabase) await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Plays an answer at a single stage as soon as the prompt comes. */
export function answering(hub: Pick<TestHub, 'encode'>, text: string): Pick<ScriptedWorkerInit, 'onPrompt'> {
  return {
    onPrompt: (worker, { sessionId, tokens }) =>
      worker.tokens(sessionId, tokens.length, [...hub.encode(text), testStopToken], 'stop'),
  };
}

/** Of tokenizers that hubs shared: to decode each token by itself takes a tenth of a second. */
const knownPieces = new WeakMap<Tokenizer, Map<string, number>>();

function piecesOf({ tokenizer, package: { vocabularySize } }: Model): Map<string, number> {
  const known = knownPieces.get(tokenizer);
  if (known) return known;
  const pieces = new Map<string, number>();
  for (let token = 3; token < vocabularySize; token++) {
    const text = tokenizer.decode([token]);
    if (text !== '' && !pieces.has(text)) pieces.set(text, token);
  }
  knownPieces.set(tokenizer, pieces);
  return pieces;
}

/** Longest pieces first: no real tokenization, but it decodes to the text. */
function greedyTokens(text: string, pieces: Map<string, number>): number[] {
  const tokens: number[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + 16);
    while (end > start && !pieces.has(text.slice(start, end))) end--;
    if (end === start) throw new Error(`no token for ${text.slice(start)}`);
    tokens.push(pieces.get(text.slice(start, end)) ?? 0);
    start = end;
  }
  return tokens;
}
