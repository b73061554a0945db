import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { measureLoop } from '../testing/measureLoop.ts';
import { EncodingError } from './encoding/encodingError.ts';
import { ModelError } from './modelError.ts';
import { builtInModelDirectory } from './builtInModel.ts';
import { loadChatFormat, type ChatFormat, type ChatMessage } from './chatFormat.ts';
import { ChatEncoder } from './encoding/chatEncoder.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

let format: ChatFormat;
beforeAll(async () => {
  format = await loadChatFormat(builtInModelDirectory());
});

const saying = (content: string): ChatMessage[] => [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content },
];
const long = saying('Grüße aus dem Wald: 森の中で 🌲 it rains. '.repeat(2000));
const lane = { mostCharacters: Infinity, processorMs: 60_000, heapMegabytes: 1024, idleMs: 60_000 };

/** A folder with the built-in tokenizer and another template or file. */
function tokenizerWith(files: Record<string, string>): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'potluck-tokenizer-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(builtInModelDirectory(), file), path.join(directory, file));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
  return directory;
}

/** Runs for ever where the last message is "stop". */
const endlessTemplate =
  "{% if messages[-1].content == 'stop' %}{% for i in range(1000000000000) %}{% endfor %}{% endif %}Hi";

test('a long conversation becomes the same tokens as a short one would, and keeps no short one waiting', async () => {
  const { encodeChat } = await loadTokenizer(builtInModelDirectory());
  const first: string[] = [];
  const encoded = encodeChat(long).finally(() => first.push('long'));
  const short = await encodeChat(saying('Hi')).finally(() => first.push('short'));
  expect(short).toEqual(format.encode(saying('Hi')));
  expect(await encoded).toEqual(format.encode(long));
  expect(first).toContain('long');
});

test('many are encoded at once, each share in its turn', async () => {
  const encoder = new ChatEncoder(builtInModelDirectory(), [lane]);
  const order: string[] = [];
  const encode = (share: string, content: string): Promise<void> =>
    encoder.encode(saying(content), { share }).then((tokens) => {
      expect(tokens).toEqual(format.encode(saying(content)));
      order.push(content);
    });
  await Promise.all([encode('a', 'a1'), encode('a', 'a2'), encode('a', 'a3'), encode('b', 'b1')]);
  expect(order).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('the process says what the template refuses, and goes on', async () => {
  const template = "{% if messages | length > 1 %}{{ raise_exception('one at a time') }}{% endif %}Hi";
  const encoder = new ChatEncoder(tokenizerWith({ 'chat_template.jinja': template }), [lane]);
  const refused = encoder.encode(saying('Hi'));
  await expect(refused).rejects.toThrow(ModelError);
  await expect(refused).rejects.toThrow(/refuses this conversation: .*one at a time/);
  expect((await encoder.encode(saying('Hi').slice(1))).length).toBeGreaterThan(0);
});

test('a template that never ends is stopped, and the next conversation is encoded', async () => {
  const directory = tokenizerWith({ 'chat_template.jinja': endlessTemplate });
  const encoder = new ChatEncoder(directory, [{ ...lane, processorMs: 200 }]);
  const stuck = encoder.encode(saying('stop'));
  const next = encoder.encode(saying('go'));
  await expect(stuck).rejects.toThrow(EncodingError);
  await expect(stuck).rejects.toThrow(/took longer than 0\.2 s.*chat template is at fault/);
  expect((await next).length).toBeGreaterThan(0);
});

test('a conversation whose client is gone is not encoded any more, whether it waits or runs', async () => {
  const encoder = new ChatEncoder(tokenizerWith({ 'chat_template.jinja': endlessTemplate }), [lane]);
  const running = new AbortController();
  const waiting = new AbortController();
  const stuck = encoder.encode(saying('stop'), { signal: running.signal });
  const gone = encoder.encode(saying('stop'), { signal: waiting.signal });
  const next = encoder.encode(saying('go'));
  waiting.abort();
  await expect(gone).rejects.toThrow('aborted');
  running.abort();
  await expect(stuck).rejects.toThrow('aborted');
  expect((await next).length).toBeGreaterThan(0);
});

test('a conversation that takes too much memory fails alone', async () => {
  const directory = tokenizerWith({
    'chat_template.jinja':
      "{% set ns = namespace(all=[1]) %}{% if messages[-1].content == 'stop' %}{% for i in range(100000) %}" +
      '{% set ns.all = [ns.all, range(1000)] %}{% endfor %}{% endif %}Hi',
  });
  const encoder = new ChatEncoder(directory, [{ ...lane, heapMegabytes: 128 }]);
  await expect(encoder.encode(saying('stop'))).rejects.toThrow(EncodingError);
  expect((await encoder.encode(saying('go'))).length).toBeGreaterThan(0);
});

test('variables reach the template', async () => {
  const template = "{{ 'thinking' if enable_thinking else 'not' }}";
  const { encodeChat, decode } = await loadTokenizer(tokenizerWith({ 'chat_template.jinja': template }));
  const textWith = async (variables: Record<string, unknown>): Promise<string> =>
    decode(await encodeChat(saying('Hi'), { variables }));
  expect(await textWith({ enable_thinking: true })).toBe('thinking');
  expect(await textWith({})).toBe('not');
});

test('special tokens have a text, though they add none to an answer', async () => {
  const { specialText, decode } = await loadTokenizer(builtInModelDirectory());
  expect([specialText(1), decode([1])]).toEqual(['<|im_start|>', '']);
  expect(specialText(300)).toBeUndefined();
});

test('a folder without a tokenizer is named', async () => {
  await expect(new ChatEncoder('/nowhere').encode(long)).rejects.toThrow(
    /tokenizer in \/nowhere can't be loaded/,
  );
});

test('a tokenizer that decodes with a regular expression is refused', async () => {
  const file = JSON.parse(
    readFileSync(path.join(builtInModelDirectory(), 'tokenizer.json'), 'utf8'),
  ) as object;
  const decoder = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' };
  const directory = tokenizerWith({ 'tokenizer.json': JSON.stringify({ ...file, decoder }) });
  await expect(loadTokenizer(directory)).rejects.toThrow(/decodes with a regular expression/);
});

test('the response template of its configuration is kept', async () => {
  const file = readFileSync(path.join(builtInModelDirectory(), 'tokenizer_config.json'), 'utf8');
  const template = {
    start_anchor: 'a',
    fields: { content: {}, tool_calls: { open: '<call>', close: '</call>' } },
  };
  const config = JSON.stringify({ ...(JSON.parse(file) as object), response_template: template });
  const { responseFormat } = await loadTokenizer(tokenizerWith({ 'tokenizer_config.json': config }));
  expect(responseFormat.declared?.fields['tool_calls']).toMatchObject({
    open: ['<call>'],
    close: ['</call>'],
  });
});

test('a large vocabulary is read beside what the hub does, and decodes as the library does', async () => {
  const file = JSON.parse(readFileSync(path.join(builtInModelDirectory(), 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number>; merges: string[][] };
  };
  const { vocab, merges } = file.model;
  const short = Object.keys(vocab).filter((piece) => piece.length === 2);
  let next = Object.keys(vocab).length;
  for (const left of short) {
    for (const right of short) {
      if (next === 150_000 || vocab[left + right] !== undefined) continue;
      vocab[left + right] = next++;
      merges.push([left, right]);
    }
  }
  const directory = tokenizerWith({ 'tokenizer.json': JSON.stringify(file) });
  let loading: Promise<Tokenizer> | undefined;
  const { longestTurn } = await measureLoop(() => (loading = loadTokenizer(directory)));
  const decode = (await loading)?.decode;
  // Reading it takes 400 ms of processor time, and more on a busy machine.
  expect(longestTurn).toBeLessThan(100);
  const { tokenizer } = await loadChatFormat(directory);
  for (let first = 0; first < next; first += 997) {
    const tokens = [first, next - 1 - first, 1, first % 256];
    const options = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
    expect(decode?.(tokens)).toBe(tokenizer.decode(tokens, options));
  }
  expect(next).toBe(150_000);
});

test('the process of a tokenizer that nobody asks any more ends, once it has answered', async () => {
  const directory = tokenizerWith({});
  const processes = async (): Promise<number> =>
    (await promisify(execFile)('ps', ['-e', '-o', 'args'])).stdout.split(directory).length - 1;
  const encoder = new ChatEncoder(directory, [lane]);
  const encoded = encoder.encode(saying('Hi'));
  expect(await processes()).toBe(1);
  encoder.close();
  expect(await encoded).toEqual(format.encode(saying('Hi')));
  await expect.poll(processes, { timeout: 20_000 }).toBe(0);
});
