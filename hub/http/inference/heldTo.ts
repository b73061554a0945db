/** From what a request asks for to what the devices hold its answer to: tried in the hub before any device sees it. */
import { maxConstraintCharacters } from '@potluck/protocol';
import type { GrammarText } from '@potluck/engine/constraint';
import type { AnswerGrammar } from '../../generation/generationRequest.ts';
import { EncodingError } from '../../models/encoding/encodingError.ts';
import type { GrammarTrials } from '../../models/grammars/grammarTrials.ts';
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../models/tokenizer.ts';
import { ModelError } from '../../models/modelError.ts';
import { ApiError } from '../apiError.ts';
import { endlessReference } from '../../models/grammars/endlessReference.ts';
import { mostRepeats, nestedRepeats, repeatsTooMuch } from '../../models/grammars/repetition.ts';
import type { ToolInput } from './customTools.ts';
import { placeInSchema } from './placeInSchema.ts';
import { parameterName, tooMany, unsupportedParameter } from './readBody.ts';
import { refusalWords } from './refusalWords.ts';
import { callRules, type CallableTool, type CallRules } from './toolGrammar.ts';
import type { WantedGrammar } from './wantedGrammar.ts';

/** Which tools the answer calls: as the model likes, at least one, or this one. */
export type ToolChoice = 'auto' | 'required' | { name: string };

/** A tool as OpenAI's API describes it. */
export interface AskedTool {
  function: {
    name: string;
    parameters?: Record<string, unknown> | null | undefined;
    strict?: boolean | null | undefined;
  };
}

export interface HeldToInit {
  model: Model;
  /** What the answer's text is to be. */
  wanted: WantedGrammar | undefined;
  /** That may be called. Default: none. */
  tools?: readonly AskedTool[] | undefined;
  /** Default: as the model likes. */
  toolChoice?: ToolChoice;
  /** What the texts of custom tools are held to, by the tools' names. Default: nothing. */
  toolInputs?: ReadonlyMap<string, ToolInput> | undefined;
  /** Most calls. Default: as many as the model likes. */
  mostCalls?: number | undefined;
  /**
   * The end of a conversation's prompt as text: templates begin to think on the model's behalf. Absent where the prompt is
   * a text that goes on: then nobody thinks.
   */
  promptEnd?: string;
}

/** What tries a grammar for this request. */
export type TryGrammar = (grammar: GrammarText) => ReturnType<GrammarTrials['try']>;

/**
 * @returns what the answer is held to; undefined where it is free
 * @throws ApiError 400 naming what is wrong, in a schema with its path; the reason why the request ended
 */
export async function heldTo(init: HeldToInit, tryGrammar: TryGrammar): Promise<AnswerGrammar | undefined> {
  const asked = askedFor(init);
  if (!asked) return undefined;
  const { grammar, trigger, sources } = asked;
  const { model } = init;
  const param = sources[0]?.param ?? 'tools';
  if (grammar.text.length > maxConstraintCharacters) {
    throw tooMany(param, `${maxConstraintCharacters} characters of schemas`);
  }
  if (model.package.stopTokenIds.length === 0) {
    const why = `'${model.package.id}' has no token that ends an answer.`;
    throw unsupportedParameter(param, why);
  }
  checkRepetition(sources);
  for (const source of sources) {
    const { param, grammar: own } = source;
    // So that an error names the tool's own grammar.
    if ([...(init.toolInputs?.values() ?? [])].some((input) => input.param === param))
      await tried({ ...own, text: `%llguidance {}\n${own.text}` }, [source], tryGrammar);
  }
  const { shortest } = await tried(grammar, sources, tryGrammar);
  if (shortest === undefined) refuseEndless(sources);
  if (shortest === undefined && grammar.kind === 'json-schema') {
    throw new ApiError(
      400,
      `'${param}': The hub finds no answer within 4096 bytes that is what this asks for. Make it simpler.`,
      { param },
    );
  }
  const after = trigger === undefined ? afterThoughts(init) : triggered(trigger, model);
  return { ...grammar, ...(after ? { after } : {}) };
}

/** Marks that a grammar names, by their ids or texts. */
export function marksNamedIn(
  { kind, text }: GrammarText,
  { marks }: Pick<Tokenizer, 'marks'>,
): [token: number, text: string][] {
  if (kind !== 'lark') return [];
  return [...marks]
    .filter(([mark, id]) => text.includes(`<[${id}]>`) || text.includes(mark))
    .map(([mark, id]) => [id, mark]);
}

/** Of a tool without parameters. */
const noParameters = { type: 'object', properties: {}, additionalProperties: false };

interface Asked {
  grammar: GrammarText;
  /** What it is made of, to say where something is wrong. */
  sources: WantedGrammar[];
  /** Until this text the answer is free; undefined where it is held from its beginning. */
  trigger: string | undefined;
}

function askedFor(init: HeldToInit): Asked | undefined {
  const { wanted, tools, toolChoice = 'auto', toolInputs } = init;
  const isForced = toolChoice !== 'auto';
  const isHeld = ({ function: { name, strict } }: AskedTool): boolean =>
    strict === true || toolInputs?.has(name) === true;
  const isStrict = tools?.some(isHeld) ?? false;
  if (!tools || tools.length === 0 || (!isForced && !isStrict && !wanted)) {
    return wanted && { grammar: wanted.grammar, sources: [wanted], trigger: undefined };
  }
  const isTriggered = !isForced && !wanted;
  const rules = rulesOf(init, tools, isTriggered);
  const sources = tools.map(({ function: { name, parameters } }, index): WantedGrammar => {
    const input = toolInputs?.get(name);
    if (input) return { grammar: { kind: 'lark', text: input.lark }, param: input.param };
    const param = `tools[${index}].function.parameters`;
    const schema = parameters ?? { type: 'object' };
    return { grammar: { kind: 'json-schema', text: JSON.stringify(schema) }, param, schema };
  });
  const written = [
    '%llguidance {}',
    `start: ${isForced || !wanted ? rules.calls : `answer | ${rules.calls}`}`,
  ];
  if (!isForced && wanted) {
    written.push(answerRule(wanted));
    sources.unshift(wanted);
  }
  const grammar: GrammarText = { kind: 'lark', text: [...written, ...rules.rules].join('\n') };
  return { grammar, sources, trigger: isTriggered ? rules.trigger : undefined };
}

function rulesOf(
  { model: { tokenizer, package: model }, toolChoice = 'auto', mostCalls, toolInputs }: HeldToInit,
  tools: readonly AskedTool[],
  isTriggered: boolean,
): CallRules {
  const named = typeof toolChoice === 'object' ? toolChoice.name : undefined;
  const callable = tools
    .filter(({ function: { name } }) => named === undefined || name === named)
    .map(({ function: { name, parameters, strict } }): CallableTool => {
      // Of tools that nothing is promised for, any arguments will do.
      const isFree = toolChoice === 'auto' && strict !== true;
      const input = toolInputs?.get(name)?.lark;
      return { name, parameters: isFree ? undefined : (parameters ?? noParameters), input };
    });
  if (callable.length === 0) {
    throw new ApiError(400, `'tool_choice' names '${named ?? ''}', which is none of 'tools'.`, {
      param: 'tool_choice',
    });
  }
  const rules = callRules({ tokenizer, tools: callable, mostCalls, isTriggered });
  if (!rules) throw unsupportedParameter('tools', `The chat template of '${model.id}' takes none.`);
  return rules;
}

function answerRule({ grammar: { kind, text }, param }: WantedGrammar): string {
  switch (kind) {
    case 'json-schema':
      return `answer: %json ${text}`;
    case 'regex':
      return `answer: /${text.replaceAll('/', '\\/')}/`;
    case 'lark':
      throw unsupportedParameter(param, "A grammar can't be joined with 'tools': leave one of them out.");
  }
}

/** @throws ApiError 400 where repetitions within one another come to too much */
function checkRepetition(sources: readonly WantedGrammar[]): void {
  for (const { grammar, param, schema } of sources) {
    const place =
      grammar.kind === 'regex' && nestedRepeats(grammar.text) > mostRepeats ? [] : repeatsTooMuch(schema);
    if (!place) continue;
    throw refused(
      parameterName([param, ...place]),
      `Repetitions within one another come to more than ${mostRepeats}.`,
    );
  }
}

/** @throws ApiError 400 where an answer to a schema would never end */
function refuseEndless(sources: readonly WantedGrammar[]): void {
  for (const { param, schema } of sources) {
    const place = endlessReference(schema);
    if (!place) continue;
    throw refused(
      parameterName([param, ...place]),
      'The schema refers to itself for ever, so no answer to it would end. Let what refers to it be left out, or be null.',
    );
  }
}

/** @throws ApiError 400 with the path of what is wrong */
async function tried(
  grammar: GrammarText,
  sources: readonly WantedGrammar[],
  tryGrammar: TryGrammar,
): ReturnType<TryGrammar> {
  try {
    const found = await tryGrammar(grammar);
    if (found.isEmpty === true)
      throw refused(
        sources[0]?.param ?? 'tools',
        'This allows an empty answer and no other one. Write what the answer may say.',
      );
    return found;
  } catch (error) {
    if (!(error instanceof ModelError || error instanceof EncodingError)) throw error;
    const [first] = sources;
    const message = refusalWords(first?.grammar.kind ?? 'json-schema', error.message);
    for (const { param, schema } of sources) {
      const place = placeInSchema(schema, error.message);
      if (place.length > 0) throw refused(parameterName([param, ...place]), message, error);
    }
    refuseEndless(sources);
    throw refused(
      sources.length > 1 && first?.schema !== undefined ? 'tools' : (first?.param ?? 'tools'),
      message,
      error,
    );
  }
}

function refused(param: string, message: string, cause?: Error): ApiError {
  return new ApiError(400, `'${param}': ${message}`, { param, ...(cause ? { cause } : {}) });
}

function triggered(trigger: string, { tokenizer }: Model): AnswerGrammar['after'] {
  const tokenId = tokenizer.marks.get(trigger);
  return { text: trigger, mayEnd: true, ...(tokenId === undefined ? {} : { tokenId }) };
}

/** Where a model thinks, its thoughts are free. */
function afterThoughts({
  model: { tokenizer },
  promptEnd,
  toolChoice = 'auto',
}: HeldToInit): AnswerGrammar['after'] {
  if (promptEnd === undefined) return undefined;
  const { reasoning, isHarmony } = tokenizer.responseFormat;
  if (isHarmony) {
    // A call has a message of its own.
    if (toolChoice !== 'auto') return undefined;
    return { text: '<|channel|>final<|message|>', mayEnd: false };
  }
  const close = reasoning?.close[0];
  if (!reasoning || close === undefined) return undefined;
  const tokenId = tokenizer.marks.get(close);
  const after = { text: close, mayEnd: false, ...(tokenId === undefined ? {} : { tokenId }) };
  const end = promptEnd.trimEnd();
  if (end.endsWith(reasoning.open)) return after;
  const opens = tokenizer.marks.get(reasoning.open);
  const hasThought = end.endsWith(close);
  return opens === undefined || hasThought ? undefined : { ...after, opensWith: opens };
}
