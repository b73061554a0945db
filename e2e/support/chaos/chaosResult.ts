export interface ChaosInit {
  /** Decides whom each loss hits, when and how. */
  seed: number;
  stages: number;
  /** Workers beside those that the stages need: who is lost comes back after a while. */
  spares: number;
  /** Answers under way at any time. */
  concurrent: number;
  /** Losses until no further one comes. */
  losses: number;
  /** Shortest and longest answer, in tokens. */
  tokens: readonly [number, number];
}

/** What became of answers while workers were lost, over one run or several. */
export interface ChaosResult {
  answers: number;
  /** Requests that were refused at once, each with its code. */
  refusals: string[];
  /** Answers that were begun and ended with an error, each with its code. */
  givenUp: string[];
  /** How often a client asked anew, since the hub was lost before it had written the request down. */
  begunAnew: number;
  /** Answers that crossed from devices of one kind to those of another, which round differently: nothing says what they must be. */
  notCompared: number;
  /** How often each kind of loss came. */
  losses: Record<string, number>;
  /** How often an answer went on elsewhere, over all answers. */
  replays: number;
  recomputedTokens: number;
  /** Milliseconds that answers stood still after a loss, one for each that was disturbed: the mean of its losses. */
  pauses: number[];
  /** Answers that are not what they would have been, or that never ended: each a line for people. */
  wrong: string[];
}

export function noResult(): ChaosResult {
  return {
    answers: 0,
    refusals: [],
    givenUp: [],
    begunAnew: 0,
    notCompared: 0,
    losses: {},
    replays: 0,
    recomputedTokens: 0,
    pauses: [],
    wrong: [],
  };
}

export function joinResults(one: ChaosResult, other: ChaosResult): ChaosResult {
  const joined = {
    answers: one.answers + other.answers,
    refusals: [...one.refusals, ...other.refusals],
    givenUp: [...one.givenUp, ...other.givenUp],
    begunAnew: one.begunAnew + other.begunAnew,
    notCompared: one.notCompared + other.notCompared,
    losses: { ...one.losses },
    replays: one.replays + other.replays,
    recomputedTokens: one.recomputedTokens + other.recomputedTokens,
    pauses: [...one.pauses, ...other.pauses],
    wrong: [...one.wrong, ...other.wrong],
  };
  for (const [kind, count] of Object.entries(other.losses)) countLosses(joined, kind, count);
  return joined;
}

export function countLosses({ losses }: ChaosResult, kind: string, count: number): void {
  losses[kind] = (losses[kind] ?? 0) + count;
}

/** How an answer went on elsewhere, as the request's record tells. */
export interface Disturbance {
  replays: number;
  recomputedTokens: number;
  /** Of all losses together. */
  pauseMs: number;
  /** Names of the workers. */
  lost: readonly string[];
}

/** @returns a line for people */
export function countDisturbance(
  result: ChaosResult,
  index: number,
  { replays, recomputedTokens, pauseMs, lost }: Disturbance,
): string {
  result.replays += replays;
  result.recomputedTokens += recomputedTokens;
  result.pauses.push(pauseMs / Math.max(1, replays));
  return (
    `answer ${index} went on after ${lost.join(', ') || 'a lost link'}: ` +
    `${replays} times, ${Math.round(pauseMs)} ms, ${recomputedTokens} tokens again`
  );
}

export function lossCount({ losses }: ChaosResult): number {
  return Object.values(losses).reduce((sum, count) => sum + count, 0);
}

/** For people, in lines. */
export function describeResult(result: ChaosResult): string[] {
  const pauses = result.pauses.toSorted((one, other) => one - other);
  const at = (share: number): number => Math.round(pauses[Math.floor(share * (pauses.length - 1))] ?? 0);
  const kinds = Object.entries(result.losses).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${lossCount(result)} losses: ${kinds.join(', ')}`,
    `${result.answers} answers, ${result.replays} replays, ${result.recomputedTokens} tokens computed again`,
    `${pauses.length} answers stood still after a loss, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
    `${result.refusals.length} refused, ${result.begunAnew} begun anew, ${result.givenUp.length} given up, ${result.wrong.length} wrong`,
    ...(result.notCompared > 0 ? [`${result.notCompared} answers crossed kinds of devices`] : []),
    ...countsOf(result.refusals).map((line) => `refused ${line}`),
    ...result.givenUp.map((line) => `GIVEN UP ${line}`),
    ...result.wrong.map((line) => `WRONG ${line}`),
  ];
}

/** Each line once, with how often it came; numbers do not tell lines apart. */
function countsOf(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const kind = line.replaceAll(/\d+/g, '…');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} times: ${kind}`);
}
