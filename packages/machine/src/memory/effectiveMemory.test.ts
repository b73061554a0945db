import { expect, test } from 'vitest';
import { effectiveMemoryBytes } from './effectiveMemory.ts';

const gigabyte = 1e9;
const machine = (files: Record<string, string> = {}, constrainedBytes = 0): number =>
  effectiveMemoryBytes({ totalBytes: 64 * gigabyte, constrainedBytes, read: (file) => files[file] });

test('without a limit it is the memory of the machine', () => {
  expect(machine()).toBe(64 * gigabyte);
  expect(machine({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' })).toBe(
    64 * gigabyte,
  );
  // What Node says where version 1 has no limit.
  expect(machine({}, 18_446_744_073_709_552_000)).toBe(64 * gigabyte);
  expect(effectiveMemoryBytes()).toBeGreaterThan(0);
});

test('what Node knows of a limit counts', () => {
  expect(machine({}, 2 * gigabyte)).toBe(2 * gigabyte);
});

test('in version 2, the narrowest of the groups around this process counts', () => {
  const own = { '/proc/self/cgroup': '0::/potluck.slice/worker.service\n' };
  const outer = '/sys/fs/cgroup/potluck.slice/memory.max';
  const inner = '/sys/fs/cgroup/potluck.slice/worker.service/memory';
  expect(machine({ ...own, [outer]: '3000000000\n', [`${inner}.max`]: 'max\n' })).toBe(3 * gigabyte);
  expect(machine({ ...own, [outer]: '3000000000\n', [`${inner}.max`]: '2000000000\n' })).toBe(2 * gigabyte);
  expect(machine({ ...own, [outer]: 'max\n', [`${inner}.high`]: '1000000000\n' })).toBe(gigabyte);
});

test('in version 1 too, seen from outside and from inside of a container', () => {
  const cgroup = '12:cpu,cpuacct:/box\n5:memory:/box\n0::/\n';
  const statistics = 'cache 0\nhierarchical_memory_limit 1500000000\nhierarchical_memsw_limit 9\n';
  const outside = '/sys/fs/cgroup/memory/box/memory.stat';
  const inside = '/sys/fs/cgroup/memory/memory.stat';
  for (const file of [outside, inside]) {
    expect(machine({ '/proc/self/cgroup': cgroup, [file]: statistics })).toBe(1.5 * gigabyte);
  }
});
