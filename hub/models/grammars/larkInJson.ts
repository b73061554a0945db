/** Grammars in Lark for a text, as grammars for the same text between the quotes of a JSON string. Pure. */
import { PatternInJsonError, patternInJson, textInJson } from './patternInJson.ts';
import { withoutCircles } from './withoutCircles.ts';

/** Terminals that Lark itself has (lark/grammars/common.lark), as expressions. */
const common: Readonly<Record<string, string>> = {
  DIGIT: '[0-9]',
  HEXDIGIT: '[0-9a-fA-F]',
  INT: '[0-9]+',
  SIGNED_INT: '[+-]?[0-9]+',
  DECIMAL: '([0-9]+\\.[0-9]*|\\.[0-9]+)',
  FLOAT: '([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  SIGNED_FLOAT: '[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  NUMBER: '([0-9]+|[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  SIGNED_NUMBER: '[+-]?([0-9]+|[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  ESCAPED_STRING: '"([^"\\\\\\n]|\\\\[^\\n])*"',
  LCASE_LETTER: '[a-z]',
  UCASE_LETTER: '[A-Z]',
  LETTER: '[A-Za-z]',
  WORD: '[A-Za-z]+',
  CNAME: '[_A-Za-z][_A-Za-z0-9]*',
  WS_INLINE: '[ \\t]+',
  WS: '[ \\t\\f\\r\\n]+',
  CR: '\\r',
  LF: '\\n',
  NEWLINE: '(\\r?\\n)+',
};

/** What a grammar is made of, as far as it matters here; the first that fits is taken. */
const parts = /\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|\/(?:[^/\\\n]|\\.)+\/[imslux]*|%\w+[^\n]*|[^"/%]+|[^]/g;

/** Longest grammar, in characters: each sign may become many. */
const mostCharacters = 8 * 1024;
/** Most rules. */
const mostRules = 200;

/**
 * Rules that do not come back to themselves become terminals, which are one expression each: the engine does not go back
 * within an escape such as `\n` where one terminal ends before it and another would go on with `\"`.
 * @throws PatternInJsonError saying what of it can't be written inside JSON
 */
export function larkInJson(grammar: string): string {
  if (grammar.length > mostCharacters) {
    throw new PatternInJsonError(`a tool's input can't be held to more than ${mostCharacters} characters`);
  }
  return withTerminals((grammar.match(parts) ?? []).map(written).join(''));
}

/** @param grammar without comments and directives */
function withTerminals(grammar: string): string {
  const [, ...found] = grammar.split(/^[ \t]*[?!]?([a-zA-Z_]\w*)[ \t]*:/m);
  const rules = new Map<string, string[]>();
  for (let at = 0; at < found.length; at += 2) {
    rules.set(found[at] ?? '', (found[at + 1] ?? '').replace(/->[ \t]*\w+/g, '').match(parts) ?? []);
  }
  if (rules.size > mostRules) throw new PatternInJsonError(`the grammar has more than ${mostRules} rules`);
  const terminals = withoutCircles(
    [...rules].map(([name, body]) => [name, namesIn(body).filter((one) => rules.has(one))]),
  );
  const names = new Map(
    [...rules.keys()].map((name, index) => [
      name,
      terminals.has(name) ? `T${index}` : name === 'start' ? name : `r${index}`,
    ]),
  );
  const lines = [...rules].map(([name, body]) => {
    const pieces = body.map((part) => renamed(part, names));
    return `${names.get(name)}: ${pieces.join('').trim()}`;
  });
  return [...(terminals.has('start') ? [`start: ${names.get('start')}`] : []), ...lines].join('\n');
}

const isQuoted = (part: string): boolean => /^["/]./.test(part);

function namesIn(body: readonly string[]): string[] {
  return body.filter((part) => !isQuoted(part)).flatMap((part) => part.match(/[a-zA-Z_]\w*/g) ?? []);
}

function renamed(part: string, names: ReadonlyMap<string, string>): string {
  if (isQuoted(part)) return part;
  return part.replace(/[a-zA-Z_]\w*/g, (name) => names.get(name) ?? name);
}

/** The same of a regular expression for the whole text. @throws PatternInJsonError */
export function regexInJson(pattern: string): string {
  return `start: /${patternInJson(pattern)}/\n`;
}

function written(part: string): string {
  if (part.startsWith('//')) return '';
  if (part.startsWith('"')) return stringInJson(part);
  if (part.startsWith('%')) return directive(part);
  if (part.startsWith('/') && part.length > 1) {
    const end = part.lastIndexOf('/');
    const flags = part.slice(end + 1);
    const body = patternInJson(part.slice(1, end).replaceAll('\\/', '/'), flags);
    return `/${body.replace(/(?<!\\)((?:\\\\)*)\//g, '$1\\/')}/${flags.replace('s', '')}`;
  }
  if (/<[[|\w]/.test(part)) throw new PatternInJsonError("a tool's input can't hold special tokens");
  return part;
}

function stringInJson(part: string): string {
  try {
    return JSON.stringify(textInJson(JSON.parse(part) as string));
  } catch {
    throw new PatternInJsonError(`${part} is no text: write it as JSON does`);
  }
}

/** A line that begins with a percent sign. */
function directive(line: string): string {
  const [, one, alias, several] =
    /^%import\s+common(?:\.(\w+)(?:\s*->\s*(\w+))?|\s*\(([\w\s,]+)\))\s*(?:\/\/.*)?$/.exec(line) ?? [];
  const names = one === undefined ? several?.split(',').map((name) => name.trim()) : [one];
  if (!names) throw new PatternInJsonError(`a tool's input can't be held to '${line.slice(0, 60)}'`);
  return names
    .map((name) => {
      const pattern = common[name];
      if (pattern === undefined) throw new PatternInJsonError(`Lark has no terminal '${name}'`);
      return `${alias ?? name}: /${patternInJson(pattern)}/`;
    })
    .join('\n');
}
