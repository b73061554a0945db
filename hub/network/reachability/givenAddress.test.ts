import { expect, test } from 'vitest';
import { namesOf, plainHosts, publicAddresses, readAddress } from './givenAddress.ts';

test.each([
  ['Hub.example.org', 'hub.example.org', undefined],
  ['192.168.1.20', '192.168.1.20', undefined],
  ['fd00::7', 'fd00::7', undefined],
  ['[fd00::7]', 'fd00::7', undefined],
  ['hub.example.org:443', 'hub.example.org', 'https://hub.example.org'],
  ['192.168.1.20:9443', '192.168.1.20', 'https://192.168.1.20:9443'],
  ['[FD00::7]:9443', 'fd00::7', 'https://[fd00::7]:9443'],
  ['https://hub.example.org/', 'hub.example.org', 'https://hub.example.org'],
  ['https://hub.example.org:443/potluck/', 'hub.example.org', 'https://hub.example.org/potluck'],
  ['http://[fd00::7]:81', 'fd00::7', 'http://[fd00::7]:81'],
])('%s is an address', (text, name, url) => {
  const address = readAddress(text) ?? '';
  expect(namesOf([address])).toEqual([name]);
  expect(publicAddresses([address], true).map((one) => one.url)).toEqual(url === undefined ? [] : [url]);
  expect(plainHosts([address])).toEqual(url === undefined ? [name] : []);
});

test.each([
  '',
  'hub:0',
  'hub:70000',
  'hub:',
  'a b',
  'ftp://hub',
  'https://',
  'https://hub/?x',
  'https://me@hub',
  '[hub]:1',
  'fd00::7:x',
])('"%s" is none', (text) => {
  expect(readAddress(text)).toBeUndefined();
});

test('a forwarded port shows the certificate of the hub, a URL that of who answers there', () => {
  const addresses = ['hub.example.org:443', 'https://hub.example.org'];
  expect(publicAddresses(addresses, true).map((one) => one.showsHubCertificate)).toEqual([true, false]);
  expect(publicAddresses(addresses, false)[0]).toEqual({
    url: 'http://hub.example.org:443',
    showsHubCertificate: false,
  });
});
