import { expect, test } from 'vitest';
import { effectiveSettings } from './chatDefaults.ts';

test('a conversation comes before the model, and the model before the app', () => {
  const model = { systemPrompt: 'You are a cook.', sampling: { temperature: 1, top_k: 5 } };
  expect(effectiveSettings({ systemPrompt: ' ', sampling: {} }, null)).toEqual({
    systemPrompt: '',
    sampling: { temperature: 0.4, top_p: 0.9 },
  });
  expect(effectiveSettings({ systemPrompt: '', sampling: { top_k: 0 } }, model)).toEqual({
    systemPrompt: 'You are a cook.',
    sampling: { temperature: 1, top_p: 0.9, top_k: 0 },
  });
  expect(effectiveSettings({ systemPrompt: 'Be brief.', sampling: {} }, model).systemPrompt).toBe(
    'Be brief.',
  );
});
