import type { Import, LiveEvent } from '@potluck/api';
import { expect, test } from 'vitest';
import { followImport } from './followProgress.ts';

async function follow(...states: Partial<Import>[]): Promise<{ said: string[]; end: string }> {
  const said: string[] = [];
  async function* events(): AsyncGenerator<LiveEvent> {
    for (const state of states)
      yield await Promise.resolve({
        type: 'import',
        import: { id: 'one', source: 'nope/soup', ...state },
      } as LiveEvent);
  }
  const end = await followImport(events(), 'one', (line) => void said.push(line)).catch(String);
  return { said, end };
}

test('an import that fails says why, once, and how to find a model that is there', async () => {
  const error = { code: 'repository_not_found', message: 'The Hub has no nope/soup.' };
  const { said, end } = await follow({ state: 'waiting' }, { state: 'failed', error });
  expect(said).toEqual(['waiting']);
  expect(end).toMatch(/The Hub has no nope\/soup\. To look for a model: `.* models search soup`\.$/);
  const full = { code: 'no_space', message: 'The disk is full.' };
  expect((await follow({ state: 'failed', error: full })).end).toMatch(/: The disk is full\.$/);
});
