import { expect, test } from 'vitest';
import { answerStarting } from './starting.ts';

const ask = (accept: string): Response => answerStarting(new Request('http://hub/', { headers: { accept } }));

test('while the hub starts, programs are told to come again, and pages do so by themselves', async () => {
  const program = ask('application/json');
  expect([program.status, program.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await program.json()).toMatchObject({ ready: false, error: { code: 'model_loading' } });
  const browser = ask('text/html,*/*');
  expect(browser.status).toBe(503);
  expect(await browser.text()).toMatch(/http-equiv="refresh"[\s\S]*it is reading its model/);
});
