import { proxySettings } from '@potluck/machine';
import { expect, test } from 'vitest';
import { proxyEnvironment } from './proxyEnvironment.ts';

test('a hub in the same network is asked directly, one outside through the proxy', () => {
  const settings = proxySettings({ HTTPS_PROXY: 'http://proxy.example.org:3128', NO_PROXY: 'example.com' });
  expect(proxyEnvironment('https://192.168.1.20:8443', settings)).toEqual({
    no_proxy: 'example.com,192.168.1.20',
    NO_PROXY: 'example.com,192.168.1.20',
  });
  expect(proxyEnvironment('https://hub.example.org:8443', settings)).toEqual({});
  expect(proxyEnvironment('https://192.168.1.20:8443', proxySettings({}))).toEqual({});
});
