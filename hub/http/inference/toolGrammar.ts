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
  /** What stands between the name of a call and its arguments. */
  const beforeArguments = `, "${calls.argumentsName ?? 'arguments'}": `;
  if (calls.onlyAtStart) {
    // A token may hold the blank behind the trigger, too.
    const rest = anyOf(
      (name, args) => `" "? ${JSON.stringify(`${JSON.stringify(name)}${beforeArguments}`)} ${args} "}"`,
    );
    const whole = `${JSON.stringify(calls.open)} ${rest}`;
    return { calls: isTriggered ? rest : whole, rules: argumentRules, trigger: calls.open };
  }
  const more = (between: string): string => {
    if (mostCalls === 1) return '';
    return ` (${between} call)${mostCalls === undefined ? '*' : `{0,${mostCalls - 1}}`}`;
  };
  const begin = isTriggered ? '' : `${mark(calls.open)} `;
  if (calls.isNamed) {
    const named = anyOf((name, args) => `${JSON.stringify(name)} ${mark('[ARGS]')} ${args}`);
    return {
      calls: `${begin}call${more(mark(calls.open))}`,
      rules: [`call: ${named}`, ...argumentRules],
      trigger: calls.open,
    };
  }
  const call = anyOf(
    (name, args) => `${JSON.stringify(`{"name": ${JSON.stringify(name)}${beforeArguments}`)} ${args} "}"`,
  );
  if (calls.isList) {
    // Some of a family end the list with a token, others with the answer.
    const end = close !== undefined && tokenizer.marks.has(close) ? ` ${mark(close)}` : '';
    return {
      calls: `${begin}" "? "[" call${more('", "')} "]"${end}`,
      rules: [`call: ${call}`, ...argumentRules],
      trigger: calls.open,
    };
  }
  const blank = '"\\n"?';
  const end = close === undefined ? '' : `${blank} ${mark(close)}`;
  const others = close === undefined ? '' : more(`${blank} ${mark(calls.open)}`);
  return {
    calls: `${begin}call${others}`,
    rules: [`call: ${blank} ${call} ${end}`, ...argumentRules],
    trigger: calls.open,
  };
}
