import { test } from './support/fixtures.ts';
import { expectAgreement } from './support/agreement.ts';

test('a tab on WebGPU and one on wasm find the same tokens likeliest as Node does', async ({
  browser,
  site,
}) => {
  test.setTimeout(400_000);
  // Unit tests compare all families on wasm; WebGPU is only here.
  await expectAgreement({ browser, site }, 50, 1);
});
