/** Answers under way while the hub, workers and tabs are lost: each must end with the words of an undisturbed one. */
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../../hub/testing/seededRandom.ts';
import { askUntilAnswered, RefusedAnswer } from '../askAgain.ts';
import { requestOf } from '../requests.ts';
import {
  countDisturbance,
  countLosses,
  lossCount,
  noResult,
  type ChaosInit,
  type ChaosResult,
} from './chaosResult.ts';
import { ExpectedAnswers, kindsOf } from './expectedAnswers.ts';
import { processFaults, type ProcessFaultContext } from './processFaults.ts';
import { ProcessGrid } from './processGrid.ts';

export interface ProcessChaosInit extends ChaosInit {
  /** Tabs in Chromium, beside the workers; some of the stages are theirs where there are fewer workers than stages. */
  tabs: number;
  /** True where the hub relays all that devices send to each other; default: false. */
  isRelayed?: boolean;
  /** Milliseconds between two losses, at most. */
  everyMs: number;
  /** When no further loss comes, in Unix milliseconds; default: after so many losses. */
  endsAt?: number;
  /** Kinds of losses; default: all. */
  kinds?: readonly string[];
}

const model = 'minimind2-small';
/** The token that ends an answer does not come: what must happen in the middle of one has time for it. */
const goOn = { 2: -100 };
const subjects = ['a river', 'two friends', 'the moon', 'an old clock'];
/** Some 15 tokens, of which a long prompt has many. */
const sentence = 'They walked along the water and told each other what they had seen. ';
const leastStuckMs = 60_000;

/** @param say told each loss and each disturbed answer, for people */
export async function runProcessChaos(
  init: ProcessChaosInit,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const { stages, spares, tabs, isRelayed = false } = init;
  const workers = stages + spares - tabs;
  const ended: string[] = [];
  const onEnded = (what: string): void => void ended.push(what);
  await using grid = await ProcessGrid.start({ stages, workers, tabs, isRelayed, onEnded });
  const result = await new ProcessChaos(grid, init, say).run();
  result.wrong.push(...ended);
  return result;
}

class ProcessChaos {
  readonly #grid: ProcessGrid;
  readonly #init: ProcessChaosInit;
  readonly #say: (line: string) => void;
  readonly #random: () => number;
  readonly #bodies: { stream: boolean; [name: string]: unknown }[];
  readonly #expected = new ExpectedAnswers();
  readonly #result = noResult();
  readonly #meanwhile = new Set<Promise<void>>();
  /** How long the answers took together that nothing disturbed. */
  #undisturbedMs = 0;
  #isOver = false;

  constructor(grid: ProcessGrid, init: ProcessChaosInit, say: (line: string) => void) {
    this.#grid = grid;
    this.#init = init;
    this.#say = say;
    const random = (this.#random = seededRandom(init.seed));
    const [shortest, longest] = init.tokens;
    this.#bodies = Array.from({ length: init.concurrent }, (_, index) => ({
      ...{ model, seed: index, temperature: index % 2 === 0 ? 0 : 0.8, logit_bias: goOn },
      messages: [{ role: 'user', content: questionOf(index) }],
      max_tokens: Math.round(shortest + random() * (longest - shortest)),
      stream: index % 3 !== 2,
    }));
  }

  async run(): Promise<ChaosResult> {
    const began = performance.now();
    await Promise.all(this.#bodies.map((_, index) => this.#answer(index)));
    this.#undisturbedMs = performance.now() - began;
    this.#say(
      `served after ${Math.round(this.#grid.startMs)} ms; ` +
        `undisturbed answers took ${Math.round(this.#undisturbedMs)} ms`,
    );
    const answering = this.#bodies.map((_, index) => this.#answerForEver(index));
    await this.#lose();
    this.#isOver = true;
    const ended = await Promise.race([
      Promise.all(answering).then(() => true),
      pause(this.#stuckMs, false, { ref: false }),
    ]);
    if (!ended) this.#result.wrong.push(`answers never ended: ${await this.#grid.describe()}`);
    await Promise.all(this.#meanwhile);
    return this.#result;
  }

  /** An answer that does not go on for so long never will: as fast as the machine was, its devices could be back several times. */
  get #stuckMs(): number {
    return leastStuckMs + 5 * this.#grid.startMs + 10 * this.#undisturbedMs;
  }

  async #lose(): Promise<void> {
    const { kinds = Object.keys(processFaults), losses, everyMs, endsAt = Infinity } = this.#init;
    const context: ProcessFaultContext = {
      ...{ grid: this.#grid, random: this.#random },
      meanwhile: (work) => {
        const ended = work.finally(() => this.#meanwhile.delete(ended));
        this.#meanwhile.add(ended);
      },
    };
    const mayEndAt = Date.now() + this.#stuckMs;
    for (let turn = 0; lossCount(this.#result) < losses && Date.now() < endsAt; turn++) {
      // Mostly while answers run: a busy machine may take long until it serves again.
      if (this.#random() < 0.8 && !(await this.#servesInTime())) {
        this.#result.wrong.push(`the model was never served again: ${await this.#grid.describe()}`);
        return;
      }
      await pause((0.2 + 0.8 * this.#random()) * everyMs);
      const kind = kinds[turn % kinds.length] as string;
      const lost = await processFaults[kind]?.(context);
      if (lost !== undefined) {
        countLosses(this.#result, kind, 1);
        this.#say(`${kind}: ${lost}`);
      } else if (lossCount(this.#result) === 0 && Date.now() > mayEndAt) {
        this.#result.wrong.push('there was nothing to lose');
        return;
      }
    }
  }

  async #servesInTime(): Promise<boolean> {
    const given = new AbortController();
    const late = pause(this.#stuckMs, false, { signal: given.signal }).catch(() => false);
    const serves = await Promise.race([this.#grid.serves(given.signal).then(() => true), late]);
    given.abort();
    return serves;
  }

  async #answerForEver(index: number): Promise<void> {
    // One more after the last loss, so that each loss hits somebody.
    for (let isLast = false; !isLast;) {
      isLast = this.#isOver;
      try {
        await this.#answer(index);
      } catch (error) {
        if (!(error instanceof RefusedAnswer)) this.#result.wrong.push(`answer ${index}: ${String(error)}`);
        else if (error.message.startsWith('503') || error.message.startsWith('429'))
          this.#result.refusals.push(error.message);
        else this.#result.givenUp.push(error.message);
        await pause(1000);
      }
    }
  }

  async #answer(index: number): Promise<void> {
    const { url } = this.#grid;
    const body = this.#bodies[index] ?? {};
    const { id, texts, begunAnew, reads } = await askUntilAnswered({
      url,
      path: '/v1/chat/completions',
      body,
    });
    const result = this.#result;
    result.answers++;
    result.begunAnew += begunAnew;
    const { route, recovery } = await this.#recordOf(id);
    const kindOf = (name: string): string | undefined => this.#grid.kindOf(name);
    const lostKinds = new Set((recovery?.lost ?? []).flatMap((name) => kindOf(name) ?? []));
    const text = texts.join('');
    const given = { question: index, text, kinds: kindsOf(route, kindOf), crossed: lostKinds.size > 1 };
    const compared = this.#expected.compare(given, recovery !== null);
    if (compared === 'other') {
      const expected = this.#expected.textOf(given);
      // What came over each connection tells whether the hub or its client lost text.
      const details = JSON.stringify({ text, expected, reads, recovery });
      result.wrong.push(`answer ${index} (${id}) over ${route}: ${details}`);
    }
    if (compared === 'unknown') result.notCompared++;
    if (recovery) this.#say(countDisturbance(result, index, recovery));
  }

  /** The hub may just be away. */
  async #recordOf(id: string): ReturnType<typeof requestOf> {
    for (;;) {
      try {
        const record = await requestOf(this.#grid, id);
        if ('route' in record && record.status !== 'running') return record;
      } catch {
        // It comes back.
      }
      await pause(200);
    }
  }
}

/** Every other one is long enough that its prompt is read in several steps. */
function questionOf(index: number): string {
  const asked = `Tell me a story about ${subjects[index % subjects.length]}.`;
  return index % 2 === 1 ? `${index}. ${sentence.repeat(20)}${asked}` : asked;
}
