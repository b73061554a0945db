import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ModelError } from '../errors.ts';
import { builtInModelDirectory } from './builtInModel.ts';
import { loadChatFormat, type ChatFormat, type ChatMessage } from './chatFormat.ts';
import { LongChats } from './longChats.ts';
import { loadTokenizer } from './tokenizer.ts';

let format: ChatFormat;
beforeAll(async () => {
  format = await loadChatFormat(builtInModelDirectory());
});

const saying = (content: string): ChatMessage[] => [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content },
];
const long = saying('Grüße aus dem Wald: 森の中で 🌲 it rains. '.repeat(2000));

test('a long conversation becomes the same tokens as a short one would, and holds nobody up', async () => {
  const { encodeChat } = await loadTokenizer(builtInModelDirectory());
  const first: string[] = [];
  const encoded = encodeChat(long).finally(() => first.push('long'));
  const short = await encodeChat(saying('Hi')).finally(() => first.push('short'));
  expect(short).toEqual(format.encode(saying('Hi')));
  expect(await encoded).toEqual(format.encode(long));
  expect(first).toEqual(['short', 'long']);
});

test('the thread answers many at once', async () => {
  const chats = new LongChats(builtInModelDirectory());
  const texts = ['one', 'two', 'three'].map(saying);
  expect(await Promise.all(texts.map((messages) => chats.encode(messages)))).toEqual(
    texts.map(format.encode),
  );
});

test('the thread says what the template refuses, and goes on', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'potluck-tokenizer-'));
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(builtInModelDirectory(), file), path.join(directory, file));
  }
  const template = "{% if messages | length > 1 %}{{ raise_exception('one at a time') }}{% endif %}Hi";
  writeFileSync(path.join(directory, 'chat_template.jinja'), template);
  try {
    const chats = new LongChats(directory);
    const refused = chats.encode(saying('Hi'));
    await expect(refused).rejects.toThrow(ModelError);
    await expect(refused).rejects.toThrow(/refuses this conversation: .*one at a time/);
    expect((await chats.encode(saying('Hi').slice(1))).length).toBeGreaterThan(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a folder without a tokenizer is named', async () => {
  await expect(new LongChats('/nowhere').encode(long)).rejects.toThrow(
    /tokenizer in \/nowhere can't be loaded/,
  );
});
