/**
 * What marks thinking and calls of tools in a model's answers. Some say it in a
 * response template; of all others it is found by the marks that stand in their chat templates, where earlier answers are
 * written down.
 */
import {
  marksOfTemplate,
  readResponseTemplate,
  thoughtFields,
  type ResponseTemplate,
} from './responseTemplate.ts';

/** How the calls between two marks are written. */
export type CallNotation =
  /** `{"name": …, "arguments": …}`, or a list of them, or several one after the other. */
  | 'json'
  /** `<function=name><parameter=x>…</parameter></function>`, or JSON. */
  | 'xml'
  /** `name[ARGS]{…}`, or JSON. */
  | 'mistral';

/** How a model calls tools: its marks, and what is between them. */
export interface CallFormat extends Marks {
  notation: CallNotation;
  /** A call is the beginning of an answer, or none. */
  onlyAtStart?: boolean;
  /** Another mark that may come before a call that only stands at the start. */
  tag?: string;
  /** Calls are written as one list, also where there is one. */
  isList?: boolean;
  /** Each call is a name, `[ARGS]` and its arguments. */
  isNamed?: boolean;
  /** What a call calls its arguments. Default: `arguments`. */
  argumentsName?: string;
}

export interface Marks {
  open: string;
  /** The first of these ends it; so does the end of the answer. */
  close: string[];
}

export interface ResponseFormat {
  /** Marks around what the model thinks; undefined where it does not. */
  reasoning?: Marks;
  /** Marks around calls; undefined where the template takes no tools. */
  calls?: CallFormat;
  /** OpenAI's harmony: messages with a channel each, whose name says what they are. */
  isHarmony?: boolean;
  /** What the model itself says of its answers; it counts before all the others. */
  declared?: ResponseTemplate;
}

/** True where the model knows how to call a tool. */
export function takesTools({ calls, isHarmony, declared }: ResponseFormat): boolean {
  return calls !== undefined || isHarmony === true || declared?.fields['tool_calls'] !== undefined;
}

/** True where a model's thoughts can be told from its answer. */
export function marksThoughts({ reasoning, isHarmony, declared }: ResponseFormat): boolean {
  if (declared) return Object.keys(declared.fields).some((name) => thoughtFields.includes(name));
  return reasoning !== undefined || isHarmony === true;
}

const none: ResponseFormat = {};

/** Where a template takes tools and shows no marks, an answer that begins like a call is one. */
const plainJson: CallFormat = {
  open: '{"name":',
  close: [],
  notation: 'json',
  onlyAtStart: true,
};

/** Families by a mark that no other has. The first that fits is taken. */
const families: { mark: RegExp; format: ResponseFormat }[] = [
  { mark: /<\|channel\|>/, format: { isHarmony: true } },
  {
    mark: /<function=/,
    format: { calls: { open: '<tool_call>', close: ['</tool_call>'], notation: 'xml' } },
  },
  {
    mark: /<tool_call>/,
    format: { calls: { open: '<tool_call>', close: ['</tool_call>'], notation: 'json' } },
  },
  {
    mark: /\[TOOL_CALLS\].*\[ARGS\]/s,
    format: { calls: { open: '[TOOL_CALLS]', close: [], notation: 'mistral', isNamed: true } },
  },
  {
    mark: /\[TOOL_CALLS\]/,
    format: { calls: { open: '[TOOL_CALLS]', close: [], notation: 'mistral', isList: true } },
  },
  {
    mark: /<\|tool_call\|>/,
    format: { calls: { open: '<|tool_call|>', close: ['<|/tool_call|>'], notation: 'json', isList: true } },
  },
  {
    mark: /<\|python_tag\|>|ipython/,
    format: { calls: { ...plainJson, tag: '<|python_tag|>', argumentsName: 'parameters' } },
  },
];

/**
 * @param template of the model; undefined where it has none
 * @param declared `response_template` of tokenizer_config.json, as it stands there
 */
export function findResponseFormat(template: string | undefined, declared?: unknown): ResponseFormat {
  const found = findByMarks(template);
  const own = declared === undefined ? undefined : readResponseTemplate(declared);
  return own ? { ...found, declared: own } : found;
}

function findByMarks(template: string | undefined): ResponseFormat {
  if (template === undefined) return none;
  const family = families.find(({ mark }) => mark.test(template))?.format ?? none;
  if (family.isHarmony) return family;
  const takesTools = /\btools\b/.test(template);
  const calls = takesTools ? (family.calls ?? plainJson) : undefined;
  const reasoning = findReasoning(template);
  return { ...(calls ? { calls } : {}), ...(reasoning ? { reasoning } : {}) };
}

function findReasoning(template: string): Marks | undefined {
  if (template.includes('</think>')) return { open: '<think>', close: ['</think>'] };
  if (template.includes('[/THINK]')) return { open: '[THINK]', close: ['[/THINK]'] };
  return undefined;
}

/** Texts of the tokens that a reader of this format must see, though they add nothing to an answer. */
export function marksOf({ reasoning, calls, isHarmony, declared }: ResponseFormat): Set<string> {
  if (declared) return marksOfTemplate(declared);
  if (isHarmony) {
    return new Set(['start', 'channel', 'message', 'end', 'constrain', 'call'].map((name) => `<|${name}|>`));
  }
  const marks = [reasoning, calls].flatMap((one) => (one ? [one.open, ...one.close] : []));
  if (calls?.tag !== undefined) marks.push(calls.tag);
  return new Set([...marks, ...(calls?.notation === 'mistral' ? ['[ARGS]', '[CALL_ID]'] : [])]);
}
