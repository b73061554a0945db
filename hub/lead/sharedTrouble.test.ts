import { expect, test } from 'vitest';
import { sharedTrouble, type SharedReading } from './sharedTrouble.ts';

test.each<[Partial<SharedReading>, RegExp | undefined]>([
  [{}, undefined],
  [{ isLed: false }, undefined],
  [{ waitsForDatabase: true }, /once the database answers/],
  [{ redisAnswers: false }, /no other hub can take over/],
  [{ redisAnswers: false, isLed: false }, /No hub can lead until Redis answers/],
])('%o', (reading, said) => {
  const found = sharedTrouble({ waitsForDatabase: false, redisAnswers: true, isLed: true, ...reading });
  if (said === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(said);
});
