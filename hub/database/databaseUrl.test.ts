import { createClient } from '@libsql/client';
import { expandConfig } from '@libsql/core/config';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { databaseUrl } from './databaseUrl.ts';

test.each([
  ['/', '/home/Jörg Müller/Daten #1/100 %/hub.sqlite', '/home/Jörg Müller/Daten #1/100 %/hub.sqlite'],
  ['/', '/srv/a?b\\c/hub.sqlite', '/srv/a?b\\c/hub.sqlite'],
  ['\\', String.raw`C:\Users\Jörg Müller\.potluck\hub.sqlite`, 'C:/Users/Jörg Müller/.potluck/hub.sqlite'],
  ['\\', String.raw`\\server\share\hub.sqlite`, '//server/share/hub.sqlite'],
])('with %s, %s is opened as it is', (separator, file, opened) => {
  const { scheme, authority, path: found } = expandConfig({ url: databaseUrl(file, separator) }, true);
  expect([scheme, authority?.host ?? '', found]).toEqual(['file', '', opened]);
});

test('a file with spaces, umlauts and signs of URLs in its path is made where it was meant', async () => {
  await using directory = await temporaryDirectory('Pötluck #1 100 % ');
  const file = path.join(directory.path, 'hub.sqlite');
  const client = createClient({ url: databaseUrl(file) });
  await client.execute('CREATE TABLE guests (name)');
  client.close();
  const again = createClient({ url: `file:${encodeURIComponent(file)}` });
  expect((await again.execute('SELECT count(*) FROM guests')).rows).toHaveLength(1);
  again.close();
});
