import { HistoryKind, type HistoryEvent } from '@potluck/api';
import { expect, test } from 'vitest';
import { describeActor, describeHistory } from './describeHistory.ts';

const event: HistoryEvent = {
  ...{ id: 1, at: 0, kind: 'node-lost', node: 'garage', model: null, actor: null },
  detail: { reason: 'its connection closed (code 1006).' },
};

test('every kind of event is a sentence with names', () => {
  expect(describeHistory(event)).toBe('garage was lost: its connection closed.');
  for (const kind of HistoryKind.options) {
    const detail = { reason: 'x', nodes: 'desk', name: 'soup', mode: 'paused', settings: 'trustLocal' };
    const text = describeHistory({ ...event, kind, model: 'soup', detail });
    expect(text, kind).toMatch(/^\S.*\.$/);
    expect(text, kind).not.toMatch(/undefined|null/);
  }
  expect(describeHistory({ ...event, kind: 'settings-changed', detail: { settings: 'trustLocal, x' } })).toBe(
    'Settings changed: trust this machine, x.',
  );
});

test('who did it is said in words', () => {
  expect([null, 'admin', 'key:work'].map(describeActor)).toEqual([
    undefined,
    'by the admin',
    'with the key work',
  ]);
});
