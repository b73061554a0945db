/** An engine's errors about a grammar, in words for who wrote it. */
import type { GrammarText } from '@potluck/engine/constraint';

const tooMuch =
  'This takes more work than a device gives to an answer. Make it smaller: fewer choices, shorter patterns, fewer repetitions within one another.';

/** Behind its words, the engine shows the lines of the grammar, each with its number. */
const shownLines = /\n *\d+ \| /;

const unimplemented = 'Unimplemented keys: [';

/**
 * @param kind what the request gave: errors in grammars of one's own have their lines
 * @param message of llguidance, or the hub's own about time and memory
 */
export function refusalWords(kind: GrammarText['kind'], message: string): string {
  const text = (message.split(shownLines, 1)[0] ?? '').replace(/\s+/g, ' ').trim();
  const found = <T>(pattern: RegExp, say: (one: string) => T): T | undefined => {
    const one = pattern.exec(text)?.[1];
    return one === undefined ? undefined : say(one);
  };
  const said =
    unimplementedWords(text) ??
    found(
      /Unknown format: (.{1,100})/,
      (format) => `The hub does not know the format '${format}'. Leave it out.`,
    ) ??
    found(/Invalid type: (\S{1,100})/, (type) => `JSON Schema has no type '${type}'.`) ??
    found(/Pointer '(.{1,200}?)' does not exist/, (pointer) => `The schema has no part '#${pointer}'.`) ??
    found(
      /(look-around)/,
      () => "The hub can't hold an answer to look-ahead or look-behind. Write the expression without it.",
    ) ??
    found(/(oneOf)/, () => "The choices of 'oneOf' may overlap. Take 'anyOf' instead.") ??
    found(
      /(unsatisfiable|matches no|is empty|empty language)/i,
      () => 'No answer can be what this asks for.',
    ) ??
    found(/regex parse error.*error: (.{1,200})/, (reason) => `The expression can't be read: ${reason}.`) ??
    found(
      /(regex parse error|invalid regex|failed to parse regex)/i,
      () => "The expression can't be read.",
    ) ??
    (kind === 'lark' ? grammarWords(text) : undefined) ??
    found(/(It took (?:longer|more memory) than.*)/, (reason) => reason) ??
    found(
      /(items|too (?:many|large|big|complex|deep)|limit|fuel|bias|lexer|expressions constructed|unable to determine)/i,
      () => tooMuch,
    );
  if (said !== undefined) return said;
  if (kind === 'lark') return `The grammar can't be read: ${text.slice(0, 200)}.`;
  return kind === 'regex'
    ? "The hub can't hold an answer to this expression. Make it simpler."
    : "The hub can't hold an answer to this schema. Make it simpler.";
}

/** As a pattern, this would take time by the square of how often the words come. */
function unimplementedWords(text: string): string | undefined {
  const start = text.indexOf(unimplemented);
  const end = text.indexOf(']', start + unimplemented.length);
  if (start < 0 || end < 0) return undefined;
  const keys = text.slice(start + unimplemented.length, end);
  const names = [...keys.matchAll(/"([^"]+)"/g)].map(([, name]) => `'${name}'`).join(', ');
  return `The hub can't hold an answer to ${names}. Leave ${names.includes(',') ? 'them' : 'it'} out.`;
}

/** Of errors in a grammar of one's own. @returns undefined where the engine says neither where nor what is wrong */
function grammarWords(text: string): string | undefined {
  if (text === 'no start rule found') return "The grammar has no rule 'start', with which answers begin.";
  if (text.startsWith('NoExtensionBias'))
    return `A rule that only refers to itself has no end: look for one. If there is none: ${tooMuch}`;
  const [, line, column, reason = ''] = /^(?:at )?(?:<\w+>)?(\d+)\((\d+)\): (.{1,300})/.exec(text) ?? [];
  return line === undefined ? undefined : `Line ${line}, column ${column}: ${reasonWords(reason)}.`;
}

function reasonWords(reason: string): string {
  if (reason === 'lexer error')
    return 'this is no sign of a grammar; a text or an expression may lack its end, or have an unknown escape';
  const [, wanted, found = ''] = /^Expected token (.+?), found (.+?) \(at /.exec(reason) ?? [];
  if (wanted !== undefined) return `${wanted} is expected, and ${signWords(found)} is there`;
  if (/^Expected value/.test(reason)) return 'a text, an expression or the name of a rule is expected';
  if (/^expecting rule/i.test(reason)) return 'the name of a rule is expected';
  const [, token] = /^unknown special token: "(.+?)"/.exec(reason) ?? [];
  return token === undefined ? reason : `the model has no special token ${token}`;
}

/** As the engine writes what it found. */
const signWords = (sign: string): string =>
  ({ "'\\n'": 'the end of the line', '"string..."': 'a text' })[sign] ?? sign;
