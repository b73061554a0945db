import { test } from './support/fixtures.ts';
import { expectNoGrowth } from './support/memoryGrowth.ts';

test('after 20 requests, 20 more grow no tab’s script heap, wasm heap or GPU buffers by more than 2 %', async () => {
  test.setTimeout(400_000);
  await expectNoGrowth(20);
});
