/** Requests to the paths that write, one of each kind, and what is told of an answer by each. */

export interface Surface {
  name: string;
  path: string;
  body: object;
  /** How the answer comes. */
  as: 'events' | 'lines' | 'whole';
}

const model = 'minimind2-small';
const messages = [
  { role: 'user', content: 'Tell me a long story of a river and of the people who live at it.' },
];
/** The token that ends an answer does not come. */
const goOn = { 2: -100 };
const drawn = { temperature: 0.8, seed: 9 };
const tools = [
  {
    type: 'function',
    function: {
      name: 'note',
      description: 'Keeps a note',
      parameters: {
        type: 'object',
        properties: { text: { type: 'string', minLength: 60, maxLength: 70 } },
        required: ['text'],
      },
    },
  },
];

/** @param tokens of each answer that has no other end */
export function surfaces(tokens: number): Surface[] {
  const openai = { model, max_tokens: tokens, logit_bias: goOn, ...drawn };
  const calling = { model, messages, tools, tool_choice: 'required', max_tokens: 4 * tokens, seed: 4 };
  const ollama = { model, options: { num_predict: tokens, ...drawn } };
  const both = (name: string, path: string, body: object, as: 'events' | 'lines'): Surface[] => [
    { name: `${name}, streamed`, path, body: { ...body, stream: true }, as },
    { name: `${name}, whole`, path, body: { ...body, stream: false }, as: 'whole' },
  ];
  return [
    ...both('chat of two choices', '/v1/chat/completions', { ...openai, messages, n: 2 }, 'events'),
    ...both('tool call', '/v1/chat/completions', calling, 'events'),
    ...both('completion', '/v1/completions', { ...openai, prompt: 'Once upon a time' }, 'events'),
    ...both(
      'completions of two prompts',
      '/v1/completions',
      { ...openai, prompt: ['The sea', 'A hill'] },
      'events',
    ),
    ...both('message', '/v1/messages', { model, messages, max_tokens: tokens, temperature: 0 }, 'events'),
    ...both('Ollama chat', '/api/chat', { ...ollama, messages }, 'lines'),
    ...both('Ollama generate', '/api/generate', { ...ollama, prompt: 'Tell me of the sea.' }, 'lines'),
  ];
}

/** Whole events or lines of a stream that may have been cut; a whole answer is one. */
export function eventsOf({ as }: Pick<Surface, 'as'>, text: string): string[] {
  if (as === 'whole') return [text];
  const events = text.split(as === 'lines' ? '\n' : '\n\n').slice(0, -1);
  return as === 'lines' ? events : events.filter((event) => /^id: /m.test(event) || /^data: /m.test(event));
}

/** What a client sends to get what follows these events. */
export function lastEventId({ as }: Pick<Surface, 'as'>, events: readonly string[]): string {
  if (as === 'lines') return String(events.length);
  return events.map((event) => /^id: (\S+)$/m.exec(event)?.[1]).findLast((id) => id !== undefined) ?? '0';
}

/** What events say, without what differs between two of the same answer: texts, calls and ends, by choice. */
export function wordsOf({ as }: Pick<Surface, 'as'>, events: readonly string[]): string[] {
  const words: string[] = [];
  const add = (index: number, text: string): void => void (words[index] = (words[index] ?? '') + text);
  for (const event of events) {
    const json = as === 'events' ? /^data: (\{.*)$/m.exec(event)?.[1] : event;
    if (json) collect(JSON.parse(json), 0, add);
  }
  return words;
}

const spoken = new Set([
  'content',
  'text',
  'response',
  'arguments',
  'name',
  'finish_reason',
  'stop_reason',
  'done_reason',
]);

function collect(value: unknown, index: number, add: (index: number, text: string) => void): void {
  if (Array.isArray(value)) for (const one of value) collect(one, index, add);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const isChoice = 'finish_reason' in value && 'index' in value;
  const own = isChoice ? Number(value.index) : index;
  for (const [name, part] of Object.entries(value)) {
    if (spoken.has(name) && typeof part === 'string') add(own, part);
    else collect(part, own, add);
  }
}
