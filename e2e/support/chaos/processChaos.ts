/** Answers under way while workers are killed and put to sleep: each must end with the words of an undisturbed one. */
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../../hub/testing/seededRandom.ts';
import { startHub, type HubProcess } from '../hubProcess.ts';
import { localWorkers, signalIfThere } from '../processes.ts';
import {
  countDisturbance,
  countLosses,
  lossCount,
  noResult,
  type ChaosInit,
  type ChaosResult,
} from './chaosResult.ts';
import { requestOf, workersOf } from '../requests.ts';

const model = 'minimind2-small';
/** The token that ends an answer does not come: what must happen in the middle of one has time for it. */
const goOn = { 2: -100 };
/** Longer than it takes a hub to miss a worker that gives no sign of life. */
const sleepMs = 6_000;

interface Question {
  content: string;
  seed: number;
  temperature: number;
  tokens: number;
}

/** @param say told each loss and each disturbed answer, for people */
export async function runProcessChaos(init: ChaosInit, say: (line: string) => void): Promise<ChaosResult> {
  const random = seededRandom(init.seed);
  const workers = init.stages + init.spares;
  await using hub = await startHub({
    flags: ['--stages', String(init.stages), '--local-workers', String(workers), '--https-port', 'off'],
  });
  const questions = Array.from({ length: init.concurrent }, (_, index) => ({
    content: `Tell me a story about ${['a river', 'two friends', 'the moon', 'an old clock'][index % 4]}.`,
    seed: index,
    temperature: index % 2 === 0 ? 0 : 0.8,
    tokens: Math.round(init.tokens[0] + random() * (init.tokens[1] - init.tokens[0])),
  }));
  const expected = await Promise.all(questions.map((question) => ask(hub, question)));
  const result = noResult();
  const sleeping = new Set<Promise<void>>();
  let isOver = false;

  async function answerForEver(index: number): Promise<void> {
    const question = questions[index] as Question;
    // One more after the last loss, so that each loss hits somebody.
    for (let isLast = false; !isLast;) {
      isLast = isOver;
      const { text, id } = await ask(hub, question);
      result.answers++;
      if (text !== expected[index]?.text) {
        const at = [...text].findIndex((character, place) => character !== expected[index]?.text[place]);
        result.wrong.push(
          `answer ${id} differs at character ${at}: ${text.slice(Math.max(0, at - 40), at + 40)}`,
        );
      }
      const { recovery } = await requestOf(hub, id);
      if (recovery) say(countDisturbance(result, index, recovery));
    }
  }

  async function loseOne(): Promise<void> {
    const inUse = await workersInUse(hub);
    const victim = inUse[Math.floor(random() * inUse.length)];
    const pid = localWorkers(hub).find(({ name }) => name === victim)?.pid;
    if (pid === undefined) return;
    const isKilled = random() < 0.5;
    say(`${isKilled ? 'kills' : 'stops'} ${victim}`);
    countLosses(result, isKilled ? 'killed' : 'asleep', 1);
    signalIfThere(pid, isKilled ? 'SIGKILL' : 'SIGSTOP');
    if (isKilled) return;
    const waking = pause(sleepMs).then(() => {
      signalIfThere(pid, 'SIGCONT');
      sleeping.delete(waking);
    });
    sleeping.add(waking);
  }

  const answering = questions.map((_, index) =>
    answerForEver(index).catch((error: unknown) => void result.wrong.push(String(error))),
  );
  while (lossCount(result) < init.losses) {
    await pause(500 + random() * 3000);
    await loseOne();
  }
  isOver = true;
  await Promise.all(answering);
  await Promise.all(sleeping);
  return result;
}

async function ask(
  hub: HubProcess,
  { content, tokens, ...question }: Question,
): Promise<{ text: string; id: string }> {
  const { data, response } = await hub.client.chat.completions
    .create({
      ...{ model, messages: [{ role: 'user', content }], stream: true },
      ...{ ...question, max_tokens: tokens, logit_bias: goOn },
    })
    .withResponse();
  let text = '';
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
  return { text, id: response.headers.get('x-request-id') ?? '' };
}

/** Names of the workers that have stages of the model. */
async function workersInUse(hub: HubProcess): Promise<string[]> {
  const { requests } = (await (await fetch(`${hub.url}/api/requests?status=running`)).json()) as {
    requests: { route: string }[];
  };
  return [...new Set(requests.flatMap(({ route }) => workersOf(route)))];
}
