import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CertificateKeeper } from './certificateKeeper.ts';
import type { HubCertificate } from './hubCertificate.ts';

const named = (certificate: string): HubCertificate => ({ kind: 'uploaded', certificate, key: 'key' });

test('looks follow one another, so that what was found last is used', async () => {
  const slow = Promise.withResolvers<HubCertificate>();
  const found = [slow.promise, Promise.resolve(named('latest'))];
  const used: string[] = [];
  const keeper = new CertificateKeeper(
    {
      load: () => found.shift() ?? Promise.reject(new Error('nobody asked for more')),
      use: ({ certificate }) => void used.push(certificate),
      logger: pino({ level: 'silent' }),
    },
    named('first'),
  );
  const looks = [keeper.look(), keeper.look()];
  slow.resolve(named('earlier'));
  await Promise.all(looks);
  keeper.stop();
  expect(used).toEqual(['earlier', 'latest']);
  expect(keeper.current.certificate).toBe('latest');
});
