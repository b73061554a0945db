/**
 * llama.cpp's GBNF as llguidance's Lark. Rules that do not come back to themselves become terminals, which are one regular
 * expression each; where GBNF means signs one by one, so does that. Pure; as long as its result may be is bounded.
 */

import { namesIn, type GbnfNode as Node } from './gbnfNode.ts';
import { findTerminals } from './gbnfTerminals.ts';

/** Longest grammar, in characters: reading one takes the hub's time. The longest of llama.cpp's own examples has 5 KB. */
const maxGrammar = 32 * 1024;
/** Longest result, in characters: repetition within repetition stays as it is, so grammars hardly grow. */
const maxResult = 1024 * 1024;
const maxDepth = 64;
/** Most that a count may say. llama.cpp takes 2,000. */
const maxCount = 9999;

/** Thrown where a grammar is not understood; the message says where. */
export class GbnfError extends Error {
  override readonly name = 'GbnfError';
}

/** True where a text looks like GBNF, and not like Lark. */
export function isGbnf(text: string): boolean {
  return /^[ \t]*[\w-]+[ \t]*::=/m.test(text);
}

/**
 * What the first rule has in the place of GBNF's `::=`, which other notations write so, and Lark does not.
 * @returns undefined where the text may be GBNF or Lark
 */
export function signOfOtherNotation(text: string): string | undefined {
  return /^(?:\s|(?:#|\/\/)[^\n]*\n)*[\w-]+[ \t]*(:=|=|->|→)/.exec(text)?.[1];
}

/** @throws GbnfError */
export function gbnfToLark(text: string): string {
  if (text.length > maxGrammar) throw new GbnfError(`the grammar has more than ${maxGrammar} characters`);
  const rules = new Parser(text).rules();
  if (!rules.has('root')) throw new GbnfError("the grammar has no rule 'root', with which answers begin");
  for (const node of rules.values()) {
    for (const name of namesIn(node)) {
      if (!rules.has(name)) throw new GbnfError(`the grammar has no rule '${name}', which it names`);
    }
  }
  // `findTerminals` adds the rules into which it parts others.
  const terminals = findTerminals(rules);
  const names = new Map(
    [...rules.keys()].map((name, index) => [
      name,
      name === 'root' ? 'start' : `${terminals.has(name) ? 'T' : 'r'}${index}`,
    ]),
  );
  const lines = [...rules].map(([name, node]) => {
    if (name === 'root' && terminals.has(name)) return `start: ROOT\nROOT: ${written(node, names)}`;
    return `${names.get(name) ?? ''}: ${written(node, names)}`;
  });
  const lark = `%llguidance {}\n${lines.join('\n')}\n`;
  if (lark.length > maxResult) throw new GbnfError(`the grammar takes more than ${maxResult} characters`);
  return lark;
}

function written(node: Node, names: ReadonlyMap<string, string>): string {
  switch (node.type) {
    case 'text':
      return JSON.stringify(node.text);
    case 'class':
      return `/${node.pattern}/`;
    case 'rule':
      return names.get(node.name) ?? '';
    case 'repeat': {
      const inner = `(${written(node.node, names)})`;
      const { least, most } = node;
      if (most === undefined && least < 2) return `${inner}${least === 0 ? '*' : '+'}`;
      if (least === 0 && most === 1) return `${inner}?`;
      return `${inner}{${least},${most ?? ''}}`;
    }
    case 'sequence':
      return node.nodes.length === 0 ? '""' : node.nodes.map((one) => written(one, names)).join(' ');
    case 'choice':
      return node.nodes.length === 1 && node.nodes[0]
        ? written(node.nodes[0], names)
        : `(${node.nodes.map((one) => written(one, names)).join(' | ')})`;
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  rules(): Map<string, Node> {
    const rules = new Map<string, Node>();
    for (this.#skip(true); this.#at < this.#text.length; this.#skip(true)) {
      const name = this.#match(/[\w-]+/y) ?? this.#fail('the name of a rule');
      this.#skip(false);
      if (this.#match(/::=/y) === undefined) this.#fail("'::='");
      this.#skip(true);
      const node = this.#choice(0);
      if (rules.has(name)) throw new GbnfError(`the grammar has two rules '${name}'`);
      rules.set(name, node);
      this.#skip(false);
      if (this.#at < this.#text.length && this.#match(/\r?\n/y) === undefined) this.#fail('a new line');
    }
    return rules;
  }

  #choice(depth: number): Node {
    if (depth > maxDepth)
      throw new GbnfError(`the grammar has more than ${maxDepth} groups within one another`);
    const nodes = [this.#sequence(depth)];
    for (;;) {
      this.#skip(depth > 0);
      // A choice may go on in the next line.
      if (this.#match(/\s*\|/y) === undefined) break;
      this.#skip(true);
      nodes.push(this.#sequence(depth));
    }
    return { type: 'choice', nodes };
  }

  #sequence(depth: number): Node {
    const nodes: Node[] = [];
    for (;;) {
      this.#skip(depth > 0);
      const node = this.#item(depth);
      if (!node) break;
      nodes.push(this.#repeated(node));
    }
    return { type: 'sequence', nodes };
  }

  #item(depth: number): Node | undefined {
    const sign = this.#text[this.#at];
    if (sign === '"') return this.#literal();
    if (sign === '[') return this.#class();
    if (sign === '.') {
      this.#at++;
      return { type: 'class', pattern: '(?s:.)' };
    }
    if (sign === '(') {
      this.#at++;
      const node = this.#choice(depth + 1);
      this.#skip(true);
      if (this.#match(/\)/y) === undefined) this.#fail("')'");
      return node;
    }
    const name = this.#match(/[\w-]+/y);
    return name === undefined ? undefined : { type: 'rule', name };
  }

  #repeated(node: Node): Node {
    const sign = this.#match(/[*+?]/y);
    if (sign === '*') return { type: 'repeat', node, least: 0, most: undefined };
    if (sign === '+') return { type: 'repeat', node, least: 1, most: undefined };
    if (sign === '?') return { type: 'repeat', node, least: 0, most: 1 };
    const place = this.#place();
    const counts = this.#match(/\{\s*\d+\s*(,\s*(\d+)?\s*)?\}/y);
    if (counts === undefined) return this.#text[this.#at] === '{' ? this.#fail("'{2}' or '{1,5}'") : node;
    const [least = '0', most] = counts
      .slice(1, -1)
      .split(',')
      .map((count) => count.trim());
    const end = most === undefined ? Number(least) : most === '' ? undefined : Number(most);
    if (Math.max(Number(least), end ?? 0) > maxCount) {
      const shown = counts.length > 30 ? `${counts.slice(0, 30)}…` : counts;
      throw new GbnfError(`the grammar has too many repetitions, ${shown}, in ${place}: at most ${maxCount}`);
    }
    return { type: 'repeat', node, least: Number(least), most: end };
  }

  #literal(): Node {
    this.#at++;
    let text = '';
    while (this.#text[this.#at] !== '"') text += String.fromCodePoint(this.#codePoint());
    this.#at++;
    return { type: 'text', text };
  }

  #class(): Node {
    this.#at++;
    const isNegated = this.#match(/\^/y) !== undefined;
    let pattern = isNegated ? '[^' : '[';
    let count = 0;
    while (this.#text[this.#at] !== ']') {
      const isRange = count > 0 && this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']';
      if (isRange) {
        this.#at++;
        pattern += `-\\x{${this.#codePoint().toString(16)}}`;
      } else pattern += `\\x{${this.#codePoint().toString(16)}}`;
      count++;
    }
    this.#at++;
    if (count === 0) throw new GbnfError('the grammar has an empty class of signs, []');
    return { type: 'class', pattern: `${pattern}]` };
  }

  /** The next sign of a literal or a class. */
  #codePoint(): number {
    const escape = this.#match(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/y);
    if (escape !== undefined) {
      const kind = escape[1] ?? '';
      if (escape.length > 2) {
        const point = Number.parseInt(escape.slice(2), 16);
        return point <= 0x10ffff ? point : this.#fail('a character');
      }
      const known = { n: 10, r: 13, t: 9 }[kind];
      return known ?? kind.codePointAt(0) ?? this.#fail('an escape');
    }
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) return this.#fail('the end of a literal or a class');
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  /** @param lines also over line ends, where nothing else tells that the rule goes on */
  #skip(lines: boolean): void {
    this.#match(lines ? /(?:\s|#[^\n]*)*/y : /(?:[ \t]|#[^\n]*)*/y);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(expected: string): never {
    throw new GbnfError(`the grammar needs ${expected} in ${this.#place()}`);
  }

  #place(): string {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    return `line ${line}, column ${column}`;
  }
}
