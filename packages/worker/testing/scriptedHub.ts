/**
 * A hub that does what a test says: the real protocol over real sockets (control channel, relay, blobs), no decisions of
 * its own.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  AssignmentId,
  CacheId,
  decodeFromWorker,
  decodeRelay,
  encodeRelay,
  HubId,
  PipelineId,
  prefillChunks,
  protocolVersion,
  SessionId,
  Sha256,
  workerSocketPath,
  type Assign,
  type BlobRef,
  type FromHubMessage,
  type FromWorkerMessage,
  type Hello,
  type StageDescription,
  type Welcome,
} from '@potluck/protocol';
import { WebSocketServer, type WebSocket } from 'ws';

export interface ScriptedHubInit {
  /** Parts of `welcome` that differ from: lease 3 s, no ICE servers, relay forced. */
  welcome?: Partial<Welcome>;
  /** Takes web sockets of other paths, such as signalling; false where it does not know them either. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Join token that blobs and sockets ask for. Default `join-me`. */
  token?: string;
}

/** A worker as the hub sees it: what it said, and a way to talk to it. */
export interface ScriptedWorker {
  readonly hello: Hello;
  readonly messages: FromWorkerMessage[];
  send(message: FromHubMessage): void;
  /** Sends what no hub would. */
  sendRaw(data: string | Uint8Array): void;
  /** The first message, past or to come, of a type and for which `where` holds. */
  message<T extends FromWorkerMessage['type']>(
    type: T,
    where?: (message: Extract<FromWorkerMessage, { type: T }>) => boolean,
  ): Promise<Extract<FromWorkerMessage, { type: T }>>;
  cut(): void;
}

export interface ScriptedHub {
  readonly url: string;
  readonly token: string;
  readonly blobRequests: { sha256: string; range: string | undefined }[];
  /** Answers a blob request in place of the hub where it returns true. */
  onBlobRequest:
    ((sha256: string, request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Sees relayed slices; drops them where it returns false. */
  onRelay: ((from: string, to: string, slice: Uint8Array) => boolean) | undefined;
  /** Answers hello in place of `welcome` where it returns a message. */
  onHello: ((hello: Hello) => FromHubMessage | undefined) | undefined;
  /** Default true. */
  answersRenewals: boolean;
  addBlob(bytes: Uint8Array): BlobRef;
  /** The next worker that says hello, or one that has and was not asked for before. */
  worker(): Promise<ScriptedWorker>;
  /** Gives each worker a stage and waits until all are ready. */
  deploy(
    stages: { worker: ScriptedWorker; stage: StageDescription }[],
    init?: Pick<Partial<Assign>, 'epoch' | 'promptTrials' | 'cacheBytes' | 'runShape'>,
  ): Promise<Assign[]>;
  /** Opens a session at each stage, sends the prompt, and collects the answer. */
  generate(
    workers: ScriptedWorker[],
    assigns: Assign[],
    prompt: number[],
    options: {
      length: number;
      stopTokenIds?: number[];
      chunkTokens?: number;
      /** What each stage is told to run at most at once; `chunkTokens` by default. */
      mostTokens?: number[];
      epoch?: number;
      /** How many alternatives to tell of each token of the prompt. */
      scores?: number;
    },
  ): Promise<{ sessionId: SessionId; tokens: number[]; finish: 'stop' | 'length' }>;
  /** Cuts all sockets and listens no more. */
  stop(): Promise<void>;
}

export async function startScriptedHub({
  welcome = {},
  token = 'join-me',
  upgrade,
}: ScriptedHubInit = {}): Promise<ScriptedHub> {
  const blobs = new Map<string, Uint8Array>();
  const sockets = new Map<string, WebSocket>();
  const arrived: ScriptedWorker[] = [];
  const waiting: ((worker: ScriptedWorker) => void)[] = [];

  const server = createServer((request, response) => serveBlob(request, response));
  const connections = new Set<Duplex>();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  const socketServer = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === workerSocketPath) {
      socketServer.handleUpgrade(request, socket, head, (client) =>
        socketServer.emit('connection', client, request),
      );
    } else if (!upgrade?.(request, socket, head)) socket.destroy();
  });
  socketServer.on('connection', (socket) => {
    let worker: (ScriptedWorker & { take(message: FromWorkerMessage): void }) | undefined;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        if (worker) relay(worker.hello.workerId, data);
        return;
      }
      const message = decodeFromWorker(data.toString());
      if (message.type === 'renew' && hub.answersRenewals) socket.send(JSON.stringify({ type: 'renewed' }));
      if (message.type !== 'hello') return worker?.take(message);
      const answer = hub.onHello?.(message);
      if (answer) {
        socket.send(JSON.stringify(answer));
        if (answer.type === 'refusal') return socket.close();
      } else socket.send(JSON.stringify(theWelcome()));
      sockets.set(message.workerId, socket);
      worker = scriptedWorker(message, socket);
      const next = waiting.shift();
      if (next) next(worker);
      else arrived.push(worker);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function theWelcome(): Welcome {
    return {
      type: 'welcome',
      protocolVersion,
      hubId: HubId.parse(randomUUID()),
      leaseMs: 3000,
      signalling: { path: '/peerjs', key: 'potluck', token: 'signalling' },
      iceServers: [],
      forceRelay: true,
      ...welcome,
    };
  }

  function relay(from: Hello['workerId'], data: Buffer): void {
    const { peer, slice } = decodeRelay(data);
    if (hub.onRelay && !hub.onRelay(from, peer, slice)) return;
    sockets.get(peer)?.send(encodeRelay(from, slice));
  }

  function serveBlob(request: IncomingMessage, response: ServerResponse): void {
    const sha256 = request.url?.split('/').at(-1) ?? '';
    const { range } = request.headers;
    hub.blobRequests.push({ sha256, range });
    if (hub.onBlobRequest?.(sha256, request, response)) return;
    const bytes = blobs.get(sha256);
    if (request.headers.authorization !== `Bearer ${token}`) response.writeHead(401).end();
    else if (!bytes) response.writeHead(404).end();
    else if (range === undefined) response.writeHead(200).end(bytes);
    else {
      const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
      const contentRange = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`;
      response.writeHead(206, { 'content-range': contentRange }).end(bytes.subarray(start));
    }
  }

  const hub: ScriptedHub = {
    url: `http://127.0.0.1:${port}`,
    token,
    blobRequests: [],
    onBlobRequest: undefined,
    onRelay: undefined,
    onHello: undefined,
    answersRenewals: true,
    addBlob(bytes) {
      const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
      blobs.set(sha256, bytes);
      return { sha256, size: bytes.byteLength };
    },
    worker() {
      const next = arrived.shift();
      return next ? Promise.resolve(next) : new Promise((resolve) => waiting.push(resolve));
    },
    async deploy(stages, { epoch = 0, ...more } = {}) {
      const pipelineId = PipelineId.parse(randomUUID());
      const places = stages.map(({ worker }) => ({
        assignmentId: AssignmentId.parse(randomUUID()),
        workerId: worker.hello.workerId,
        name: worker.hello.name,
      }));
      const assigns = stages.map(({ stage }, stageIndex): Assign => {
        const { assignmentId } = places[stageIndex] as (typeof places)[0];
        const head = { type: 'assign', assignmentId, pipelineId, epoch } as const;
        return {
          ...head,
          stageIndex,
          stages: places,
          stage,
          deadlineMs: 120_000,
          ...more,
        };
      });
      for (const [index, { worker }] of stages.entries()) worker.send(assigns[index] as Assign);
      await Promise.all(
        stages.map(async ({ worker }, index) => {
          const { assignmentId } = assigns[index] as Assign;
          const report = await worker.message(
            'stage-report',
            (message) => message.assignmentId === assignmentId && ['ready', 'failed'].includes(message.state),
          );
          if (report.state === 'failed') throw new Error(`stage ${index} failed: ${report.reason ?? ''}`);
        }),
      );
      return assigns;
    },
    async generate(
      workers,
      assigns,
      prompt,
      { length, stopTokenIds = [], chunkTokens = 64, mostTokens, epoch = 0, scores },
    ) {
      const sessionId = SessionId.parse(randomUUID());
      const cacheId = CacheId.parse(randomUUID());
      const lengthLimit = prompt.length + length;
      const failed = Promise.race(
        workers.map(async (worker) => {
          const { code, message } = await worker.message('session-failed', (m) => m.sessionId === sessionId);
          throw new Error(`${code}: ${message}`);
        }),
      );
      failed.catch(() => undefined);
      await Promise.all(
        assigns.map(async ({ assignmentId }, index) => {
          const worker = workers[index] as ScriptedWorker;
          const limits = { capacity: lengthLimit, promptLength: prompt.length, lengthLimit, stopTokenIds };
          const isLast = index === assigns.length - 1;
          worker.send({
            type: 'open-session',
            sessionId,
            assignmentId,
            epoch,
            cacheId,
            ...limits,
            chunkTokens: mostTokens?.[index] ?? chunkTokens,
            ...(isLast && { sampling: greedy, tokens: prompt, scores }),
          });
          await Promise.race([
            failed,
            worker.message(
              'session-opened',
              (m) => m.sessionId === sessionId && m.assignmentId === assignmentId,
            ),
          ]);
        }),
      );
      const [first] = assigns as [Assign];
      const { assignmentId } = first;
      const head = { type: 'prompt', sessionId, assignmentId, epoch, position: 0 } as const;
      const steps = prefillChunks(prompt.length, chunkTokens);
      (workers[0] as ScriptedWorker).send({ ...head, tokens: prompt, steps });
      const last = workers.at(-1) as ScriptedWorker;
      const finished = last.message('token', (m) => m.sessionId === sessionId && m.finish !== undefined);
      const { finish = 'length' } = await Promise.race([finished, failed]);
      const tokens = last.messages.flatMap((m) =>
        m.type === 'token' && m.sessionId === sessionId ? m.token : [],
      );
      return { sessionId, tokens, finish };
    },
    async stop() {
      // All of them: the server forgets those that became web sockets.
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}

const greedy = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: [],
  seed: 0,
  choiceIndex: 0,
};

function scriptedWorker(
  hello: Hello,
  socket: WebSocket,
): ScriptedWorker & { take(message: FromWorkerMessage): void } {
  const messages: FromWorkerMessage[] = [];
  const watchers = new Set<(message: FromWorkerMessage) => void>();
  return {
    hello,
    messages,
    take(message) {
      messages.push(message);
      for (const watcher of [...watchers]) watcher(message);
    },
    send: (message) => socket.send(JSON.stringify(message)),
    sendRaw: (data) => socket.send(data),
    message: (type, where = () => true) =>
      new Promise((resolve) => {
        const watcher = (message: FromWorkerMessage): void => {
          if (message.type !== type || !where(message as never)) return;
          watchers.delete(watcher);
          resolve(message as never);
        };
        watchers.add(watcher);
        for (const message of messages) if (watchers.has(watcher)) watcher(message);
      }),
    cut: () => socket.terminate(),
  };
}
