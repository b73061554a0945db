/** How long an answer stands still when a device is lost in its middle, by kind of loss. */
import { setTimeout as pause } from 'node:timers/promises';
import { nodesOf } from '../../../e2e/support/nodes.ts';
import { requestOf } from '../../../e2e/support/requests.ts';
import type { BenchModel } from '../compare.ts';
import { median } from '../statistics.ts';
import { stream } from './stream.ts';
import { startGridOfProcesses, type GridOfProcesses } from './workers.ts';

/** With a word, without one, and while the process stays. */
const losses = ['SIGTERM', 'SIGKILL', 'SIGSTOP'] as const;
const stages = 2;
const afterPieces = 20;
const question = [{ role: 'user' as const, content: 'Tell me about the river and the old mill.' }];

export interface RecoveryRow {
  loss: (typeof losses)[number];
  stage: 'first' | 'last';
  /** What the worker beside those that serve has: the weights on its disk, or the stages in its memory. */
  spare: 'weights' | 'stages';
  runs: number;
  /** Longest time without a piece of the answer, in milliseconds. */
  'pause ms': number;
  /** Of all runs. */
  'longest pause ms': number;
  'tokens computed again': number;
  /** Answers with other words than undisturbed ones. */
  wrong: number;
}

type Lost = Pick<RecoveryRow, 'loss' | 'stage' | 'spare'> & { tokens: number };

/** @param spare `stages` waits in each run until the spare worker stands by, which takes more than a minute */
export async function measureRecovery(
  model: Pick<BenchModel, 'directory'>,
  { tokens, rounds, spare }: Pick<Lost, 'tokens' | 'spare'> & { rounds: number },
): Promise<RecoveryRow[]> {
  const rows: RecoveryRow[] = [];
  for (const loss of losses) {
    for (const stage of ['first', 'last'] as const) {
      const runs = [];
      for (let round = 0; round < rounds; round++)
        runs.push(await lose(model, { loss, stage, spare, tokens }));
      rows.push({
        ...{ loss, stage, spare, runs: runs.length },
        'pause ms': median(runs.map(({ pauseMs }) => pauseMs)),
        'longest pause ms': Math.max(...runs.map(({ pauseMs }) => pauseMs)),
        'tokens computed again': median(runs.map(({ recomputed }) => recomputed)),
        wrong: runs.filter(({ isWrong }) => isWrong).length,
      });
    }
  }
  return rows;
}

async function lose(
  model: Pick<BenchModel, 'directory'>,
  { loss, stage, spare, tokens }: Lost,
): Promise<{ pauseMs: number; recomputed: number; isWrong: boolean }> {
  await using grid = await startGridOfProcesses({
    modelDirectory: model.directory,
    stages,
    workers: stages + 1,
    hasWeights: true,
  });
  if (spare === 'stages') await standsBy(grid);
  const undisturbed = await stream(grid.hub.client, { messages: question, tokens });
  const servers = (await requestOf(grid.hub, undisturbed.requestId)).stages.map(({ worker }) => worker);
  const victim = grid.workers.get((stage === 'first' ? servers[0] : servers.at(-1)) ?? '')?.child;
  const answer = await stream(grid.hub.client, {
    messages: question,
    tokens,
    onPiece: (pieces) => {
      if (pieces === afterPieces) victim?.kill(loss);
    },
  });
  const { recovery } = await requestOf(grid.hub, answer.requestId);
  // A worker that sleeps can't end.
  victim?.kill('SIGCONT');
  return {
    pauseMs: answer.longestPauseMs,
    recomputed: recovery?.recomputedTokens ?? 0,
    isWrong: answer.text !== undisturbed.text,
  };
}

/** Resolves when one worker holds all stages ready that others serve, which nodes tell in words only. */
async function standsBy({ hub }: GridOfProcesses): Promise<void> {
  for (;;) {
    const nodes = await nodesOf(hub);
    if (nodes.some(({ reason }) => reason?.match(/holds layers/g)?.length === stages)) return;
    await pause(200);
  }
}
