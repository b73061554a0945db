import { expect, test } from 'vitest';
import { browsersCommand, listeningCommand } from './joinCommands.ts';

test.each(['http://192.168.1.5:8000/potluck-1.0.0.tgz', `'http://[fe80::1]:8000/potluck-1.0.0.tgz'`])(
  'other commands run the package of the hub, too: %s',
  (url) => {
    const program = `npx --yes --ignore-scripts ${url}`;
    const command = `${program} worker --hub http://hub:8000 --token abc`;
    expect(browsersCommand(command)).toBe(`${program} browsers --hub http://hub:8000 --token abc --count 1`);
    expect(listeningCommand(command, 9000)).toBe(`${program} worker --listen 9000 --token SECRET`);
  },
);

test('a worker can wait where the hub names no command', () => {
  expect(listeningCommand(undefined, 7)).toBe('npx potluck worker --listen 7 --token SECRET');
});
