import { pino } from 'pino';
import { expect, test } from 'vitest';
import { DomainError } from '../errors/domainError.ts';
import { KeyUse } from './keyUse.ts';

class AwayError extends DomainError {
  override readonly name = 'AwayError';
  readonly kind = 'unavailable';
  readonly code = 'database_unreachable';
}

const ben = { id: 'ben', name: 'Ben', scopes: ['ask' as const], limits: { tokensPerDay: 100 } };

test('while the database is away, a daily limit holds by what was counted last, and by what was used since', async () => {
  const database: { tokens: number | undefined; asked: number; isKnownToBeAway: boolean } = {
    ...{ tokens: 40, asked: 0, isKnownToBeAway: false },
  };
  const warned: unknown[] = [];
  const write = (line: string): void => void warned.push(JSON.parse(line));
  const use = new KeyUse({
    tokensOf: () => {
      database.asked++;
      if (database.tokens === undefined) return Promise.reject(new AwayError('it does not answer'));
      return Promise.resolve(database.tokens);
    },
    isAway: () => database.isKnownToBeAway,
    logger: pino({}, { write }),
  });
  expect(await use.begin(ben)).toBeTypeOf('function');
  use.used('ben', 50);
  database.tokens = undefined;
  expect(await use.begin(ben)).toBeTypeOf('function');
  expect(use.trouble).toContain('daily limit');
  // Nobody waits once more for what is known to be away.
  database.isKnownToBeAway = true;
  const { asked } = database;
  expect(await use.begin(ben)).toBeTypeOf('function');
  expect(database.asked).toBe(asked);
  use.used('ben', 10);
  expect(await use.begin(ben)).toMatchObject({
    message: expect.stringContaining('100 of its 100') as string,
  });
  expect(warned).toMatchObject([{ key: 'Ben', tokens: 90 }]);
  // Of a key that nobody counted yet, nobody knows.
  const ada = { ...ben, id: 'ada', name: 'Ada' };
  await expect(use.begin(ada)).rejects.toMatchObject({
    code: 'database_unreachable',
    message: expect.stringContaining("'Ada' has a daily limit") as string,
  });
  Object.assign(database, { tokens: 60, isKnownToBeAway: false });
  expect(await use.begin(ben)).toBeTypeOf('function');
  expect(use.trouble).toBeUndefined();
});
