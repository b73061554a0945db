import { SessionId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import type { Generation } from '../../generation/generation.ts';
import type { JournalEntry } from '../../generation/journal/journalEntry.ts';
import { resumedInference } from './resumedInference.ts';
import type { StartingParts } from './startGeneration.ts';

test('answers that are started later do not go on as the former first ones', async () => {
  const id = SessionId.parse('019a9d3c-0000-7000-8000-000000000001');
  const parts: Partial<StartingParts> = {
    components: {
      generator: { start: () => Promise.resolve({ id } as Generation) },
      goingOn: { suspended: { went: () => undefined } },
    } as unknown as StartingParts['components'],
    onStart: () => undefined,
  };
  const { start } = resumedInference(parts as StartingParts, [{ id, prompt: [1] } as JournalEntry]);
  const request = { prompt: [1], stopStrings: [], stream: false, sampling: {} };
  expect(await start([request])).toEqual([{ id }]);
  await expect(start([request])).rejects.toMatchObject({ status: 409, code: 'conflict' });
});
