import { isIP } from 'node:net';
import { readJoinLink } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { publicAddresses } from './givenAddress.ts';
import { machineNames } from './localNames.ts';
import { workerPackagePath } from '../workerPackagePath.ts';
import { certificateNames, hostsOf, joinLinks, workerCommands } from './reachability.ts';

const reach = { httpPort: 8000, hosts: ['192.168.1.20', '[fd00::2]'] };
const secure = { ...reach, httpsPort: 8443, fingerprint: 'AA:BB' };

test('links lead to HTTPS, and carry the token where no server sees it', () => {
  const links = joinLinks(secure, 'secret');
  expect(links).toEqual([
    'https://192.168.1.20:8443/join#token=secret',
    'https://[fd00::2]:8443/join#token=secret',
  ]);
  expect(readJoinLink(links[1] ?? '')).toEqual({ hubUrl: 'https://[fd00::2]:8443', token: 'secret' });
  expect(workerCommands(secure, 'secret')[0]).toBe(
    `npx --yes --ignore-scripts http://192.168.1.20:8000${workerPackagePath} worker --hub https://192.168.1.20:8443 --token secret --fingerprint AA:BB`,
  );
});

test('where HTTPS is off, they are plain', () => {
  expect(joinLinks(reach, 'secret')[0]).toBe('http://192.168.1.20:8000/join#token=secret');
  expect(workerCommands(reach, 'secret')[0]).toBe(
    `npx --yes --ignore-scripts http://192.168.1.20:8000${workerPackagePath} worker --hub http://192.168.1.20:8000 --token secret`,
  );
});

test('names that the operator gives come first; a hub that listens at one address has only that', () => {
  expect(hostsOf({ host: '127.0.0.1' })).toEqual(['127.0.0.1']);
  expect(hostsOf({ host: '::1', addresses: ['hub.example.org', 'fd00::7'] })).toEqual([
    'hub.example.org',
    '[fd00::7]',
    '[::1]',
  ]);
  expect(hostsOf({ addresses: ['hub.example.org'] })[0]).toBe('hub.example.org');
  expect(hostsOf({}).length).toBeGreaterThan(0);
});

test('the certificate names all of them, and this machine for itself', () => {
  const { required, optional } = certificateNames({ addresses: ['hub.example.org'] });
  expect(required).toEqual(expect.arrayContaining(['hub.example.org', 'localhost', '127.0.0.1', '::1']));
  for (const address of optional) expect(isIP(address)).toBe(6);
  expect(certificateNames({ host: 'fd00::2' })).toMatchObject({ optional: ['fd00::2'] });
});

test('a token that the operator chose is quoted, so that a shell runs nothing of it', () => {
  expect(workerCommands(reach, '$(rm -rf x);`id`')[0]).toBe(
    `npx --yes --ignore-scripts http://192.168.1.20:8000${workerPackagePath} worker --hub http://192.168.1.20:8000 --token '$(rm -rf x);\`id\`'`,
  );
  expect(workerCommands(reach, "it's;so")[1]).toBe(
    `npx --yes --ignore-scripts 'http://[fd00::2]:8000${workerPackagePath}' worker --hub 'http://[fd00::2]:8000' --token 'it'\\''s;so'`,
  );
});

test('a machine name that is none in DNS is left out', () => {
  expect(machineNames('Attic')).toEqual(['attic', 'attic.local']);
  expect(machineNames('attic.example.org')).toEqual(['attic.example.org']);
  expect(machineNames("Grandma's Laptop")).toEqual([]);
});

test('links and commands name public addresses as they were given, before the own ones', () => {
  const addresses = ['hub.example.org:443', 'https://example.org/potluck', 'attic.example.org'];
  const hosts = hostsOf({ host: '192.168.1.20', addresses });
  const given = { ...secure, hosts, publicAddresses: publicAddresses(addresses, true) };
  expect(joinLinks(given, 'x')).toEqual([
    'https://hub.example.org/join#token=x',
    'https://example.org/potluck/join#token=x',
    'https://attic.example.org:8443/join#token=x',
    'https://192.168.1.20:8443/join#token=x',
  ]);
  const [forwarded, proxied] = workerCommands(given, 'x');
  expect(forwarded).toMatch(/--hub https:\/\/hub\.example\.org --token x --fingerprint AA:BB$/);
  expect(proxied).toMatch(/--hub https:\/\/example\.org\/potluck --token x$/);
  expect(certificateNames({ addresses }).required).toEqual(
    expect.arrayContaining(['hub.example.org', 'example.org', 'attic.example.org']),
  );
});
