/** A hub whose one worker answers what the test says. */
import type { OpenSession, Prompt } from '@potluck/protocol';
import { heldScript } from './heldScript.ts';
import type { ScriptedWorker } from './scriptedWorker.ts';
import { answering, startTestHub, type TestHub, type TestHubInit } from './testHub.ts';
import { testStopToken } from './testModel.ts';

export interface AnsweringHub extends TestHub {
  answerer: ScriptedWorker;
  /** What the worker answers, request by request; the last one again and again. */
  answers: string[];
  /** True to leave each answer without its end. */
  holds: boolean;
  /** True to hold what the worker answers to its constraint, as a last stage does. */
  obeys: boolean;
  /** Token ids of the prompt that the worker was given last; none before the first. */
  lastPrompt(): number[];
  /** Token ids of the prompt of a request. @param id of the answer, with or without its prefix */
  promptOf(id: string): Promise<number[]>;
  /** What the worker was told last when a session began. */
  lastOpened(): OpenSession | undefined;
  /** The same of a request. @param id as for `promptOf` */
  openedFor(id: string): Promise<OpenSession>;
}

/** What the worker says of a token of a prompt: a quarter less likely at each place. */
export const scriptedScore = (position: number): number => -position / 4;

/** Where the session wants to know how likely the prompt's tokens are, in two messages. */
function tellScores(worker: ScriptedWorker, { sessionId, assignmentId, epoch, tokens }: Prompt): void {
  const opened = worker.received.findLast(
    (one) => one.type === 'open-session' && one.sessionId === sessionId,
  );
  const alternatives = opened?.type === 'open-session' ? opened.scores : undefined;
  if (alternatives === undefined) return;
  const scores = tokens.slice(1).map((token, index) => ({
    logprob: scriptedScore(index + 1),
    topLogprobs: Array.from({ length: alternatives }, (_, rank) => ({
      token: token + 1 + rank,
      logprob: -rank,
    })),
  }));
  const half = Math.ceil(scores.length / 2);
  for (const start of [0, half]) {
    const part = scores.slice(start, start + half);
    if (part.length === 0) continue;
    const about = { sessionId, assignmentId, epoch, position: start + 1 };
    worker.send({ type: 'prompt-scores', ...about, scores: part });
  }
}

/** Longest answer that is held to a constraint, in tokens. */
const mostObeying = 100;

/** Resolves when the hub serves. */
export async function startAnsweringHub(init: TestHubInit = {}): Promise<AnsweringHub> {
  const hub = await startTestHub({ leaseMs: 600_000, ...init });
  const answerer = hub.worker('one', {
    onPrompt: (worker, prompt) => {
      const { answers } = answeringHub;
      tellScores(worker, prompt);
      const [answer = ''] = answers.length > 1 ? answers.splice(0, 1) : answers;
      if (answeringHub.holds) worker.tokens(prompt.sessionId, prompt.tokens.length, hub.encode(answer));
      else if (answeringHub.obeys) void obey(worker, prompt, answer);
      else answering(hub, answer).onPrompt?.(worker, prompt);
    },
  });
  const obey = async (worker: ScriptedWorker, prompt: Prompt, answer: string): Promise<void> => {
    const { sessionId, tokens } = prompt;
    const { constraint, lengthLimit } = await worker.message(
      'open-session',
      (open) => open.sessionId === sessionId,
    );
    if (!constraint) return answering(hub, answer).onPrompt?.(worker, prompt);
    const held = await heldScript({
      vocabulary: hub.deployment.model.tokenizer.vocabulary,
      description: constraint,
      script: [...hub.encode(answer), testStopToken],
      mostTokens: Math.min(lengthLimit - tokens.length, mostObeying),
    });
    worker.tokens(sessionId, tokens.length, held.tokens, held.hasEnded ? 'stop' : 'length');
  };
  const answeringHub: AnsweringHub = Object.assign(hub, {
    answerer,
    answers: [],
    holds: false,
    obeys: false,
    lastPrompt: () => answerer.received.findLast((one) => one.type === 'prompt')?.tokens ?? [],
    promptOf: async (id: string) =>
      (await answerer.message('prompt', ({ sessionId }) => id.endsWith(sessionId))).tokens,
    lastOpened: () => answerer.received.findLast((one) => one.type === 'open-session'),
    openedFor: (id: string) => answerer.message('open-session', ({ sessionId }) => id.endsWith(sessionId)),
  });
  await hub.served();
  return answeringHub;
}
