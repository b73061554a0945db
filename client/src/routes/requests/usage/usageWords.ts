/** What sums of requests are called and how they read. */
import type { Usage, UsageGroup, UsageGrouping, UsageNumbers, UsageRange } from '@potluck/api';
import { formatCount } from '#lib/format/formatCount.ts';
import { formatDuration } from '#lib/format/formatDuration.ts';
import { formatNumber } from '#lib/format/formatNumber.ts';
import { formatShare } from '#lib/format/formatShare.ts';
import { locale } from '#lib/language/language.ts';

export const rangeNames: Record<UsageRange, string> = {
  '24h': /* @wc-include */ '24 hours',
  '7d': /* @wc-include */ '7 days',
  '30d': /* @wc-include */ '30 days',
};

export const groupingNames: Record<UsageGrouping, string> = /* @wc-include */ {
  model: 'Model',
  key: 'API key',
  node: 'Node',
};

/** What people call a group. */
export function groupName({ id, name }: Pick<UsageGroup, 'id' | 'name'>): string {
  if (name !== '' && id !== '?') return name;
  if (id === 'chat') return 'Chat in this app';
  return id === 'api' ? 'Programs without a key' : 'Unknown model';
}

/** Failed ones of those that ended: `1.5%`, or a dash where none ended. */
export function failedShare({ errorRate }: Pick<UsageNumbers, 'errorRate'>): string {
  return errorRate === null ? '–' : formatShare(errorRate, 1);
}

/** Prompt tokens that were computed before. */
export function cachedShare({ cachedTokens, promptTokens }: UsageNumbers): string {
  return promptTokens === 0 ? '–' : formatShare(cachedTokens / promptTokens, 1);
}

/** How long half took at most, and 95 of 100. */
export function bothPercentiles(measures: UsageNumbers['firstTokenMs']): string {
  return measures === null ? '–' : `${formatDuration(measures.p50)} / ${formatDuration(measures.p95)}`;
}

/** The whole, in numbers with their names. */
export function totalsOf({ totals }: Pick<Usage, 'totals'>): { name: string; value: string }[] {
  return [
    { name: 'Requests', value: formatNumber(totals.requests) },
    { name: 'Failed', value: failedShare(totals) },
    { name: 'Refused', value: formatNumber(totals.refused) },
    { name: 'Tokens read', value: formatCount(totals.promptTokens) },
    { name: 'Of those cached', value: cachedShare(totals) },
    { name: 'Tokens written', value: formatCount(totals.completionTokens) },
    { name: 'First token: half / 95 of 100 within', value: bothPercentiles(totals.firstTokenMs) },
    { name: 'Per token: half / 95 of 100 within', value: bothPercentiles(totals.tokenMs) },
  ];
}

const hours = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

/** What stands below each step of a chart. */
export function stepNames({ series, range }: Pick<Usage, 'series' | 'range'>): string[] {
  return series.map(({ at }) => (range === '24h' ? hours : days).format(at));
}

/** When a step began, to the minute. */
export function exactTime(at: number | undefined): string {
  return exact.format(at);
}
