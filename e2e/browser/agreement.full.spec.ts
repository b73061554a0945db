import { test } from './support/fixtures.ts';
import { expectAgreement } from './support/agreement.ts';

test('a tab on WebGPU and one on wasm find the same tokens likeliest as Node does, over 1,000 given ones', async ({
  browser,
  site,
}) => {
  test.setTimeout(1_800_000);
  await expectAgreement({ browser, site }, 1000);
});
