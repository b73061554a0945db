/**
 * Parts an answer as the model's own response template says. What looks like a call and is none, or was cut, is text:
 * nothing of an answer is lost.
 */
import {
  isImplicit,
  literalStart,
  thoughtFields,
  type ResponseTemplate,
  type TemplateField,
} from '../../models/responseTemplate.ts';
import { lengthOfStart } from '../lengthOfStart.ts';
import { boundedMatch, compilePattern } from '../../models/boundedMatch.ts';
import { firstOf } from './firstOf.ts';
import { addText, type OutputPart } from './outputPart.ts';
import type { OutputReaderInit } from './outputReader.ts';
import { readCallsOf } from './readField.ts';

/** What a field is for who reads the answer. */
type Kind = 'text' | 'reasoning' | 'calls' | 'other';

function kindOf(name: string): Kind {
  if (name === 'content') return 'text';
  if (name === 'tool_calls') return 'calls';
  return thoughtFields.includes(name) ? 'reasoning' : 'other';
}

/** One way in which a region opens or closes. */
interface Delimiter {
  literals: string[];
  pattern?: RegExp;
  /** Letters with which the pattern's text begins. */
  start?: string;
  /** True once a search took too long: this answer is read without it. */
  isGivenUp?: boolean;
}

/** A field with delimiters of its own. */
interface Explicit {
  kind: Kind;
  field: TemplateField;
  open: Delimiter;
  close: Delimiter;
}

interface Region {
  kind: Kind;
  field: TemplateField | undefined;
  close: Delimiter;
  /** As it stood in the text. */
  opening: string;
  captures: Record<string, string>;
}

interface Found {
  index: number;
  text: string;
  captures: Record<string, string>;
}

/** A pattern that fits no text of this length from its first letters on fits none. */
const mostPatternCharacters = 1024;

export class TemplateReader {
  readonly #init: Pick<OutputReaderInit, 'readsCalls' | 'partsReasoning'>;
  readonly #explicit: Explicit[];
  readonly #outside: Region;
  readonly #anchors: string[];
  #region: Region;
  #held = '';
  /** Of a call, and of text outside of all regions, before what is held. */
  #collected: string[] = [];
  /** Blanks of this region that were not given out yet: at both its ends they belong to nobody. */
  #blanks = '';
  #isRegionStart = true;
  /** True while the end of the prompt is read, of which nothing is part of the answer. */
  #isPrompt = true;
  /** True once no more text comes. */
  #isOver = false;

  constructor(
    init: Pick<OutputReaderInit, 'readsCalls' | 'partsReasoning' | 'promptEnd'>,
    template: ResponseTemplate,
  ) {
    this.#init = init;
    const fields = Object.entries(template.fields).map(([name, field]) => ({
      kind: kindOf(name),
      field,
    }));
    this.#explicit = fields
      .filter(({ field }) => !isImplicit(field))
      .map((one) => ({
        ...one,
        open: delimiter(one.field.open, one.field.open_pattern),
        close: delimiter(one.field.close, one.field.close_pattern),
      }));
    const implicit = fields.find(({ field }) => isImplicit(field));
    this.#outside = {
      kind: implicit?.kind ?? 'other',
      field: implicit?.field,
      close: { literals: [] },
      opening: '',
      captures: {},
    };
    this.#anchors = template.start_anchor ?? [];
    this.#region = this.#outside;
    this.add(afterAnchor(init.promptEnd, template));
    this.#isPrompt = false;
  }

  /** True while the model thinks. */
  get isReasoning(): boolean {
    return this.#region.kind === 'reasoning';
  }

  /** Takes more of the answer. */
  add(text: string): OutputPart[] {
    this.#held += text;
    const parts: OutputPart[] = [];
    while (this.#step(parts));
    return this.#isPrompt ? [] : parts;
  }

  /** @returns what was held back, once the answer has ended */
  finish(): OutputPart[] {
    const parts: OutputPart[] = [];
    this.#isOver = true;
    while (this.#step(parts));
    this.#give(parts, this.#take(this.#held.length));
    this.#end(parts, '', {}, true);
    return parts;
  }

  /** @returns true where a delimiter was found, so that there may be more */
  #step(parts: OutputPart[]): boolean {
    const isOutside = this.#region === this.#outside;
    const candidates = isOutside
      ? this.#explicit.map((one) => ({ delimiter: one.open, opened: one }))
      : [{ delimiter: this.#region.close, opened: undefined }];
    let first: (Found & { opened: Explicit | undefined }) | undefined;
    let waits = this.#held.length;
    for (const { delimiter: one, opened } of candidates) {
      const found = find(this.#held, one, this.#isOver);
      if ('text' in found) {
        const isEarlier = !first || found.index < first.index;
        const isLonger = first?.index === found.index && found.text.length > first.text.length;
        if (isEarlier || isLonger) first = { ...found, opened };
      } else waits = Math.min(waits, found.from);
    }
    // What began earlier may still turn out to be a delimiter.
    if (!first || first.index > waits) {
      this.#give(parts, this.#take(waits));
      return false;
    }
    this.#give(parts, this.#take(first.index));
    this.#take(first.text.length);
    if (!first.opened) {
      this.#end(parts, first.text, first.captures);
      return true;
    }
    this.#end(parts, '', {});
    const { kind, field, close } = first.opened;
    this.#begin({ kind, field, close, opening: first.text, captures: first.captures });
    return true;
  }

  #begin(region: Region): void {
    this.#region = region;
    this.#isRegionStart = true;
    this.#blanks = '';
    this.#collected = [];
  }

  /** @param closing as it stood in the text */
  #end(parts: OutputPart[], closing: string, captures: Record<string, string>, isLast = false): void {
    const { kind, field, opening, captures: opened } = this.#region;
    const text = this.#collected.join('');
    if (this.#region === this.#outside && kind === 'other') this.#text(parts, this.#withoutAnchors(text));
    else if (this.#collects && field) {
      const reads = kind === 'calls' && this.#init.readsCalls;
      // A call may end with the answer, but not where its template says what has to close it.
      const calls = reads ? readCallsOf(field, text, { ...opened, ...captures }) : undefined;
      if (calls) parts.push(...calls.map((call) => ({ type: 'tool-call' as const, ...call })));
      else this.#text(parts, opening + text + closing);
    }
    if (!isLast) this.#begin(this.#outside);
  }

  /** True where a region's text is needed whole. */
  get #collects(): boolean {
    const { kind } = this.#region;
    if (kind === 'reasoning') return !this.#init.partsReasoning;
    return kind !== 'text';
  }

  #give(parts: OutputPart[], text: string): void {
    if (text === '') return;
    if (this.#collects) {
      this.#collected.push(text);
      return;
    }
    const keepsBlanks = this.#region.field?.content_args['strip'] === false;
    const whole = this.#blanks + text;
    const shown = this.#isRegionStart && !keepsBlanks ? whole.trimStart() : whole;
    const given = keepsBlanks ? shown : shown.trimEnd();
    this.#blanks = shown.slice(given.length);
    if (given === '') return;
    this.#isRegionStart = false;
    addText(parts, this.#region.kind === 'reasoning' ? 'reasoning' : 'text', given);
  }

  #text(parts: OutputPart[], text: string): void {
    if (text.trim() !== '') addText(parts, 'text', text);
  }

  /** Some formats begin each of their messages anew. */
  #withoutAnchors(text: string): string {
    return this.#anchors.reduce((rest, anchor) => rest.replaceAll(anchor.trim(), ''), text);
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}

function delimiter(literals: string[] | undefined, pattern: string | undefined): Delimiter {
  if (pattern === undefined) return { literals: literals ?? [] };
  return { literals: [], pattern: compilePattern(pattern, 'y'), start: literalStart(pattern) };
}

/** @returns what was found, or from where on something may still become it */
function find(text: string, searched: Delimiter, isOver: boolean): Found | { from: number } {
  const { literals, pattern, start = '' } = searched;
  const first = firstOf(text, literals);
  if (first) return { index: first.index, text: first.mark, captures: {} };
  if (!pattern || searched.isGivenUp) return { from: text.length - lengthOfStart(text, literals) };
  for (let index = text.indexOf(start); index >= 0; index = text.indexOf(start, index + 1)) {
    const window = text.slice(index, index + mostPatternCharacters);
    const found = boundedMatch(pattern, window);
    if (found === undefined) {
      searched.isGivenUp = true;
      return { from: text.length };
    }
    // What fits to the end of the text may fit more of it.
    const isWhole = isOver || index + (found?.[0].length ?? 0) < text.length;
    if (found && isWhole) return { index, text: found[0], captures: { ...found.groups } };
    if (window.length < mostPatternCharacters) return { from: index };
  }
  return { from: text.length - lengthOfStart(text, [start]) };
}

/** The part of the prompt that belongs to the message that the answer goes on with. */
function afterAnchor(
  prompt: string,
  { start_anchor: anchors = [], start_anchor_pattern: source }: ResponseTemplate,
): string {
  const ends = anchors.map((anchor) => {
    const index = prompt.lastIndexOf(anchor);
    return index < 0 ? -1 : index + anchor.length;
  });
  if (source !== undefined) {
    const pattern = compilePattern(source);
    let rest = prompt;
    for (;;) {
      const found = boundedMatch(pattern, rest);
      if (!found || found[0] === '') break;
      rest = rest.slice(found.index + found[0].length);
      ends.push(prompt.length - rest.length);
    }
  }
  return prompt.slice(Math.max(0, ...ends));
}
