/**
 * Parts an answer into what the model thinks, what it says and which tools it calls, as it comes. What looks like a call
 * and is none, or was cut, is text: nothing of an answer is lost.
 */
import type { Marks, ResponseFormat } from '../../models/responseFormat.ts';
import { lengthOfStart } from '../lengthOfStart.ts';
import { firstOf } from './firstOf.ts';
import { addText, type OutputPart } from './outputPart.ts';
import { readCalls } from './readCalls.ts';

export interface OutputReaderInit {
  format: ResponseFormat;
  /** True where tools may be called; otherwise what looks like a call is text. */
  readsCalls: boolean;
  /** True where thinking is parted from the rest. */
  partsReasoning: boolean;
  /** The end of the prompt: templates may begin to think on the model's behalf. */
  promptEnd: string;
}

type Region =
  | { type: 'text' }
  | { type: 'reasoning'; marks: Marks }
  /** The lead is blanks before it, which are text where it turns out to be no call. */
  | { type: 'calls'; marks: Marks; lead: string }
  /** Of harmony: the header of a message, and a message to a tool. */
  | { type: 'header' | 'call-message'; marks: Marks; name?: string };

const harmonyEnd = ['<|end|>', '<|return|>', '<|call|>', '<|start|>'];
const header: Marks = { open: '<|channel|>', close: ['<|message|>'] };

export class OutputReader {
  readonly #init: OutputReaderInit;
  #region: Region = { type: 'text' };
  /** What may be the beginning of a mark. */
  #held = '';
  /** What came before it of a call or a header, in pieces. */
  #collected: string[] = [];
  /** Blanks of text that were not given out yet: beside a mark they belong to nobody. */
  #blanks = '';
  #dropsBlanks = false;
  /** True until text was given out. */
  #isStart = true;

  constructor(init: OutputReaderInit) {
    this.#init = init;
    const { reasoning, isHarmony } = init.format;
    if (reasoning && init.partsReasoning && init.promptEnd.trimEnd().endsWith(reasoning.open)) {
      this.#region = { type: 'reasoning', marks: reasoning };
    }
    if (isHarmony) this.#region = { type: 'header', marks: { open: '', close: header.close } };
  }

  /** True while the model thinks. */
  get isReasoning(): boolean {
    return this.#region.type === 'reasoning';
  }

  /** Takes more of the answer. */
  add(text: string): OutputPart[] {
    this.#held += text;
    const parts: OutputPart[] = [];
    while (this.#step(parts));
    return parts;
  }

  /** @returns what was held back, once the answer has ended */
  finish(): OutputPart[] {
    const parts: OutputPart[] = [];
    const region = this.#region;
    const rest = this.#takeAll(this.#held.length);
    switch (region.type) {
      case 'calls':
        this.#calls(parts, region, rest, '');
        break;
      case 'call-message':
        this.#message(parts, region, rest);
        break;
      case 'header':
        // A message whose header never ended is whatever it is.
        if (rest.trim() !== '') this.#text(parts, rest.replace(/^<\|channel\|>\w*/, ''));
        break;
      default:
        this.#give(parts, rest);
    }
    this.#region = { type: 'text' };
    if (this.#blanks !== '' && !this.#dropsBlanks) addText(parts, 'text', this.#blanks);
    this.#blanks = '';
    return parts;
  }

  /** Looks for the next mark. @returns true where one was found, so that there may be more */
  #step(parts: OutputPart[]): boolean {
    const marks = this.#marks();
    const found = firstOf(this.#held, marks);
    if (found) {
      const before = this.#takeAll(found.index);
      this.#take(found.mark.length);
      this.#cross(parts, before, found.mark);
      return true;
    }
    const possible = lengthOfStart(this.#held, marks);
    const safe = this.#held.length - possible;
    if (this.#region.type === 'text' || this.#region.type === 'reasoning') {
      this.#give(parts, this.#take(safe));
    } else this.#collected.push(this.#take(safe));
    return false;
  }

  /** Marks that end this region. */
  #marks(): string[] {
    const region = this.#region;
    const { format, readsCalls, partsReasoning } = this.#init;
    if (region.type === 'reasoning') {
      // Some models call a tool without having ended their thoughts.
      const calls = readsCalls && format.calls && !format.calls.onlyAtStart ? [format.calls.open] : [];
      return [...region.marks.close, ...calls];
    }
    if (region.type !== 'text') return region.marks.close;
    if (format.isHarmony) return ['<|channel|>', ...harmonyEnd];
    const isCallPossible = readsCalls && format.calls && (!format.calls.onlyAtStart || this.#isStart);
    return [
      ...(partsReasoning && format.reasoning ? [format.reasoning.open] : []),
      ...(isCallPossible && format.calls ? [format.calls.open] : []),
      ...(isCallPossible && format.calls?.tag !== undefined ? [format.calls.tag] : []),
    ];
  }

  #cross(parts: OutputPart[], before: string, mark: string): void {
    const region = this.#region;
    const { reasoning, calls, isHarmony } = this.#init.format;
    const opens = (marks: Marks | undefined): marks is Marks => marks?.open === mark;
    const isCall = calls !== undefined && [calls.open, calls.tag].includes(mark);
    switch (region.type) {
      case 'calls':
        this.#region = { type: 'text' };
        this.#calls(parts, region, before, mark);
        return;
      case 'header':
        this.#region = this.#messageRegion(before);
        return;
      case 'call-message':
        this.#message(parts, region, before);
        this.#region = { type: 'header', marks: header };
        return;
      default:
        if (isHarmony) {
          this.#give(parts, before);
          this.#region = { type: 'header', marks: header };
          return;
        }
        if (region.type === 'text' && isCall && calls.onlyAtStart && before.trim() !== '') {
          this.#give(parts, before + mark);
          return;
        }
        this.#give(parts, before);
        if (isCall) {
          this.#region = { type: 'calls', marks: { ...calls, open: mark }, lead: this.#blanks };
        } else if (region.type === 'text' && opens(reasoning))
          this.#region = { type: 'reasoning', marks: reasoning };
        else this.#region = { type: 'text' };
        this.#blanks = '';
        this.#dropsBlanks = true;
    }
  }

  /** @param head such as `assistant<|channel|>commentary to=functions.f <|constrain|>json` */
  #messageRegion(head: string): Region {
    const recipient = /\bto=(?:functions\.)?([\w.-]+)/.exec(head)?.[1];
    const channel = /(?:<\|channel\|>|^)\s*(analysis|commentary|final)\b/.exec(head)?.[1];
    if (recipient !== undefined && recipient !== 'assistant') {
      return { type: 'call-message', marks: { open: '', close: harmonyEnd }, name: recipient };
    }
    const isThought = channel === 'analysis' && this.#init.partsReasoning;
    return isThought ? { type: 'reasoning', marks: { open: '', close: harmonyEnd } } : { type: 'text' };
  }

  /** A message to a tool. */
  #message(parts: OutputPart[], region: Region & { name?: string }, text: string): void {
    const [call] = readCalls(`{"name":${JSON.stringify(region.name)},"arguments":${text}}`, 'json') ?? [];
    if (call && this.#init.readsCalls) parts.push({ type: 'tool-call', ...call });
    else this.#text(parts, text);
  }

  #calls(
    parts: OutputPart[],
    { marks, lead }: Region & { type: 'calls' },
    text: string,
    close: string,
  ): void {
    const { calls } = this.#init.format;
    const read = readCalls(
      calls?.onlyAtStart && marks.open !== calls.tag ? marks.open + text : text,
      calls?.notation ?? 'json',
    );
    if (read) {
      parts.push(...read.map((call) => ({ type: 'tool-call' as const, ...call })));
      return;
    }
    this.#dropsBlanks = false;
    this.#text(parts, lead + marks.open + text + close);
  }

  /** Gives out what stands in text or in thoughts. */
  #give(parts: OutputPart[], text: string): void {
    if (this.#region.type === 'reasoning') {
      if (text !== '') addText(parts, 'reasoning', text);
    } else this.#text(parts, text);
  }

  /** Blanks wait for what follows them at the start, and everywhere where a call may follow. */
  #text(parts: OutputPart[], text: string): void {
    const { readsCalls, partsReasoning } = this.#init;
    const whole = this.#blanks + text;
    const shown = this.#dropsBlanks ? whole.trimStart() : whole;
    this.#blanks = '';
    if (shown === '') return;
    this.#dropsBlanks = false;
    const waits = readsCalls || (partsReasoning && this.#isStart && shown.trim() === '');
    const given = waits ? shown.trimEnd() : shown;
    this.#blanks = shown.slice(given.length);
    if (given === '') return;
    this.#isStart = false;
    addText(parts, 'text', given);
  }

  /** Takes what was collected, and the first characters of what is held. */
  #takeAll(length: number): string {
    const all = this.#collected.join('') + this.#take(length);
    this.#collected = [];
    return all;
  }

  /** Takes the first characters of what is held. */
  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}
