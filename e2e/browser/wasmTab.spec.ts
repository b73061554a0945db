import { startHub, untilServed } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { launchChromium } from './support/chromium.ts';
import { expect, test } from './support/fixtures.ts';
import { showProcessors } from './support/processors.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

const question = [{ role: 'user' as const, content: 'What is the capital of France?' }];

test('a tab without a GPU serves the whole model, and holds its answers to a schema, which it loads more for only then', async ({
  site,
}) => {
  await using hub = await startHub({ flags: ['--local-workers', '0'] });
  // It computes much: compiling for speed pays.
  await using browser = await launchChromium(['--js-flags=']);
  await using context = await browser.newContext();
  await showProcessors(context, 2);
  const { length } = site.requested;
  const tab = await openTab(context, { pageUrl: site.url, hub, name: 'tab', device: 'wasm' });
  expect((await tab.snapshot()).offer?.processor.wasmThreads).toBe(2);
  await tab.command('start');
  const { stages, device } = await tab.until(serves);
  expect(device?.kind).toBe('wasm');
  expect(stages).toMatchObject([{ firstLayer: 0, lastLayer: 7, layerCount: 8 }]);
  expect(stages[0]?.packs.every(({ sizeBytes, doneBytes }) => doneBytes === sizeBytes)).toBe(true);

  // The tab knows before the hub has heard it.
  await untilServed(hub.url);
  const { data, response } = await hub.client.chat.completions
    .create({ model: 'minimind2-small', messages: question, temperature: 0 })
    .withResponse();
  expect(data.choices[0]?.message.content).toContain('Paris');
  expect(response.headers.get('x-potluck-route')).toBe('tab[0-7]');
  const { served, cache } = await tab.until(({ served }) => served.openSessions === 0);
  expect(served.tokens).toBeGreaterThan(10);
  expect(cache.bytes).toBeGreaterThan(20e6);

  // Two questions to the same story: the second one is computed from where it differs, to the same probabilities.
  const story = 'The river rose after three days of rain, and the people carried their chairs up the hill. ';
  const about = async (asked: string, more: object = {}) => {
    const content = `${story.repeat(13)}${asked}`;
    const { choices, usage } = await hub.client.chat.completions.create({
      ...{ model: 'minimind2-small', messages: [{ role: 'user', content }], temperature: 0, max_tokens: 2 },
      ...{ logprobs: true, ...more },
    });
    return { choices, cached: usage?.prompt_tokens_details?.cached_tokens ?? -1 };
  };
  // What the template writes first may be in a cache already.
  expect((await about('What rose?')).cached).toBeLessThan(64);
  const second = await about('Who carried what?');
  expect(second.cached).toBeGreaterThanOrEqual(256);
  const anew = await about('Who carried what?', { cache_salt: 'nobody else has it' });
  expect(anew.cached).toBe(0);
  expect(second.choices).toEqual(anew.choices);

  const nameCity = async (more: object = {}): Promise<string> => {
    const { choices } = await hub.client.chat.completions.create({
      ...{ model: 'minimind2-small', messages: [{ role: 'user', content: 'Name a city.' }] },
      ...{ temperature: 0, max_tokens: 24, ...more },
    });
    return choices[0]?.message.content ?? '';
  };
  const engine = (): string[] => site.requested.slice(length).filter((path) => path.includes('llguidance'));
  const free = await nameCity();
  expect(engine()).toEqual([]);
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, size: { enum: ['small', 'large'] } },
    required: ['city', 'size'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema', json_schema: { name: 'city', schema } };
  const held = await nameCity({ response_format: format });
  const value = JSON.parse(held) as { city: unknown; size: unknown };
  expect(typeof value.city).toBe('string');
  expect(['small', 'large']).toContain(value.size);
  expect(engine()).not.toEqual([]);
  expect(await nameCity()).toBe(free);
});

/** As WebKit does in private windows. */
const takesNoBlobs = `
const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (value, key) {
  if (value instanceof Blob) throw new DOMException('Error preparing Blob/File data to be stored', 'UnknownError');
  return put.call(this, value, key);
};
`;

test('a browser that keeps no Blobs serves from memory, and says so', async ({ browser, tabHub: hub }) => {
  await using site = await serveTestPage({ inAgent: takesNoBlobs });
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: site.url, hub, device: 'wasm' });
  await tab.command('start');
  const { cache } = await tab.until(serves);
  expect(cache).toMatchObject({ bytes: 0, blobs: 0, inMemory: true });
  expect((await ask(hub, 'The river rose.')).tokens).toHaveLength(24);
});
