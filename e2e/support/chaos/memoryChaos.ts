/** Answers under way in a grid of this process while its workers are lost in every way: each must end with its own tokens. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../../hub/testing/seededRandom.ts';
import {
  countDisturbance,
  countLosses,
  lossCount,
  noResult,
  type ChaosInit,
  type ChaosResult,
} from './chaosResult.ts';
import { faults, type FaultContext } from './faults.ts';
import { RefusedAnswer } from '../askAgain.ts';
import { MemoryGrid, type GridAnswer, type Question } from './memoryGrid.ts';

export interface MemoryChaosInit extends ChaosInit {
  /** Longest prompt, in tokens. */
  promptTokens: number;
  /** Milliseconds of a step. */
  stepMs: number;
  /** Milliseconds between two losses, at most. */
  everyMs: number;
  /** Kinds of losses; default: all. */
  kinds?: readonly string[];
}

/** An answer that does not go on for so long never will. */
const stuckMs = 150_000;

/** @param say told each loss and each disturbed answer, for people */
export async function runMemoryChaos(
  init: MemoryChaosInit,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const random = seededRandom(init.seed);
  const shaped = Math.floor(random() * 4);
  const { stages, spares, stepMs } = init;
  // None, some or all layers round as kernels do.
  const isShaped = (layer: number): boolean =>
    shaped === 1 ? layer < 3 : shaped === 2 ? layer >= 3 : shaped === 3;
  const grid = await MemoryGrid.start({ stages, workers: stages + spares, stepMs, isShaped });
  try {
    return await new MemoryChaos(grid, init, { random, say }).run();
  } finally {
    await grid.close();
  }
}

class MemoryChaos {
  readonly #grid: MemoryGrid;
  readonly #init: MemoryChaosInit;
  readonly #context: FaultContext;
  readonly #result = noResult();
  readonly #questions: Question[];
  readonly #pending = new Set<Promise<void>>();
  #expected: GridAnswer[] = [];
  #isOver = false;

  constructor(
    grid: MemoryGrid,
    init: MemoryChaosInit,
    { random, say }: Pick<FaultContext, 'random' | 'say'>,
  ) {
    this.#grid = grid;
    this.#init = init;
    const later = (milliseconds: number, act: () => void): void => {
      const acting = pause(milliseconds).then(() => {
        act();
        this.#pending.delete(acting);
      });
      this.#pending.add(acting);
    };
    this.#context = { grid, random, later, say };
    this.#questions = Array.from({ length: init.concurrent }, (_, index) =>
      drawQuestion(init, index, random),
    );
  }

  async run(): Promise<ChaosResult> {
    this.#expected = await Promise.all(this.#questions.map((question) => this.#grid.ask(question)));
    const answering = this.#questions.map((_, index) => this.#answerForEver(index));
    await this.#lose();
    this.#isOver = true;
    const ended = await Promise.race([
      Promise.all(answering).then(() => true),
      pause(stuckMs, false, { ref: false }),
    ]);
    if (!ended) this.#result.wrong.push(`${this.#grid.hub.generator.running.length} answers never ended`);
    await Promise.all(this.#pending);
    return this.#result;
  }

  async #lose(): Promise<void> {
    const { random, say } = this.#context;
    const kinds = this.#init.kinds ?? Object.keys(faults);
    for (let turn = 0; lossCount(this.#result) < this.#init.losses; turn++) {
      await pause((0.2 + 0.8 * random()) * this.#init.everyMs);
      // Each kind in turn, so that none is forgotten; where and when is drawn.
      const kind = kinds[turn % kinds.length] as string;
      const lost = (await faults[kind]?.(this.#context)) ?? 0;
      if (lost === 0) continue;
      countLosses(this.#result, kind, lost);
      say(`${kind}: ${lost} lost`);
    }
  }

  async #answerForEver(index: number): Promise<void> {
    const { wrong, refusals, givenUp } = this.#result;
    // One more after the last loss, so that each loss hits somebody.
    for (let isLast = false; !isLast;) {
      isLast = this.#isOver;
      try {
        this.#judge(index, await this.#grid.ask(this.#questions[index] as Question));
      } catch (error) {
        if (error instanceof RefusedAnswer) {
          (this.#grid.wasAccepted(error.id) ? givenUp : refusals).push(error.message);
          await pause(200);
        } else wrong.push(`answer ${index}: ${String(error)}`);
      }
    }
  }

  #judge(index: number, answer: GridAnswer): void {
    const expected = this.#expected[index] as GridAnswer;
    const result = this.#result;
    result.answers++;
    result.begunAnew += answer.begunAnew;
    const at = expected.tokens.findIndex((token, place) => token !== answer.tokens[place]);
    const isSame = isDeepStrictEqual(answer.texts, expected.texts);
    if (at >= 0 || !isSame || answer.tokens.length !== expected.tokens.length) {
      const { prompt, tokens, temperature, choices, stream } = this.#questions[index] as Question;
      result.wrong.push(
        `answer ${index} (${prompt.length} + ${tokens} tokens, temperature ${temperature}, ${choices} choices, ` +
          `${stream ? 'streamed' : 'whole'}) differs at token ${at} ` +
          `after ${answer.replays} replays`,
      );
    }
    if (answer.replays > 0) this.#context.say(countDisturbance(result, index, answer));
  }
}

/** Some begin with the same tokens, so that caches are begun with others'. */
function drawQuestion(init: MemoryChaosInit, index: number, random: () => number): Question {
  const length = 3 + Math.floor(random() ** 3 * init.promptTokens);
  const [shortest, longest] = init.tokens;
  return {
    prompt: Array.from(
      { length },
      (_, place) => 100 + ((place * 37 + (place < 40 ? 0 : index * 101)) % 6000),
    ),
    tokens: Math.round(shortest + random() * (longest - shortest)),
    seed: index,
    temperature: index % 2 === 0 ? 0 : 0.8,
    choices: index % 4 === 3 ? 2 : 1,
    stream: index % 3 !== 0,
  };
}
