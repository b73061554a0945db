import { describe, expect, it } from 'vitest';
import { SettingsError } from '@potluck/command-line';
import { readSettings, type BrowsersSettings } from './settings.ts';

const read = (args: string[], environment: NodeJS.ProcessEnv = {}): BrowsersSettings | undefined =>
  readSettings(args, () => undefined, environment);
const hub = ['--hub', 'http://hub.local:8000', '--token', 'secret'];

describe('the flags of headless browsers', () => {
  it('have defaults for everything but the hub and its token', () => {
    expect(read(hub, { XDG_DATA_HOME: '/data' })).toMatchObject({
      hubUrl: 'http://hub.local:8000',
      token: 'secret',
      fingerprint: undefined,
      count: 1,
      gpu: 'auto',
      browser: undefined,
      memoryBytes: undefined,
      dataDirectory: '/data/potluck/browsers',
      sandbox: true,
    });
  });

  it('can come from the join link and from the environment, and the command line wins', () => {
    const environment = {
      POTLUCK_HUB: 'https://192.168.1.5:8443/join#token=of-the-link',
      POTLUCK_COUNT: '3',
    };
    expect(read(['--count', '2', '--no-sandbox', '--memory', '2GB'], environment)).toMatchObject({
      hubUrl: 'https://192.168.1.5:8443',
      token: 'of-the-link',
      count: 2,
      sandbox: false,
      memoryBytes: 2e9,
    });
  });

  it.each([
    [[], /Give --hub URL/],
    [['--hub', 'hub'], /give a URL such as/],
    [['--hub', 'http://x'], /Give --token/],
    [[...hub, '--count', '0'], /from 1 to 64/],
    [[...hub, '--count', '65'], /from 1 to 64/],
    [[...hub, '--count', 'two'], /from 1 to 64/],
    [[...hub, '--gpu', 'amd'], /Allowed choices are auto, nvidia, swiftshader, none/],
    [[...hub, '--memory', 'much'], /--memory/],
    [[...hub, '--name', ' '], /1 to 96 characters/],
    [[...hub, '--fingerprint', 'ab'.repeat(32)], /for an https hub/],
    [[...hub, '--headed'], /unknown option '--headed'/],
    [[...hub, 'extra'], /too many arguments/],
  ])('%j are refused with what to write instead', (args, message) => {
    expect(() => read(args)).toThrow(message);
    expect(() => read(args)).toThrow(SettingsError);
  });
});
