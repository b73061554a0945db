import { expect, test } from 'vitest';
import { requestsCsv } from './requestsCsv.ts';

test('a table has a row for each request, and texts that look like formulas are texts', () => {
  const request = {
    createdAt: 0,
    model: 'a "soup", hot',
    status: 'done',
    key: '=cmd|calc!A0',
    promptTokens: 3,
    firstTokenMs: 12.3456,
  };
  const [head, row, ...rest] = requestsCsv(`${JSON.stringify(request)}\n`).split('\r\n');
  expect(head).toMatch(/^createdAt,model,status/);
  expect(row).toBe(`1970-01-01T00:00:00.000Z,"a ""soup"", hot",done,,'=cmd|calc!A0,3,,,,12.3,,,,`);
  expect(rest).toEqual(['']);
});

test.each(['=1+1', '+1', '-1', '@SUM(1)', '\t=1', '\r=1', '\n=1', '＝1'])('%j is no formula', (model) => {
  expect(requestsCsv(JSON.stringify({ createdAt: 0, model }))).toContain(`'${model}`);
});
