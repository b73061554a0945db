/** The engine's end of a thread that holds answers to constraints: started with the first one, and ended where it hangs. */
import type { ConstraintDescription } from '@potluck/protocol';
import type { Remote } from 'comlink';
import { CallsUnderWay } from '../rpc/callsUnderWay.ts';
import '../rpc/comlinkErrors.ts';
import type { ConstraintService } from './constraintService.ts';
import { ConstraintError } from './tokenConstraint.ts';

/** A thread, however the host starts one. */
export interface ConstraintThread {
  service: Remote<ConstraintService>;
  end(): void;
}

export interface ConstraintHostInit {
  /** @param lost to be told when the thread ends by itself */
  start: (lost: (reason: string) => void) => ConstraintThread;
  /** Longest set-up for a vocabulary, in milliseconds. Default: two minutes. */
  setUpMs?: number;
  /** Longest answer to anything else, in milliseconds: a grammar was compiled in the hub before. Default: 20 s. */
  answerMs?: number;
  /** The thread ends after so long without an answer, in milliseconds: it holds up to 300 MB. Default: ten minutes. */
  idleMs?: number;
}

/** One answer of one stage. */
export interface HeldAnswer {
  /** Which tokens may come after the first `length` of the answer. @throws ConstraintError */
  mask(length: number): Promise<Uint32Array>;
  /** Takes the token after the first `length`. @returns the token that was taken. @throws ConstraintError */
  take(length: number, token: number): Promise<number>;
  close(): void;
}

export interface ConstraintHost {
  /**
   * Begins to hold an answer: errors come with its first mask.
   * @param vocabulary blob of the model's tokens; the same object for the same model
   */
  open(vocabulary: Uint8Array, answer: AnswerToHold): HeldAnswer;
  end(): void;
}

export interface AnswerToHold {
  description: ConstraintDescription;
  /** Tokens of the answer that are there already. */
  answered: readonly number[];
  /** Longest answer, in tokens. */
  mostTokens: number;
}

interface Running {
  service: ConstraintService;
  end: () => void;
  isOver: boolean;
  vocabularies: Map<Uint8Array, { id: number; ready: Promise<void> }>;
  underWay: CallsUnderWay;
}

export function constraintHost({
  start,
  setUpMs = 120_000,
  answerMs = 20_000,
  idleMs = 600_000,
}: ConstraintHostInit): ConstraintHost {
  let running: Running | undefined;
  let lastId = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;

  function begin(): Running {
    if (running) return running;
    const thread = start((reason) => stop(begun, `the grammar engine failed: ${reason}`));
    // Each access makes another proxy.
    const { setUp, open, mask, take, close } = thread.service;
    const begun: Running = {
      service: { setUp, open, mask, take, close },
      end: () => thread.end(),
      isOver: false,
      vocabularies: new Map(),
      underWay: new CallsUnderWay(),
    };
    running = begun;
    return begun;
  }

  function stop(owner: Running, reason: string): void {
    if (running === owner) running = undefined;
    owner.isOver = true;
    owner.end();
    owner.underWay.fail(new ConstraintError(reason));
  }

  function rest(owner: Running): void {
    clearTimeout(idle);
    idle = setTimeout(() => stop(owner, 'the grammar engine was ended'), idleMs);
    (idle as { unref?: () => void }).unref?.();
  }

  /** What the thread answers; where it takes too long, it is ended. */
  async function within<T>(owner: Running, milliseconds: number, call: () => Promise<T>): Promise<T> {
    if (owner.isOver) throw new ConstraintError('the grammar engine was ended');
    const timer = setTimeout(
      () => stop(owner, `the grammar engine took longer than ${milliseconds / 1000} s`),
      milliseconds,
    );
    clearTimeout(idle);
    try {
      return await owner.underWay.run(call);
    } finally {
      clearTimeout(timer);
      if (owner.underWay.size === 0 && running === owner) rest(owner);
    }
  }

  function setUp(owner: Running, vocabulary: Uint8Array): { id: number; ready: Promise<void> } {
    const known = owner.vocabularies.get(vocabulary);
    if (known) return known;
    const id = ++lastId;
    const ready = within(owner, setUpMs, () => owner.service.setUp(id, vocabulary));
    ready.catch(() => owner.vocabularies.delete(vocabulary));
    owner.vocabularies.set(vocabulary, { id, ready });
    return { id, ready };
  }

  return {
    open(vocabulary, answer) {
      const owner = begin();
      const answerId = ++lastId;
      const { service } = owner;
      const opened = (async () => {
        const { id, ready } = setUp(owner, vocabulary);
        await ready;
        await within(owner, answerMs, () => service.open(answerId, { ...answer, vocabularyId: id }));
      })();
      opened.catch(() => undefined);
      let ahead: { length: number; mask: Promise<Uint32Array> } | undefined;
      const ask = (length: number): Promise<Uint32Array> => {
        const mask = opened.then(() => within(owner, answerMs, () => service.mask(answerId, length)));
        mask.catch(() => undefined);
        ahead = { length, mask };
        return mask;
      };
      void ask(answer.answered.length);
      let isClosed = false;
      return {
        mask: (length) => (ahead?.length === length ? ahead.mask : ask(length)),
        async take(length, token) {
          await opened;
          const taken = await within(owner, answerMs, () => service.take(answerId, length, token));
          // While the model computes.
          if (!isClosed) void ask(length + 1);
          return taken;
        },
        close() {
          if (isClosed) return;
          isClosed = true;
          opened.then(() => within(owner, answerMs, () => service.close(answerId))).catch(() => undefined);
        },
      };
    },
    end() {
      clearTimeout(idle);
      if (running) stop(running, 'the grammar engine was ended');
    },
  };
}
