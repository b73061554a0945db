/** Grammars of calls: from the marks that a model writes around them, and the tools' own schemas. */
import type { Tokenizer } from '../../models/tokenizer.ts';
import { schemaText } from './wantedGrammar.ts';

/** A tool that may be called. */
export interface CallableTool {
  name: string;
  /** Schema of the arguments; any object where there is none. */
  parameters: unknown;
  /** What the text of a custom tool is held to, in Lark for the inside of a JSON string. Default: its parameters. */
  input?: string | undefined;
}

/** Rules in llguidance's Lark; `calls` is what stands for one call or several. */
export interface CallRules {
  calls: string;
  rules: string[];
  /** The text that tells that a call begins; what `rules` say comes after it where `isTriggered`. */
  trigger: string;
}

export interface CallRulesInit {
  tokenizer: Pick<Tokenizer, 'responseFormat' | 'marks'>;
  tools: readonly CallableTool[];
  /** How many there may be; undefined for as many as the model likes. */
  mostCalls: number | undefined;
  /** True where the beginning of the first call is there already. */
  isTriggered: boolean;
}

/** @returns undefined where the model's template shows no way to call */
export function callRules({
  tokenizer,
  tools,
  mostCalls,
  isTriggered,
}: CallRulesInit): CallRules | undefined {
  const { calls, isHarmony } = tokenizer.responseFormat;
  const mark = (text: string): string => {
    const id = tokenizer.marks.get(text);
    return id === undefined ? JSON.stringify(text) : `<[${id}]>`;
  };
  const argumentRules = tools.flatMap(({ parameters, input }, index) =>
    input === undefined
      ? [`args${index}: %json ${schemaText(parameters ?? { type: 'object' })}`]
      : [`args${index}: "{\\"input\\": \\"" input${index} "\\"}"`, `input${index}: %lark {\n${input}\n}`],
  );
  const anyOf = (write: (name: string, args: string) => string): string =>
    `(${tools.map(({ name }, index) => write(name, `args${index}`)).join(' | ')})`;
  if (isHarmony) {
    const header = `${mark('<|constrain|>')} "json" ${mark('<|message|>')}`;
    const open = `${mark('<|channel|>')} "commentary to=functions."`;
    const call = anyOf((name, args) => `${JSON.stringify(`${name} `)} ${header} ${args}`);
    return {
      calls: isTriggered ? call : `${open} ${call}`,
      rules: argumentRules,
      trigger: 'to=functions.',
    };
  }
  if (!calls) return undefined;
  const [close] = calls.close;
  const begin = calls.onlyAtStart ? '{"name":' : '';
  /** A call as JSON, without what the trigger holds of it. */
  const body = (skip: string): string =>
    anyOf((name, args) => {
      const text = `{"name": ${JSON.stringify(name)}, "arguments": `.slice(skip.length);
      return `${JSON.stringify(text)} ${args} "}"`;
    });
  if (calls.onlyAtStart) {
    // A token may hold the blank behind the trigger, too.
    const rest = anyOf(
      (name, args) => `" "? ${JSON.stringify(`${JSON.stringify(name)}, "arguments": `)} ${args} "}"`,
    );
    return { calls: isTriggered ? rest : body(''), rules: argumentRules, trigger: begin };
  }
  const more = (between: string): string => {
    if (mostCalls === 1) return '';
    return ` (${between} call)${mostCalls === undefined ? '*' : `{0,${mostCalls - 1}}`}`;
  };
  const blank = '"\\n"?';
  if (calls.notation === 'mistral') {
    const list = `"[" call${more('", "')} "]"`;
    return {
      calls: isTriggered ? list : `${mark(calls.open)} ${list}`,
      rules: [`call: ${body('')}`, ...argumentRules],
      trigger: calls.open,
    };
  }
  const end = close === undefined ? '' : `${blank} ${mark(close)}`;
  const others = close === undefined ? '' : more(`${blank} ${mark(calls.open)}`);
  return {
    calls: `${isTriggered ? '' : `${mark(calls.open)} `}call${others}`,
    rules: [`call: ${blank} ${body('')} ${end}`, ...argumentRules],
    trigger: calls.open,
  };
}
