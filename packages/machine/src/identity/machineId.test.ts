import { expect, test } from 'vitest';
import { machineId, type MachineSigns } from './machineId.ts';

const signs: MachineSigns = { bootId: undefined, hostname: 'attic', macs: ['02:00:00:00:00:01'] };

test('programs of one machine share a name that tells nothing', () => {
  expect(machineId()).toBe(machineId());
  expect(machineId()).toMatch(/^[0-9a-f]{32}$/);
  // Containers have names and network cards of their own, and one kernel.
  const containers = ['one', 'two'].map((hostname) => machineId({ ...signs, bootId: 'boot', hostname }));
  expect(new Set(containers).size).toBe(1);
});

test('where no kernel tells, machines differ by their names and network cards, in any order', () => {
  const two = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
  const inOrder = machineId({ ...signs, macs: two });
  expect(machineId({ ...signs, macs: two.toReversed() })).toBe(inOrder);
  const others = [inOrder, machineId(signs), machineId({ ...signs, hostname: 'cellar' })];
  expect(new Set(others).size).toBe(3);
});
