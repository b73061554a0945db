import { describe, expect, it } from 'vitest';
import { ProxySettingsError, proxyFor, proxySettings } from './proxySettings.ts';

const company = {
  HTTPS_PROXY: 'http://proxy.example.org:3128',
  HTTP_PROXY: 'http://plain.example.org:3128',
  NO_PROXY:
    'example.com, .corp.example.org,*.intern.example.net 203.0.113.0/24,2001:db8::/32,mirror.example.org:8080',
};
const hostFor = (url: string, environment: NodeJS.ProcessEnv = company): string | undefined =>
  proxyFor(url, proxySettings(environment))?.host;

describe('the proxy of the environment', () => {
  it('is asked for the outside, by the kind of connection', () => {
    for (const url of ['https://huggingface.co/api', 'wss://hub.example.org:8443/']) {
      expect(hostFor(url)).toBe('proxy.example.org:3128');
    }
    for (const url of ['http://huggingface.co/api', 'ws://hub.example.org/']) {
      expect(hostFor(url)).toBe('plain.example.org:3128');
    }
    expect(hostFor('https://huggingface.co', {})).toBeUndefined();
    expect(hostFor('https://huggingface.co', { HTTP_PROXY: 'http://plain.example.org' })).toBeUndefined();
  });

  it.each([
    'http://localhost:8000',
    'https://127.0.0.1:8443',
    'https://[::1]:8443',
    'https://192.168.1.20:8443',
    'https://10.1.2.3:8443',
    'https://[fd00::2]:8443',
    'https://attic:8443',
    'https://attic.local:8443',
  ])('is never asked for this machine and its network: %s', (url) => {
    expect(hostFor(url)).toBeUndefined();
  });

  it.each([
    ['https://example.com', undefined],
    ['https://www.example.com', undefined],
    ['https://badexample.com', 'proxy.example.org:3128'],
    ['https://git.corp.example.org', undefined],
    ['https://a.intern.example.net', undefined],
    ['https://203.0.113.7', undefined],
    ['https://203.0.114.7', 'proxy.example.org:3128'],
    ['https://[2001:db8::7]', undefined],
    ['https://mirror.example.org:8080', undefined],
    ['https://mirror.example.org', 'proxy.example.org:3128'],
  ])('is not asked for what NO_PROXY names: %s', (url, host) => {
    expect(hostFor(url)).toBe(host);
  });

  it('may be named in small letters, which win, and without http://', () => {
    const environment = { https_proxy: 'proxy.example.org:8080', HTTPS_PROXY: 'http://other.example.org' };
    expect(hostFor('https://huggingface.co', environment)).toBe('proxy.example.org:8080');
    expect(hostFor('https://huggingface.co', { ...environment, no_proxy: '*' })).toBeUndefined();
  });

  it.each(['socks5://proxy.example.org', 'nonsense', 'http://name:secret@'])(
    'that can not be understood is named, without its password: %s',
    (text) => {
      expect(() => proxySettings({ HTTPS_PROXY: text })).toThrow(ProxySettingsError);
      expect(() => proxySettings({ HTTPS_PROXY: text })).toThrow(/^HTTPS_PROXY is .* such as http:/);
      expect(() => proxySettings({ HTTPS_PROXY: text })).not.toThrow(/secret/);
    },
  );
});
