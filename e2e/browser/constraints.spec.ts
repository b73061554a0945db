import { startHub } from '../support/hubProcess.ts';
import { expect, test } from './support/fixtures.ts';
import { openTab, serves } from './support/tab.ts';

test('a tab holds its answers to a schema, and loads what it needs for that only then', async ({
  browser,
  site,
}) => {
  await using hub = await startHub({ flags: ['--local-workers', '0'] });
  await using context = await browser.newContext();
  const { length } = site.requested;
  const tab = await openTab(context, { pageUrl: site.url, hub, name: 'tab', device: 'wasm' });
  await tab.command('start');
  await tab.until(serves);
  const ask = async (more: object): Promise<string> => {
    const { choices } = await hub.client.chat.completions.create({
      ...{ model: 'minimind2-small', messages: [{ role: 'user', content: 'Name a city.' }] },
      ...{ temperature: 0, max_tokens: 24, ...more },
    });
    return choices[0]?.message.content ?? '';
  };
  const engine = (): string[] => site.requested.slice(length).filter((path) => path.includes('llguidance'));
  const free = await ask({});
  expect(engine()).toEqual([]);
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, size: { enum: ['small', 'large'] } },
    required: ['city', 'size'],
    additionalProperties: false,
  };
  const held = await ask({ response_format: { type: 'json_schema', json_schema: { name: 'city', schema } } });
  const value = JSON.parse(held) as { city: unknown; size: unknown };
  expect(typeof value.city).toBe('string');
  expect(['small', 'large']).toContain(value.size);
  expect(engine()).not.toEqual([]);
  expect(await ask({})).toBe(free);
});
