import { SettingsError } from '@potluck/command-line';
import { describe, expect, it } from 'vitest';
import { readSettings, type WorkerSettings } from './settings.ts';

const read = (args: string[], environment: NodeJS.ProcessEnv = {}): WorkerSettings | undefined =>
  readSettings(args, () => undefined, environment);

describe('the flags of a worker', () => {
  it('have defaults for everything but the hub', () => {
    const settings = read(['--hub', 'http://hub.local:8000/'], { XDG_DATA_HOME: '/data' });
    expect(settings).toMatchObject({
      joining: { hub: { hubUrl: 'http://hub.local:8000' } },
      device: 'auto',
      dataDirectory: '/data/potluck/worker',
      threads: undefined,
      logLevel: 'info',
    });
    expect(settings?.memoryBytes).toBeGreaterThan(1e8);
    expect(settings?.name).not.toBe('');
  });

  it('can all come from the environment, and the command line wins', () => {
    const environment = {
      POTLUCK_HUB: 'https://hub.local:8443',
      POTLUCK_TOKEN: 'secret',
      POTLUCK_DEVICE: 'cpu',
      POTLUCK_MEMORY: '2GB',
      POTLUCK_NAME: 'attic',
      POTLUCK_DATA: '/tmp/attic',
      POTLUCK_THREADS: '3',
      POTLUCK_LOG_LEVEL: 'warn',
    };
    expect(read(['--name', 'cellar'], environment)).toEqual({
      joining: { hub: { hubUrl: 'https://hub.local:8443', token: 'secret', fingerprint: undefined } },
      device: 'cpu',
      memoryBytes: 2e9,
      name: 'cellar',
      dataDirectory: '/tmp/attic',
      sharedBlobs: undefined,
      threads: 3,
      logLevel: 'warn',
      logFileSize: 10_000_000,
      logFiles: 5,
    });
  });

  it('may come from the link that the hub printed', () => {
    const digits = 'ab'.repeat(32);
    const link = `https://192.168.1.20:8443/join#token=from-the-link&fingerprint=${digits}`;
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
    const hubUrl = 'https://192.168.1.20:8443';
    const hubOf = (...args: string[]): unknown => read(['--hub', ...args])?.joining;
    expect(hubOf(link)).toMatchObject({ hub: { hubUrl, token: 'from-the-link', fingerprint } });
    expect(hubOf(link, '--token', 'another')).toMatchObject({ hub: { hubUrl, token: 'another' } });
    expect(hubOf('localhost:8000', '--token', 'one')).toMatchObject({
      hub: { hubUrl: 'http://localhost:8000' },
    });
    expect(hubOf('[::1]:8000', '--token', 'one')).toMatchObject({ hub: { hubUrl: 'http://[::1]:8000' } });
    expect(hubOf(hubUrl, '--fingerprint', `sha256:${fingerprint}`)).toMatchObject({ hub: { fingerprint } });
  });

  it('may say to wait for a hub, with a secret', () => {
    const joining = { listen: { port: 9000, token: 'a-good-secret' } };
    expect(read(['--listen', '9000', '--token', 'a-good-secret'])).toMatchObject({ joining });
  });

  it.each([
    [['--hub', 'https://x', '--fingerprint', 'AB:CD'], /--fingerprint.*64 hexadecimal digits/],
    [['--hub', 'http://x', '--fingerprint', 'ab'.repeat(32)], /for an https hub/],
    [[], /Give --hub URL/],
    [['--hub', 'hub'], /give a URL such as/],
    [['--hub', 'ftp://x'], /give a URL such as/],
    [['--hub', 'http://x', '--device', 'tpu'], /Allowed choices are auto, cuda, webgpu, cpu/],
    [['--hub', 'http://x', '--memory', 'lots'], /such as 8GB/],
    [['--hub', 'http://x', '--threads', '0'], /whole number/],
    [['--hub', 'http://x', '--fast'], /unknown option '--fast'/],
    [['--listen', 'nine'], /A port is a number/],
    [['--listen', '9000'], /needs --token.*--token [\w-]{24}$/],
    [['--listen', '9000', '--token', 'short'], /8 to 500 printable/],
    [['--listen', '9000', '--token', 'a-good-secret', '--hub', 'http://x'], /leave --hub/],
  ])('that are wrong are answered with what to write: %j', (args, message) => {
    expect(() => read(args)).toThrow(SettingsError);
    expect(() => read(args)).toThrow(message);
  });

  it('explain themselves', () => {
    let help = '';
    expect(readSettings(['--help'], (text) => (help += text), {})).toBeUndefined();
    expect(help).toContain('--memory <size>');
  });
});
