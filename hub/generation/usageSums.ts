/** Sums of requests as they come out of the database, step by step, and the numbers that people see of them. */
import type { Percentiles, Usage, UsageGrouping, UsageNumbers, UsageRange } from '@potluck/api';
import type { RequestRecord } from './requestRecord.ts';

/** Requests of one step, group and status. */
export interface CountedRequests {
  step: number;
  group: string;
  status: RequestRecord['status'];
  times: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

/** Measurements of one step and group that are about as long as each other. */
export interface CountedTimes {
  step: number;
  group: string;
  kind: 'firstTokenMs' | 'tokenMs';
  /** Bin n begins at `leastBinMs * binGrowth ** n` milliseconds. */
  bin: number;
  count: number;
}

/** What is asked of the database. */
export interface UsageSpan {
  by: UsageGrouping;
  /** Unix milliseconds; `until` is exclusive. */
  since: number;
  until: number;
  stepMs: number;
  /** Only requests of this owner. */
  owner?: string;
}

export interface UsageStore {
  /** Sums of the span, in several parts: what else is read has its turn between them. */
  usage(span: UsageSpan): AsyncIterable<{ requests: CountedRequests[]; times: CountedTimes[] }>;
}

/** A bin is so much longer than the one before. */
export const binGrowth = 1.05;
/** Least that is told apart, in milliseconds. */
export const leastBinMs = 0.01;
const mostGroups = 50;
const hourMs = 3_600_000;

const ranges: Record<UsageRange, { steps: number; stepMs: number }> = {
  '24h': { steps: 24, stepMs: hourMs },
  '7d': { steps: 28, stepMs: 6 * hourMs },
  '30d': { steps: 30, stepMs: 24 * hourMs },
};

/** The steps of a range, of which the last holds this moment. */
export function spanOf(range: UsageRange, now: number, offsetMinutes: number): Omit<UsageSpan, 'by'> {
  const { steps, stepMs } = ranges[range];
  const offset = offsetMinutes * 60_000;
  const last = Math.floor((now + offset) / stepMs) * stepMs - offset;
  return { since: last - (steps - 1) * stepMs, until: last + stepMs, stepMs };
}

class Sums {
  readonly #counts = { requests: 0, failed: 0, cancelled: 0, refused: 0, ended: 0 };
  readonly #tokens = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };
  readonly #bins = { firstTokenMs: new Map<number, number>(), tokenMs: new Map<number, number>() };

  add({ status, times, promptTokens, cachedTokens, completionTokens }: CountedRequests): void {
    const counts = this.#counts;
    if (status === 'refused') counts.refused += times;
    else counts.requests += times;
    if (status === 'failed' || status === 'interrupted') counts.failed += times;
    if (status === 'cancelled') counts.cancelled += times;
    if (status !== 'refused' && status !== 'running') counts.ended += times;
    this.#tokens.promptTokens += promptTokens;
    this.#tokens.cachedTokens += cachedTokens;
    this.#tokens.completionTokens += completionTokens;
  }

  time({ kind, bin, count }: CountedTimes): void {
    const bins = this.#bins[kind];
    bins.set(bin, (bins.get(bin) ?? 0) + count);
  }

  get tokens(): number {
    return this.#tokens.promptTokens + this.#tokens.completionTokens;
  }

  numbers(): UsageNumbers {
    const { ended, ...counts } = this.#counts;
    return {
      ...counts,
      errorRate: ended === 0 ? null : counts.failed / ended,
      ...this.#tokens,
      firstTokenMs: percentilesOf(this.#bins.firstTokenMs),
      tokenMs: percentilesOf(this.#bins.tokenMs),
    };
  }
}

/** Takes the parts of a span together. @param nameOfNode what people call a node now, by its id */
export async function sumUsage(
  store: UsageStore,
  span: UsageSpan,
  nameOfNode: (id: string) => string = (id) => id,
): Promise<Pick<Usage, 'totals' | 'groups' | 'series'>> {
  const { since, until, stepMs, by } = span;
  const totals = new Sums();
  const groups = new Map<string, Sums>();
  const steps = Array.from({ length: Math.round((until - since) / stepMs) }, () => new Sums());
  const tokens = steps.map(() => new Map<string, number>());
  const groupOf = (id: string): Sums => {
    const known = groups.get(id);
    if (known) return known;
    const added = new Sums();
    groups.set(id, added);
    return added;
  };
  for await (const part of store.usage(span)) {
    for (const one of part.requests) {
      // Of several nodes that answered one request together, each has it: the whole is asked for by itself.
      if (one.group !== wholeGroup) {
        groupOf(one.group).add(one);
        const ofStep = tokens[one.step];
        const more = one.promptTokens + one.completionTokens;
        ofStep?.set(one.group, (ofStep.get(one.group) ?? 0) + more);
      }
      if (by === 'node' && one.group !== wholeGroup) continue;
      totals.add(one);
      steps[one.step]?.add(one);
    }
    for (const one of part.times) {
      if (one.group !== wholeGroup) groupOf(one.group).time(one);
      if (by === 'node' && one.group !== wholeGroup) continue;
      totals.time(one);
      steps[one.step]?.time(one);
    }
  }
  const shown = [...groups]
    .map(([id, sums]) => ({ id, name: by === 'node' ? nameOfNode(id) : nameOf(by, id), ...sums.numbers() }))
    .sort((one, other) => other.requests + other.refused - (one.requests + one.refused))
    .slice(0, mostGroups);
  const known = new Set(shown.map(({ id }) => id));
  return {
    totals: totals.numbers(),
    groups: shown,
    series: steps.map((step, index) => ({
      at: since + index * stepMs,
      ...step.numbers(),
      tokens: Object.fromEntries([...(tokens[index] ?? [])].filter(([id]) => known.has(id))),
    })),
  };
}

/** Of sums by node: each request once. No node has an empty name. */
export const wholeGroup = '';

function nameOf(by: UsageGrouping, id: string): string {
  if (by !== 'key') return id;
  return id.startsWith('key:') ? id.slice('key:'.length) : '';
}

/** The middle of the bins in which the shares of all measurements end. */
function percentilesOf(bins: ReadonlyMap<number, number>): Percentiles | null {
  const sorted = [...bins].sort(([one], [other]) => one - other);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return null;
  const at = (share: number): number => {
    let seen = 0;
    const found = sorted.find(([, count]) => (seen += count) >= share * all);
    return leastBinMs * binGrowth ** ((found?.[0] ?? 0) + 0.5);
  };
  return { p50: at(0.5), p95: at(0.95) };
}
