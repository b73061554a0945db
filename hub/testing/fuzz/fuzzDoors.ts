/** Sends hostile inputs to every door of a hub, and looks at what each answers. The same seed gives the same inputs. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ErrorBody } from '@potluck/api';
import {
  FromWorkerMessage,
  ProtocolError,
  SliceAssembler,
  decodeFrame,
  encodeFrame,
  encodeRelay,
  frameElementTypes,
  SessionId,
  WorkerId,
  type Frame,
} from '@potluck/protocol';
import fc from 'fast-check';
import WebSocket from 'ws';
import { z } from 'zod';
import { isOllamaPath } from '../../http/ollama/ollamaPaths.ts';
import { answerStun } from '../../network/stun/answerStun.ts';
import type { ScriptedWorker } from '../scriptedWorker.ts';
import { testApiKey, testJoinToken, type TestHub } from '../testHub.ts';
import { fromSchema, hostileText, type JsonSchema } from './fromSchema.ts';
import { httpInputs, type HttpInput, type OpenApiDocument } from './httpInputs.ts';

export interface FuzzInit {
  /** Inputs at all doors together. */
  count: number;
  seed: number;
}

/** Which part of the inputs goes where. */
const shares = {
  http: 0.6,
  control: 0.12,
  hello: 0.06,
  relay: 0.04,
  signalling: 0.06,
  stun: 0.06,
  frames: 0.06,
};

/**
 * @throws what fast-check throws: the input that was answered wrong, made small, and the seed
 */
export async function fuzzDoors(hub: TestHub, { count, seed }: FuzzInit): Promise<void> {
  const runs = (door: keyof typeof shares): { numRuns: number; seed: number } => ({
    numRuns: Math.ceil(count * shares[door]),
    seed,
  });
  // Nothing that is asked here goes out into the internet.
  const { revision } = hub.settings.current;
  await hub.settings.change({ revision, hubEndpoint: 'http://127.0.0.1:9' });
  const { secret } = await hub.access.keys.create({
    name: 'fuzz',
    scopes: ['admin'],
    limits: {},
    expiresAt: null,
  });
  const known = await thingsThatAreThere(hub, secret);
  const document = (await (await hub.app.request('/api/openapi.json')).json()) as OpenApiDocument;
  const inputs = httpInputs(document, known, {
    admin: secret,
    others: [testApiKey, testApiKey, 'wrong', undefined],
  });
  await fc.assert(
    fc.asyncProperty(inputs, (input) => askHub(hub, input)),
    runs('http'),
  );
  // Whatever an administrator's inputs have decided about new devices and join tokens, the next one is let in.
  await hub.settings.change({ revision: hub.settings.current.revision, newDevices: 'welcome' });
  const { secret: token } = await hub.access.joinTokens.create({ name: 'fuzz', expiresAt: null });
  // A worker that is too small to get a stage says what others would say.
  const fuzzWorker = (): ScriptedWorker => hub.worker('fuzz', { memoryBytes: 1, token });
  let worker = fuzzWorker();
  let isOpen = false;
  const joined = async (): Promise<ScriptedWorker> => {
    if (isOpen) return worker;
    worker = fuzzWorker();
    await worker.message('welcome');
    isOpen = true;
    void worker.closed.then(() => (isOpen = false));
    return worker;
  };
  const schemas = { schemas: {}, known };
  const fromWorker = fromSchema(z.toJSONSchema(FromWorkerMessage, { io: 'input' }) as JsonSchema, schemas);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fromWorker.map((value) => JSON.stringify(value)),
        hostileText,
      ),
      async (text) => {
        (await joined()).sendRaw(text ?? '');
      },
    ),
    runs('control'),
  );
  const opened = (path: string): Promise<WebSocket> => connect(`${hub.url.replace('http', 'ws')}${path}`);
  await fc.assert(
    fc.asyncProperty(
      fromWorker.map((value) => JSON.stringify(value)),
      async (text) => {
        const socket = await opened('/api/workers/socket');
        socket.send(text ?? '');
        socket.close();
        await once(socket, 'close');
      },
    ),
    runs('hello'),
  );
  const slice = fc.tuple(
    fc.constantFrom(...known.filter((id) => WorkerId.safeParse(id).success)),
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(slice, fc.nat(250), async ([id, bytes], cut) => {
      (await joined()).sendRaw(encodeRelay(WorkerId.parse(id), bytes).subarray(cut > 200 ? cut - 200 : 0));
    }),
    runs('relay'),
  );
  const { signalling } = await (await joined()).message('welcome');
  const place = `/peerjs/peerjs?key=peerjs&id=${worker.id}&token=${signalling.token}`;
  let peer = await opened(place);
  const peerMessage = fromSchema(signallingMessage, schemas).map((value) => JSON.stringify(value));
  await fc.assert(
    fc.asyncProperty(fc.oneof(peerMessage, hostileText), async (text) => {
      if (peer.readyState !== WebSocket.OPEN) peer = await opened(place);
      peer.send(text ?? '');
    }),
    runs('signalling'),
  );
  peer.terminate();
  worker.kill();
  fc.assert(
    fc.property(stunDatagram, (bytes) => void answerStun(Buffer.from(bytes), sender)),
    runs('stun'),
  );
  fc.assert(fc.property(frameBytes, readAsPeer), runs('frames'));
}

async function thingsThatAreThere(hub: TestHub, secret: string): Promise<string[]> {
  const make = async (path: string, body: unknown): Promise<string> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}` };
    const answer = await hub.app.request(`/api${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return z.object({ id: z.string() }).parse(await answer.json()).id;
  };
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];
  const files = names.map((path) => ({ path, bytes: 10 }));
  const upload = await make('/imports', { kind: 'upload', name: `fuzz-${randomUUID()}`, files });
  const conversation = await make('/conversations', { title: 'fuzz' });
  const message = await make(`/conversations/${conversation}/messages`, {
    role: 'user',
    content: 'Hi',
    parentId: null,
  });
  const stages = hub.deployment.pipeline?.stages ?? [];
  return [
    ...[upload, conversation, message, '00000000-0000-4000-8000-000000000000', 'a'.repeat(64), 'test-model'],
    ...[testJoinToken, 'config.json', '/etc', 'http://127.0.0.1:9'],
    ...hub.generator.running.map((generation) => generation.id),
    ...stages.flatMap(({ workerId, assignmentId }) => [workerId, assignmentId]),
  ];
}

/** No 500, and what is refused is refused in one shape. */
async function askHub(hub: TestHub, { method, path, headers, body }: HttpInput): Promise<void> {
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
  const response = await hub.app.request(path, { method, headers, ...(hasBody ? { body } : {}) });
  const type = response.headers.get('content-type') ?? '';
  if (response.status < 400) {
    await response.body?.cancel();
    return;
  }
  const text = await response.text();
  if (response.status === 500) throw new Error(`500: ${text}`);
  // Whether the hub is ready is an answer, and a page is for people.
  if (path.startsWith('/health/ready') || type.startsWith('text/html')) return;
  errorShape(path).parse(JSON.parse(text));
}

const AnthropicError = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});
const OllamaError = z.strictObject({ error: z.string() });

/** What the API of a path says in errors. */
function errorShape(path: string): z.ZodType {
  const { pathname } = new URL(path, 'http://hub');
  if (/^(\/v1)?\/messages(\/|$)/.test(pathname)) return AnthropicError;
  return isOllamaPath(pathname) ? OllamaError : ErrorBody;
}

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

const text: JsonSchema = { type: 'string' };
const connectionOf = (more: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  required: ['type', 'connectionId'],
  properties: { type: { const: 'data' }, connectionId: text, serialization: { const: 'raw' }, ...more },
});
const description = (type: string): JsonSchema => ({
  type: 'object',
  required: ['type', 'sdp'],
  properties: { type: { const: type }, sdp: text },
});
/** As the PeerJS client sends them. */
const signallingMessage: JsonSchema = {
  anyOf: ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE', 'HEARTBEAT'].map((type) => ({
    type: 'object',
    required: ['type', 'dst', 'payload'],
    properties: {
      type: { const: type },
      dst: text,
      payload: connectionOf({
        sdp: description(type.toLowerCase()),
        candidate: { type: 'object', properties: { candidate: text } },
      }),
    },
  })),
};

const sender = { address: '192.0.2.1', port: 4000 };
/** A binding request, its attributes, and edits of both. */
const stunDatagram = fc
  .tuple(fc.uint8Array({ maxLength: 120 }), fc.array(fc.tuple(fc.nat(140), fc.nat(255)), { maxLength: 4 }))
  .map(([attributes, edits]) => {
    const bytes = new Uint8Array(20 + attributes.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 1);
    view.setUint16(2, attributes.length);
    view.setUint32(4, 0x2112a442);
    bytes.set(attributes, 20);
    for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });

const frame: Frame = {
  kind: 'step',
  sessionId: SessionId.parse('00000000-0000-4000-8000-000000000001'),
  epoch: 1,
  position: 3,
  stageIndex: 1,
  sentAt: 1,
  length: 1,
  sample: true,
  tensors: frameElementTypes.map((type) => ({ type, dims: [1, 0], bytes: new Uint8Array(0) })),
};
/** A frame and edits of it, or any bytes. */
const frameBytes = fc.oneof(
  fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }).map((edits) => {
    const bytes = encodeFrame(frame);
    for (const [at, value] of edits) bytes[at % bytes.byteLength] = value;
    return bytes;
  }),
  fc.uint8Array({ maxLength: 300 }),
);

/** As a frame and as a slice of one: it is taken, or refused by name. */
function readAsPeer(bytes: Uint8Array): void {
  for (const read of [decodeFrame, (slice: Uint8Array) => new SliceAssembler().add(slice)]) {
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}
