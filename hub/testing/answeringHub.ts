/** A hub whose one worker answers what the test says. */
import type { OpenSession } from '@potluck/protocol';
import type { ScriptedWorker } from './scriptedWorker.ts';
import { answering, startTestHub, type TestHub, type TestHubInit } from './testHub.ts';

export interface AnsweringHub extends TestHub {
  answerer: ScriptedWorker;
  /** What the worker answers, request by request; the last one again and again. */
  answers: string[];
  /** True to leave each answer without its end. */
  holds: boolean;
  /** Token ids of the prompt that the worker was given last; none before the first. */
  lastPrompt(): number[];
  /** Token ids of the prompt of a request. @param id of the answer, with or without its prefix */
  promptOf(id: string): Promise<number[]>;
  /** What the worker was told last when a session began. */
  lastOpened(): OpenSession | undefined;
  /** The same of a request. @param id as for `promptOf` */
  openedFor(id: string): Promise<OpenSession>;
}

/** Resolves when the hub serves. */
export async function startAnsweringHub(init: TestHubInit = {}): Promise<AnsweringHub> {
  const hub = await startTestHub({ leaseMs: 600_000, ...init });
  const answerer = hub.worker('one', {
    onPrompt: (worker, prompt) => {
      const { answers } = answeringHub;
      const [answer = ''] = answers.length > 1 ? answers.splice(0, 1) : answers;
      if (answeringHub.holds) worker.tokens(prompt.sessionId, prompt.tokens.length, hub.encode(answer));
      else answering(hub, answer).onPrompt?.(worker, prompt);
    },
  });
  const answeringHub: AnsweringHub = Object.assign(hub, {
    answerer,
    answers: [],
    holds: false,
    lastPrompt: () => answerer.received.findLast((one) => one.type === 'prompt')?.tokens ?? [],
    promptOf: async (id: string) =>
      (await answerer.message('prompt', ({ sessionId }) => id.endsWith(sessionId))).tokens,
    lastOpened: () => answerer.received.findLast((one) => one.type === 'open-session'),
    openedFor: (id: string) => answerer.message('open-session', ({ sessionId }) => id.endsWith(sessionId)),
  });
  await hub.served();
  return answeringHub;
}
