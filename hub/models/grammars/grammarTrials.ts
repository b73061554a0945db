/**
 * Tries grammars before any worker sees them, in a process that can be ended: they come from whoever asks, and may take as
 * long as they like. What was tried is remembered.
 */
import { createHash } from 'node:crypto';
import type { GrammarText } from '@potluck/engine/constraint';
import { EncodingLane } from '../encoding/encodingLane.ts';
import { Remembered } from '../remembered.ts';

/** What the process is asked. */
export interface GrammarTask {
  grammar: GrammarText;
  /** Tokens that the grammar may name, with their texts. */
  marks: [token: number, text: string][];
}

/** What is known of a grammar that can be used. */
export interface TriedGrammar {
  /** Its shortest answer, as far as one was found. */
  shortest?: string;
  /** True where it allows an empty answer and no other one. */
  isEmpty?: boolean;
}

export interface GrammarTrialsInit {
  /** Most processor time for one grammar, in milliseconds. Default: five seconds. */
  processorMs?: number;
}

/** Grammars of which is remembered what came of them. */
const mostRemembered = 512;

export class GrammarTrials {
  readonly #lane: EncodingLane<GrammarTask, TriedGrammar>;
  /** None that failed: that may have been the signal's, or the machine's. */
  readonly #known = new Remembered<TriedGrammar>(mostRemembered);

  constructor({ processorMs = 5000 }: GrammarTrialsInit = {}) {
    this.#lane = new EncodingLane<GrammarTask, TriedGrammar>({
      work: {
        thread: new URL('./grammarThread.ts', import.meta.url),
        given: '',
        tooLong: (seconds) => `It took longer than ${seconds} s to prepare. Make it simpler.`,
        lost: 'It took more memory than the hub gives to it. Make it simpler.',
      },
      processorMs,
      heapMegabytes: 256,
      idleMs: 10 * 60_000,
    });
  }

  /**
   * @param share whose grammar it is: each share gets its turn
   * @throws ModelError with what is wrong; EncodingError where it takes too much time or memory; the signal's reason
   */
  async try(task: GrammarTask, share: string, signal: AbortSignal): Promise<TriedGrammar> {
    const key = createHash('sha256').update(JSON.stringify(task)).digest('hex');
    const run = (): Promise<TriedGrammar> => this.#lane.run(task, share, task.grammar.text.length, signal);
    let isOwn = false;
    const trial = this.#known.get(key, () => {
      isOwn = true;
      return run();
    });
    if (isOwn) return trial;
    try {
      return await trial;
    } catch {
      // It was somebody else's, who may have gone away.
      return run();
    }
  }
}
