import { HistoryKind, type HistoryEvent } from '@potluck/api';
import { expect, test } from 'vitest';
import { describeHistory } from './describeHistory.ts';

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
});

test('who left of their own is told without a word of the program', () => {
  const told = (reason: string): string =>
    describeHistory({ ...event, kind: 'node-left', detail: { reason } });
  expect(['left', 'it left', 'paused', 'the hub is shutting down'].map(told)).toEqual([
    'garage left.',
    'garage left.',
    'garage was paused on its own page.',
    'garage left: the hub is shutting down.',
  ]);
});

test('who did it is part of the sentence', () => {
  const told = (kind: HistoryKind, actor: string | null): string =>
    describeHistory({ ...event, kind, actor, detail: { settings: 'newDevices, x', name: 'Ada' } });
  expect([null, 'admin', 'local', 'key:work'].map((actor) => told('settings-changed', actor))).toEqual([
    'Settings changed: “Devices that were never here”, “x”.',
    'The admin changed “Devices that were never here”, “x”.',
    'Someone on the hub’s own machine changed “Devices that were never here”, “x”.',
    'The key work changed “Devices that were never here”, “x”.',
  ]);
  expect(told('node-approved', 'admin')).toBe('garage was approved by the admin.');
  expect(told('node-declined', 'key:work')).toBe('garage was refused with the key work.');
  expect(told('invite-revoked', 'admin')).toBe('The invite Ada was ended (by the admin).');
  expect(told('invite-revoked', null)).toBe('The invite Ada was ended.');
});

test('a move to be faster says whether it paid', () => {
  const told = (paid: string): string =>
    describeHistory({
      ...{ ...event, kind: 'model-moved', node: null, model: 'soup' },
      detail: { before: '51.2', promised: '3.9', measured: paid === 'yes' ? '12.0' : '50.0', paid },
    });
  expect(told('yes')).toBe('soup is faster since it moved: a token takes 12 ms instead of 51 ms.');
  expect(told('no')).toBe(
    'soup moved to be faster, which did not pay: a token takes 50 ms. Before the move it took 51 ms, and 3.9 ms were expected.',
  );
});

test('a model that moves did not stop', () => {
  const told = (moves: string | undefined): string => {
    const detail = {
      nodes: 'desk',
      reason: 'it is faster elsewhere',
      ...(moves === undefined ? {} : { moves }),
    };
    return describeHistory({ ...event, kind: 'model-lost', model: 'soup', detail });
  };
  expect(told('yes')).toBe('soup moves away from desk: it is faster elsewhere.');
  expect(told(undefined)).toBe('soup stopped on desk: it is faster elsewhere.');
});
