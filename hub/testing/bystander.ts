/** Somebody whose answer comes while others attack the hub: it must end, with exactly its tokens. */
import { askChat } from './askChat.ts';
import type { ScriptedWorkerInit } from './scriptedWorker.ts';
import type { TestHub } from './testHub.ts';
import { testStopToken } from './testModel.ts';

export interface Bystander {
  /** Ends the answer. @returns what was sent to it, and what came */
  finish(): Promise<{ expected: string; received: string }>;
}

/** A token comes this often: some hundred during an attack, and fewer than the context has room for. */
const everyMs = 20;
const word = 'soup';
/** More than any attack takes, however slow the machine is; the hub's own limit comes after a minute. */
const mostTokens = 500_000;

/**
 * Brings the hub's one worker. It speaks to the bystander until the end.
 * @param answerOthers what it says to everybody else; default: one word
 */
export async function startBystander(
  hub: TestHub,
  answerOthers?: ScriptedWorkerInit['onPrompt'],
): Promise<Bystander> {
  const tokens = hub.encode(word);
  const stop = { isWanted: false };
  let words = 0;
  let isFirst = true;
  hub.worker('one', {
    onPrompt: (worker, message) => {
      const { sessionId, tokens: prompt } = message;
      let position = prompt.length;
      const say = (said: number[], finish?: 'stop'): void => {
        worker.tokens(sessionId, position, said, finish);
        position += said.length;
      };
      if (!isFirst) {
        if (answerOthers) answerOthers(worker, message);
        else say([...tokens, testStopToken], 'stop');
        return;
      }
      isFirst = false;
      const timer = setInterval(() => {
        if (!stop.isWanted) {
          words++;
          say(tokens);
          return;
        }
        clearInterval(timer);
        say([testStopToken], 'stop');
      }, everyMs);
    },
  });
  await hub.served();
  const { secret } = await hub.access.keys.create({
    name: 'bystander',
    scopes: ['ask'],
    limits: {},
    expiresAt: null,
  });
  const response = await askChat(
    hub,
    { model: undefined, stream: true, max_tokens: mostTokens },
    { headers: { authorization: `Bearer ${secret}` } },
  );
  const received = response.text();
  return {
    finish: async () => {
      stop.isWanted = true;
      const stream = await received;
      return { expected: word.repeat(words), received: textOf(stream) };
    },
  };
}

function textOf(stream: string): string {
  return stream
    .split('\n\n')
    .flatMap((event) => (event.startsWith('data: {') ? [event.slice('data: '.length)] : []))
    .map((json) => {
      const { choices } = JSON.parse(json) as { choices?: { delta: { content?: string } }[] };
      // An error stands in the text, so that whoever compares sees it.
      return choices ? (choices[0]?.delta.content ?? '') : json;
    })
    .join('');
}
