/** Sums of requests as a table for spreadsheets, or as lines of JSON. */
import type { Usage } from '@potluck/api';
import { csvOf, rounded } from '../csv.ts';
import { groupName } from './usageWords.ts';

const columns = [
  ...(['requests', 'failed', 'cancelled', 'refused', 'errorRate'] as const),
  ...(['promptTokens', 'cachedTokens', 'completionTokens'] as const),
];
const percentiles = ['firstTokenMs', 'tokenMs'] as const;

/** The whole, each group, and each step. Times to a tenth of a millisecond, shares to a hundredth of a percent. */
export function usageRows({
  by,
  totals,
  groups,
  series,
}: Pick<Usage, 'by' | 'totals' | 'groups' | 'series'>): Record<string, string | number | null>[] {
  const numbers = (one: Usage['totals']): Record<string, number | null> => ({
    ...Object.fromEntries(columns.map((name) => [name, rounded(one[name], 4)])),
    ...Object.fromEntries(
      percentiles.flatMap((name) =>
        (['p50', 'p95'] as const).map((share) => [
          `${name}_${share}`,
          rounded(one[name]?.[share] ?? null, 1),
        ]),
      ),
    ),
  });
  return [
    { kind: 'total', name: null, at: null, ...numbers(totals) },
    ...groups.map((group) => ({ kind: by, name: groupName(group), at: null, ...numbers(group) })),
    ...series.map((step) => ({
      kind: 'step',
      name: null,
      at: new Date(step.at).toISOString(),
      ...numbers(step),
    })),
  ];
}

export function usageCsv(usage: Usage): string {
  const rows = usageRows(usage);
  return csvOf(Object.keys(rows[0] ?? {}), rows);
}

export function usageJsonl(usage: Usage): string {
  return usageRows(usage)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}
