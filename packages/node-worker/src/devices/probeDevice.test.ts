import { expect, it } from 'vitest';
import { probeDevice } from './probeDevice.ts';

it('finds that the processor works, in half precision too', async () => {
  expect(await probeDevice('cpu')).toMatchObject({ ok: true, float16: true });
});
