/** The hub is killed in the middle of answers, and started again: each ends with the tokens that it would have had. */
import { randomUUID } from 'node:crypto';
import type { Conversation, Message } from '@potluck/api';
import { beforeAll, expect, test } from 'vitest';
import { changeSettings } from './support/changeSettings.ts';
import {
  freePort,
  startHub,
  startWorker,
  stop,
  type HubProcess,
  type WorkerProcess,
} from './support/hubProcess.ts';
import { requestOf } from './support/requests.ts';
import { eventsOf as eventsAt, lastEventId, surfaces, wordsOf, type Surface } from './support/surfaces.ts';

const model = 'minimind2-small';
const say = (content: string) => [{ role: 'user' as const, content }];
/** The token that ends an answer does not come: what must happen in the middle of one has time for it. */
const goOn = { 2: -100 };
const long = { model, max_tokens: 60, logit_bias: goOn };

const streamed = { ...long, messages: say('Tell me of a river.'), temperature: 0.8, seed: 7, stream: true };
const whole = { ...long, messages: say('Tell me of a hill.'), temperature: 0.9, seed: 11 };
const held = {
  ...{ model, messages: say('Name cities in France.'), max_tokens: 120, seed: 5 },
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'cities',
      schema: {
        type: 'array',
        minItems: 4,
        maxItems: 6,
        items: { type: 'string', minLength: 4, maxLength: 30 },
      },
    },
  },
};
const background = {
  model,
  input: 'Tell me of the sea.',
  max_output_tokens: 60,
  temperature: 0,
  logit_bias: goOn,
};
const chat = { ...long, messages: say('Tell me of a lake.'), temperature: 0.7, seed: 3, stream: true };

let hub: HubProcess;
let directory: string;
let port: number;
let workers: WorkerProcess[];
/** What a hub answers that nobody disturbs. */
let undisturbed: Record<'streamed' | 'whole' | 'held' | 'chat' | 'background', string>;

const send = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${hub.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
/** As clients do: a hub that is starting, or waits for devices, says when to come again. */
const post: typeof send = async (...request) => {
  for (;;) {
    const response = await send(...request);
    if (response.status !== 503) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
const json = async <T>(response: Response | Promise<Response>): Promise<T> =>
  (await (await response).json()) as T;

beforeAll(async () => {
  port = await freePort();
  const first = await startHub({
    port,
    flags: ['--stages', '2', '--local-workers', '0'],
    waitUntilReady: false,
  });
  directory = first.dataDirectory;
  hub = first;
  workers = await Promise.all(['anna', 'bert'].map((name) => startWorker(hub, name)));
  await served();
  // What stands by loads stages, too.
  await changeSettings(hub, { standbyShare: 0 });
  undisturbed = {
    streamed: textOf(await (await post('/v1/chat/completions', streamed)).text()),
    whole: await contentOf(post('/v1/chat/completions', whole)),
    held: await contentOf(post('/v1/chat/completions', held)),
    chat: textOf(await (await post('/v1/chat/completions', chat)).text()),
    background: await responseText(
      (await json<{ id: string }>(post('/v1/responses', { ...background, background: true }))).id,
    ),
  };
  return async () => {
    for (const worker of workers) await worker[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    if (hub !== first) await hub[Symbol.asyncDispose]();
  };
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'all kinds of answers survive a hub that gets %s',
  async (signal) => {
    const route = await routeNow();
    const loads = loadsOf(workers);
    const former = hub;
    const logged = former.log().length;
    expect(undisturbed.streamed).not.toBe('');
    const [forStreamed, forWhole, forHeld] = [randomUUID(), randomUUID(), randomUUID()];
    const named = (id: string, read = 0) => ({ 'x-potluck-request': id, 'last-event-id': String(read) });

    const conversation = await json<Conversation>(post('/api/conversations', {}));
    const question = await json<Message>(
      post(`/api/conversations/${conversation.id}/messages`, { role: 'user', content: 'Tell me of a lake.' }),
    );
    const place = { 'x-potluck-conversation': conversation.id, 'x-potluck-parent': question.id };
    const response = await json<{ id: string }>(post('/v1/responses', { ...background, background: true }));
    const lost = [
      post('/v1/chat/completions', whole, named(forWhole)),
      post('/v1/chat/completions', held, named(forHeld)),
    ].map((one) => one.then((answer) => answer.text()).catch(() => undefined));
    await (await post('/v1/chat/completions', chat, place)).body?.cancel();
    const stream = await post('/v1/chat/completions', streamed, named(forStreamed));
    let read = '';
    try {
      for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        read += piece;
        if (eventsOf(read).length >= 20 && hub.child.exitCode === null) hub.child.kill(signal);
      }
    } catch {
      // The connection ended with the hub.
    }
    await Promise.all(lost);
    await stop(hub.child);
    await startAgain();

    // An error, and what follows it, has no number.
    const before = eventsOf(read).filter((event) => event.startsWith('id: '));
    const rest = await post('/v1/chat/completions', streamed, named(forStreamed, before.length));
    expect(rest.status).toBe(200);
    const all = [...before, ...eventsOf(await rest.text())];
    expect(all.map((event) => Number(/^id: (\d+)$/m.exec(event)?.[1]))).toEqual(
      all.map((_, index) => index + 1),
    );
    expect(textOf(all.join('\n\n'))).toBe(undisturbed.streamed);
    const back = await post('/v1/chat/completions', whole, named(forWhole));
    expect(Number(back.headers.get('x-potluck-replays'))).toBe(1);
    expect(Number(back.headers.get('x-potluck-pause-ms'))).toBeGreaterThan(0);
    expect(await contentOf(back)).toBe(undisturbed.whole);
    expect(await contentOf(post('/v1/chat/completions', held, named(forHeld)))).toBe(undisturbed.held);
    expect(JSON.parse(undisturbed.held)).toBeInstanceOf(Array);
    expect(await responseText(response.id)).toBe(undisturbed.background);
    expect(await messageText(conversation.id)).toBe(undisturbed.chat);
    const record = await requestOf(hub, forStreamed);
    expect(record).toMatchObject({
      ...{ status: 'done', completionTokens: 60 },
      recovery: { replays: 1, lost: ['the hub'] },
    });
    // All times are since it came, to the former run: the pause lies within the whole.
    const { timeline, totalMs, recovery } = record;
    const [pause] = timeline?.pauses ?? [];
    expect(pause?.fromMs).toBeGreaterThan(0);
    expect(pause?.toMs).toBeLessThan(totalMs ?? 0);
    expect((pause?.toMs ?? 0) - (pause?.fromMs ?? 0)).toBeCloseTo(recovery?.pauseMs ?? 0, 3);
    // Nothing was fetched or loaded again, unless the hub found that the layers are faster elsewhere, or a worker came back later
    // than the hub waits, as on a busy machine.
    const log = former.log().slice(logged) + hub.log();
    if (!/stages that they will take over|is about to move|assigning stages[^]*worker joined/.test(log)) {
      expect(loadsOf(workers), log).toEqual(loads);
      expect(await routeNow()).toBe(route);
    }
    const again = await post('/v1/chat/completions', whole, named(forWhole));
    expect(again.status).toBe(409);
  },
);

test('every path that writes goes on after a hub that was killed in the middle, with every answer that was asked for', async () => {
  // The first one goes on while the last prompt is read.
  const all = surfaces(48);
  const whole = (surface: Surface, text: string): string[] => wordsOf(surface, eventsAt(surface, text));
  const expected = await Promise.all(
    all.map(async (surface) => whole(surface, await (await post(surface.path, surface.body)).text())),
  );
  for (const [index, words] of expected.entries())
    expect(words.join('').length, all[index]?.name).toBeGreaterThan(20);

  const ids = all.map(() => randomUUID());
  const read = all.map(() => '');
  const isInTheMiddle = (): boolean =>
    all.every(
      (surface, index) =>
        // A call comes as a whole, at its end.
        surface.as === 'whole' ||
        surface.name.startsWith('tool') ||
        eventsAt(surface, read[index] ?? '').length > 5,
    );
  await Promise.all(
    all.map(async ({ path, body }, index) => {
      try {
        const response = await post(path, body, { 'x-potluck-request': ids[index] ?? '' });
        for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          read[index] += piece;
          if (isInTheMiddle()) hub.child.kill('SIGKILL');
        }
      } catch {
        // The connection ended with the hub.
      }
    }),
  );
  await stop(hub.child);
  await startAgain();

  await Promise.all(
    all.map(async (surface, index) => {
      const { name, path, body } = surface;
      const before = surface.as === 'whole' ? [] : eventsAt(surface, read[index] ?? '');
      const named = { 'x-potluck-request': ids[index] ?? '', 'last-event-id': lastEventId(surface, before) };
      const response = await post(path, body, named);
      const rest = await response.text();
      expect(response.status, `${name}: ${rest}`).toBe(200);
      expect(wordsOf(surface, [...before, ...eventsAt(surface, rest)]), name).toEqual(expected[index]);
      const { recovery } = await requestOf(hub, ids[index] ?? '');
      expect(recovery, name).toMatchObject({ replays: 1, lost: ['the hub'] });
    }),
  );
});

async function startAgain(): Promise<void> {
  hub = await startHub({
    port,
    dataDirectory: directory,
    flags: ['--stages', '2', '--local-workers', '0', '--stop-wait', '0'],
    waitUntilReady: false,
  });
}

async function served(): Promise<void> {
  for (;;) {
    const { models } = await json<{ models?: { ready: boolean }[] }>(fetch(`${hub.url}/health`));
    if (models?.every(({ ready }) => ready)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function routeNow(): Promise<string | undefined> {
  const { models } = await json<{ models?: { route: string }[] }>(fetch(`${hub.url}/health`));
  return models?.[0]?.route;
}

/** How often each worker has fetched or loaded a stage. */
function loadsOf(all: readonly WorkerProcess[]): number[] {
  return all.map((worker) => [...worker.log().matchAll(/stage \d+ of \d+ (downloading|compiling)/g)].length);
}

/** Of a stream that may have been cut: whole events only. */
function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((event) => event.includes('data: '));
}

function textOf(stream: string): string {
  return [...stream.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data]) => JSON.parse(data ?? '') as { choices?: { delta: { content?: string } }[] })
    .map(({ choices }) => choices?.[0]?.delta.content ?? '')
    .join('');
}

async function contentOf(response: Response | Promise<Response>): Promise<string> {
  const body = await json<{ choices?: { message: { content: string } }[] }>(response);
  expect(body.choices, JSON.stringify(body)).toBeDefined();
  return body.choices?.[0]?.message.content ?? '';
}

async function responseText(id: string): Promise<string> {
  for (;;) {
    const { status, output } = await json<{
      status: string;
      output: { content?: { text: string }[] }[];
    }>(fetch(`${hub.url}/v1/responses/${id}`));
    if (status === 'incomplete' || status === 'completed') return output.at(-1)?.content?.[0]?.text ?? '';
    expect(['queued', 'in_progress']).toContain(status);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function messageText(conversationId: string): Promise<string> {
  for (;;) {
    const { messages } = await json<Conversation>(fetch(`${hub.url}/api/conversations/${conversationId}`));
    const answer = messages.at(-1);
    if (answer?.status === 'done') return answer.content;
    expect(answer?.status).toBe('streaming');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
