import { AliasName } from '@potluck/api';
import { expect, test } from 'vitest';
import { readOtherNames } from './otherNames.ts';

test('names are separated by commas, and blanks around them do not count', () => {
  expect(readOtherNames(' gpt-4o,my-model , ,')).toEqual(['gpt-4o', 'my-model']);
});

test('the name that is wrong is named', () => {
  expect(() => readOtherNames('gpt-4o, my model!')).toThrow(/^The name “my model!” can’t be used\./);
});

test.each(['a', 'A.b_c:d/e-1', '_a', 'ä', 'a b', '-', 'x'.repeat(100), 'x'.repeat(101)])(
  'the form takes %s where the hub does',
  (name) => {
    const isTaken = AliasName.safeParse(name).success;
    if (isTaken) expect(readOtherNames(name)).toEqual([name]);
    else expect(() => readOtherNames(name)).toThrow('can’t be used');
  },
);
