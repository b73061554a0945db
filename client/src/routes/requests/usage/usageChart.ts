/** What the charts of usage show, as values: colours, stacks, and where lines of a grid stand. */
import type { Usage, UsageGroup } from '@potluck/api';
import { dishColor } from '#lib/format/dishColor.ts';

export interface BarPart {
  id: string;
  from: number;
  to: number;
}

export interface Bar {
  at: number;
  parts: BarPart[];
  total: number;
}

/** Groups with a colour of their own; the others are one. */
const mostColours = 7;
export const others = 'others';

export interface ShownGroup {
  id: string;
  name: string;
  color: string;
}

/** Groups with tokens. A node has the colour that it has everywhere, since its group has its id. */
export function shownGroups(
  groups: readonly UsageGroup[],
  nameOf: (group: UsageGroup) => string,
): ShownGroup[] {
  const withTokens = groups.filter(
    ({ promptTokens, completionTokens }) => promptTokens + completionTokens > 0,
  );
  return withTokens.slice(0, mostColours).map((group) => ({
    id: group.id,
    name: nameOf(group),
    color: dishColor(group.id),
  }));
}

/** Tokens of each step, stacked by group. */
export function tokenBars({ series }: Pick<Usage, 'series'>, shown: readonly ShownGroup[]): Bar[] {
  const known = new Set(shown.map(({ id }) => id));
  return series.map(({ at, tokens }) => {
    let total = 0;
    const parts: BarPart[] = [];
    const add = (id: string, count: number): void => {
      if (count > 0) parts.push({ id, from: total, to: (total += count) });
    };
    for (const { id } of shown) add(id, tokens[id] ?? 0);
    const rest = Object.entries(tokens).filter(([id]) => !known.has(id));
    add(
      others,
      rest.reduce((sum, [, count]) => sum + count, 0),
    );
    return { at, parts, total };
  });
}

/** A round number that is at least as large, and lines below it: 0, half of it, and the whole. */
export function gridOf(largest: number): { top: number; lines: number[] } {
  if (!(largest > 0)) return { top: 1, lines: [0] };
  const step = 10 ** Math.floor(Math.log10(largest));
  const top = [1, 2, 4, 5, 10].map((factor) => factor * step).find((one) => one >= largest) ?? 10 * step;
  return { top, lines: [0, top / 2, top] };
}

/** Parts of a line without the steps at which nothing was measured. */
export function linesOf(values: readonly (number | undefined)[]): { x: number; y: number }[][] {
  const lines: { x: number; y: number }[][] = [];
  let open: { x: number; y: number }[] | undefined;
  for (const [x, y] of values.entries()) {
    if (y === undefined) {
      open = undefined;
      continue;
    }
    if (!open) lines.push((open = []));
    open.push({ x, y });
  }
  return lines;
}
