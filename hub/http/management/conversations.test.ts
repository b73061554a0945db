import { randomUUID } from 'node:crypto';
import { conversationHeaders, type Conversation, type ConversationSummary, type Message } from '@potluck/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api, type ApiAnswer } from '../../testing/apiClient.ts';
import { answering, startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
let ada: Record<string, string>;
let ben: Record<string, string>;
beforeEach(async () => {
  hub = await startTestHub();
  ada = await browser();
  ben = await browser();
});
afterEach(() => hub.close());

/** Headers of a browser with an identity of its own. */
async function browser(): Promise<Record<string, string>> {
  const { headers } = await api(hub, 'GET', '/session');
  const [cookie = ''] = headers.getSetCookie();
  expect(cookie).toMatch(/^potluck_identity_\w{12}=.*HttpOnly.*SameSite=Strict/);
  return { cookie: cookie.slice(0, cookie.indexOf(';')) };
}
const begin = async (who: Record<string, string>, body: unknown = {}): Promise<Conversation> =>
  (await api<Conversation>(hub, 'POST', '/conversations', body, who)).body;
const say = async (
  who: Record<string, string>,
  { id }: { id: string },
  content: string,
  parentId: string | null = null,
): Promise<Message> =>
  (await api<Message>(hub, 'POST', `/conversations/${id}/messages`, { role: 'user', content, parentId }, who))
    .body;
const list = async (who: Record<string, string>, query = ''): Promise<ConversationSummary[]> =>
  (await api<{ conversations: ConversationSummary[] }>(hub, 'GET', `/conversations${query}`, undefined, who))
    .body.conversations;
const read = (who: Record<string, string>, id: string): Promise<ApiAnswer<Conversation>> =>
  api<Conversation>(hub, 'GET', `/conversations/${id}`, undefined, who);

test('a conversation is seen, changed and deleted only by the browser that wrote it', async () => {
  const conversation = await begin(ada, { title: 'Cakes', systemPrompt: 'Be brief.' });
  await say(ada, conversation, 'How long does a cake take?');
  expect(await list(ben)).toEqual([]);
  for (const [method, body] of [['GET'], ['PATCH', { title: 'Mine' }], ['DELETE']] as const) {
    const answer = await api(hub, method, `/conversations/${conversation.id}`, body, ben);
    expect(answer.status).toBe(404);
  }
  // Neither does an administrator without her cookie.
  expect((await read({}, conversation.id)).status).toBe(404);
  await api(hub, 'PATCH', `/conversations/${conversation.id}`, { title: 'Baking' }, ada);
  expect(await list(ada)).toMatchObject([{ title: 'Baking', messageCount: 1 }]);
  await api(hub, 'DELETE', `/conversations/${conversation.id}`, undefined, ada);
  expect(await list(ada)).toEqual([]);
  expect(await hub.database.conversations.messages(conversation.id, 1)).toEqual([]);
});

test('a search finds titles and messages, with an excerpt, as plain text', async () => {
  const cakes = await begin(ada, { title: 'Cakes' });
  await say(ada, cakes, `${'Well. '.repeat(50)}How hot is 100% of an oven?<b>`);
  const other = await begin(ada, { title: 'A 100 % sure thing' });
  expect(await list(ada, '?search=CAKES')).toMatchObject([{ id: cakes.id, excerpt: null }]);
  const [found] = await list(ada, `?search=${encodeURIComponent('100% of')}`);
  expect(found).toMatchObject({ id: cakes.id });
  expect(found?.excerpt).toMatch(/^….*How hot is 100% of an oven\?<b>$/);
  expect((await list(ada, '?search=sure')).map(({ id }) => id)).toEqual([other.id]);
});

test('a search knows the case of letters in any script', async () => {
  const trouble = await begin(ada, { title: 'Ärger im Café' });
  const greeting = await begin(ada, { title: 'Hello' });
  await say(ada, greeting, 'Привет, ΚΌΣΜΟΣ!');
  const found = async (search: string): Promise<string[]> =>
    (await list(ada, `?search=${encodeURIComponent(search)}`)).map(({ id }) => id);
  for (const search of ['ÄRGER', 'ärger', 'CAFÉ', 'cafe\u0301']) {
    expect(await found(search), search).toEqual([trouble.id]);
  }
  for (const search of ['ПРИВЕТ', 'привет', 'κόσμος']) {
    expect(await found(search), search).toEqual([greeting.id]);
  }
  expect((await list(ada, `?search=${encodeURIComponent('ПРИВЕТ')}`))[0]?.excerpt).toBe('Привет, ΚΌΣΜΟΣ!');
  for (const search of ['*', '[a-z]', '?', 'Ä*r']) expect(await found(search), search).toEqual([]);
});

test('pages of the list follow each other', async () => {
  const made = [];
  for (let index = 0; index < 5; index++) made.push((await begin(ada, { title: `${index}` })).id);
  const first = await api<{ conversations: { id: string }[]; next: string }>(
    hub,
    'GET',
    '/conversations?limit=3',
    undefined,
    ada,
  );
  const second = await api<{ conversations: { id: string }[]; next: null }>(
    hub,
    'GET',
    `/conversations?limit=3&cursor=${first.body.next}`,
    undefined,
    ada,
  );
  const ids = [...first.body.conversations, ...second.body.conversations].map(({ id }) => id);
  expect(second.body.next).toBeNull();
  expect(new Set(ids)).toEqual(new Set(made));
  expect(ids).toHaveLength(5);
});

test('a conversation of older messages stands in the list by its last one, whatever it is called and whichever branch is looked at', async () => {
  const [old, other] = [await begin(ada, { title: 'Old' }), await begin(ada, { title: 'Other' })];
  await say(ada, other, 'Hello');
  const at = Date.now() - 86_400_000;
  const message = { role: 'user', content: 'Hi', createdAt: at };
  const path = `/conversations/${old.id}`;
  const { body } = await api<Message>(hub, 'POST', `${path}/messages`, message, ada);
  await api(hub, 'PATCH', path, { currentMessageId: body.id }, ada);
  await api(hub, 'PATCH', path, { title: 'Older', model: 'm', sampling: { top_k: 3 } }, ada);
  expect((await list(ada)).map(({ id, updatedAt }) => [id, updatedAt === at])).toEqual([
    [other.id, false],
    [old.id, true],
  ]);
});

test('messages are a tree: another try is a sibling, and deleting one takes what follows', async () => {
  const conversation = await begin(ada);
  const first = await say(ada, conversation, 'One');
  const second = await say(ada, conversation, 'Two', first.id);
  const sibling = await say(ada, conversation, 'Two, edited', first.id);
  const third = await say(ada, conversation, 'Three', second.id);
  await api(hub, 'DELETE', `/conversations/${conversation.id}/messages/${second.id}`, undefined, ada);
  const { body } = await read(ada, conversation.id);
  expect(body.messages.map(({ id }) => id)).toEqual([first.id, sibling.id]);
  // The one that was shown is gone with it.
  expect(third.parentId).toBe(second.id);
  expect(body.currentMessageId).toBe(first.id);
});

const answerIn = (
  who: Record<string, string>,
  place: Record<string, string>,
  init: { signal?: AbortSignal } = {},
): Promise<Response> => askChat(hub, { stream: true }, { headers: { ...who, ...place }, ...init });

test('an answer is kept with the conversation that asked, and names its request', async () => {
  hub.worker('one', answering(hub, 'Hello there'));
  await hub.served();
  const conversation = await begin(ada);
  const question = await say(ada, conversation, 'Hi');
  const response = await answerIn(ada, {
    [conversationHeaders.conversation]: conversation.id,
    [conversationHeaders.parent]: question.id,
  });
  await response.text();
  const { body } = await read(ada, conversation.id);
  expect(body.messages[1]).toMatchObject({
    id: response.headers.get(conversationHeaders.message),
    parentId: question.id,
    role: 'assistant',
    content: 'Hello there',
    status: 'done',
    model: 'test-model',
    requestId: response.headers.get('x-request-id'),
  });
  expect(body.currentMessageId).toBe(body.messages[1]?.id);

  // A copy of the answer names that request, too, and says how the answer ended and how sure the model was.
  const copy = await begin(ada);
  const { role, content, requestId } = body.messages[1] ?? {};
  const path = `/conversations/${copy.id}/messages`;
  const tokens = [{ text: 'Hello', probability: 0.5, others: [{ text: 'Hi', probability: 0.25 }] }];
  const ended = { status: 'stopped', error: null, tokens };
  await api<Message>(hub, 'POST', path, { role, content, requestId, ...ended }, ada);
  expect((await read(ada, copy.id)).body.messages).toMatchObject([
    { content: 'Hello there', requestId, ...ended },
  ]);
  const growing = await api(hub, 'POST', path, { role, content, status: 'streaming' }, ada);
  expect(growing.status).toBe(400);
});

test('an answer goes on when its page is closed in the middle, and stops when it is told to', async () => {
  const finish: (() => void)[] = [];
  hub.worker('one', {
    onPrompt: (worker, { sessionId, tokens }) => {
      const [first, rest] = [hub.encode('Hello'), hub.encode(' there')];
      worker.tokens(sessionId, tokens.length, first);
      finish.push(() => worker.tokens(sessionId, tokens.length + first.length, [...rest, 2], 'stop'));
    },
  });
  await hub.served();
  const conversation = await begin(ada);
  const place = { [conversationHeaders.conversation]: conversation.id };
  const status = async (index: number): Promise<string | undefined> =>
    (await read(ada, conversation.id)).body.messages[index]?.status;

  const page = new AbortController();
  const closed = await answerIn(ada, place, { signal: page.signal });
  await closed.body?.getReader().read();
  page.abort();
  expect(await status(0)).toBe('streaming');
  // Whoever looks at the requests sees that nobody reads it, and may stop it.
  await expect.poll(() => hub.generator.running.map(({ hasReader }) => hasReader)).toEqual([false]);
  finish[0]?.();
  await expect.poll(() => status(0)).toBe('done');
  expect((await read(ada, conversation.id)).body.messages[0]?.content).toBe('Hello there');

  const stopped = await answerIn(ada, place);
  const id = stopped.headers.get('x-request-id');
  await expect.poll(() => finish.length).toBe(2);
  const content = async (): Promise<unknown> => (await read(ada, conversation.id)).body.messages[1]?.content;
  await expect.poll(content).toBe('Hello');
  expect((await api(hub, 'POST', `/requests/${id}/cancel`, undefined, ben)).status).toBe(204);
  await stopped.text();
  await expect.poll(() => status(1)).toBe('stopped');
  expect(await content()).toBe('Hello');
});

test('an answer stops when its conversation is deleted, alone or with all', async () => {
  hub.worker('one', {
    onPrompt: (worker, { sessionId, tokens }) => worker.tokens(sessionId, tokens.length, hub.encode('Hello')),
  });
  await hub.served();
  const [first, second, his] = [await begin(ada), await begin(ada), await begin(ben)];
  const answers: Response[] = [];
  for (const [who, { id }] of [
    [ada, first],
    [ada, second],
    [ben, his],
  ] as const) {
    answers.push(await answerIn(who, { [conversationHeaders.conversation]: id }));
  }
  const ids = answers.map(({ headers }) => headers.get('x-request-id'));
  const running = (): string[] => hub.generator.running.map(({ id }) => id);
  expect(running()).toEqual(ids);
  await api(hub, 'DELETE', `/conversations/${first.id}`, undefined, ada);
  await expect.poll(running).toEqual(ids.slice(1));
  await api(hub, 'DELETE', '/conversations', undefined, ada);
  await expect.poll(running).toEqual(ids.slice(2));
  hub.generator.cancel(ids[2] ?? '');
  await Promise.all(answers.map((answer) => answer.text()));
});

test('an answer can not be put where it does not belong', async () => {
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const { id } = await begin(ada);
  const { conversation, parent, message } = conversationHeaders;
  const none = '00000000-0000-4000-8000-000000000000';
  for (const [who, place, status] of [
    [ben, { [conversation]: id }, 404],
    [ada, { [conversation]: id, [parent]: none }, 404],
    [ada, { [conversation]: id, [message]: 'mine' }, 400],
  ] as const) {
    expect((await answerIn(who, place)).status).toBe(status);
  }
  expect(hub.generator.load.running).toBe(0);
});

test('an answer does not take the place of a message of somebody else', async () => {
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const hers = await begin(ada);
  const message = await say(ada, hers, 'Mine');
  const his = await begin(ben);
  const response = await answerIn(ben, {
    [conversationHeaders.conversation]: his.id,
    [conversationHeaders.message]: message.id,
  });
  expect(response.status).toBe(409);
  expect((await read(ada, hers.id)).body.messages).toMatchObject([{ content: 'Mine' }]);
  expect((await read(ben, his.id)).body.currentMessageId).toBeNull();
});

test('what follows a NUL is kept, in messages, titles and prompts, and found', async () => {
  const conversation = await begin(ada, { title: 'a\0title', systemPrompt: 'a\0prompt' });
  const message = await say(ada, conversation, 'before\0after\uD800');
  expect(message.content).toBe('before␀after\uFFFD');
  const { body } = await read(ada, conversation.id);
  expect(body).toMatchObject({ title: 'a␀title', systemPrompt: 'a␀prompt', messages: [message] });
  expect(await list(ada, '?search=e%00after')).toMatchObject([{ id: conversation.id }]);
});

test('what is no conversation or message is refused', async () => {
  const { id } = await begin(ada);
  const cases: [string, string, unknown, number][] = [
    ['POST', '/conversations', { title: '' }, 400],
    ['POST', '/conversations', { sampling: { temperature: 9 } }, 400],
    ['POST', '/conversations', { id }, 409],
    ['POST', `/conversations/${id}/messages`, { role: 'system', content: '' }, 400],
    ['POST', `/conversations/${id}/messages`, { role: 'user', content: '', parentId: id }, 404],
    ['POST', `/conversations/${id}/messages`, { role: 'user', content: '', requestId: '../keys' }, 400],
    ['PATCH', `/conversations/${id}`, { currentMessageId: id }, 404],
    ['GET', '/conversations?cursor=x', undefined, 400],
  ];
  for (const [method, path, body, status] of cases) {
    expect((await api(hub, method, path, body, ada)).status, `${method} ${path}`).toBe(status);
  }
});

test('a conversation of several pages is read whole and in order', async () => {
  const { id: conversationId } = await begin(ada);
  const contents = Array.from({ length: 120 }, (_, index) => `message ${index}`);
  for (const [index, content] of contents.entries())
    await hub.database.conversations.addMessage({
      ...{ id: randomUUID(), conversationId, parentId: null, role: 'user', content, status: 'done' },
      // Several have the same time.
      ...{ error: null, model: null, requestId: null, tokens: null, createdAt: Math.floor(index / 7) },
    });
  const { body } = await read(ada, conversationId);
  const times = body.messages.map(({ createdAt }) => createdAt);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(body.messages.map(({ content }) => content).toSorted()).toEqual(contents.toSorted());
});
