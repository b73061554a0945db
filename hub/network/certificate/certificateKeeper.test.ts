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

test('a certificate that can not be renewed is named once, and the present one stays in use', async () => {
  const expired = 'the certificate expired on Jan 1. Renew it.';
  const reasons = [expired, expired, undefined, expired];
  const lines: string[] = [];
  const keeper = new CertificateKeeper(
    {
      load: () => {
        const reason = reasons.shift();
        return reason === undefined ? Promise.resolve(named('first')) : Promise.reject(new Error(reason));
      },
      use: () => expect.unreachable(),
      logger: pino(
        {},
        { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
      ),
    },
    named('first'),
  );
  for (const left = reasons; left.length > 0;) await keeper.look();
  keeper.stop();
  const said = `HTTPS goes on with the certificate that the hub has: ${expired}`;
  expect(lines).toEqual([said, said]);
  expect(keeper.current.certificate).toBe('first');
});
