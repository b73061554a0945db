import type { Usage } from '@potluck/api';
import { expect, test } from 'vitest';
import { usageCsv, usageJsonl } from './usageCsv.ts';

const numbers = {
  ...{ requests: 2, failed: 1, cancelled: 0, refused: 0, errorRate: 1 / 3 },
  ...{ promptTokens: 10, cachedTokens: 4, completionTokens: 6 },
  ...{ firstTokenMs: { p50: 90.04998, p95: 180 }, tokenMs: null },
};
const usage: Usage = {
  ...{ range: '24h', by: 'key', since: 0, until: 2, stepMs: 1, totals: numbers },
  groups: [
    { id: 'key:=cmd', name: '=cmd', ...numbers },
    { id: 'chat', name: '', ...numbers },
  ],
  series: [{ at: 0, tokens: {}, ...numbers }],
};

test('a table and lines have the whole, each group and each step; a name is no formula, and for people', () => {
  const [head, whole, group, chat, step, ...rest] = usageCsv(usage).split('\r\n');
  expect(head).toMatch(/^kind,name,at,requests,.*,tokenMs_p95$/);
  expect(whole).toBe('total,,,2,1,0,0,0.3333,10,4,6,90,180,,');
  expect(group).toMatch(/^key,'=cmd,,2/);
  expect(chat).toMatch(/^key,Chat in this app,,2/);
  expect(step).toMatch(/^step,,1970-01-01T00:00:00.000Z,2/);
  expect(rest).toEqual(['']);
  expect(
    usageJsonl(usage)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toHaveLength(4);
});
