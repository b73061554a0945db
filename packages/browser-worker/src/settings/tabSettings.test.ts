import { expect, test } from 'vitest';
import { describeBrowser, TabSettingsStore } from './tabSettings.ts';

function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  } as Storage;
}

test('settings and tokens are kept for the next page', () => {
  const storage = memoryStorage();
  const store = new TabSettingsStore(storage, 'Chrome on Linux');
  store.change({ name: 'attic', memoryBytes: 2e9, quietTone: true });
  store.keepToken('http://hub', 'secret');
  const next = new TabSettingsStore(storage, 'Chrome on Linux');
  expect(next.settings).toEqual({
    name: 'attic',
    memoryBytes: 2e9,
    device: 'auto',
    keepScreenOn: false,
    quietTone: true,
    pauseOnBattery: false,
    pauseWhenHidden: false,
    pauseOnMetered: false,
  });
  expect(next.tokenFor('http://hub')).toBe('secret');
  expect(next.tokenFor('http://other')).toBeUndefined();
});

test('what another tab has changed meanwhile is neither lost nor ignored', () => {
  const storage = memoryStorage();
  const [one, other] = [new TabSettingsStore(storage, 'Chrome'), new TabSettingsStore(storage, 'Chrome')];
  one.keepToken('http://hub', 'former');
  other.keepToken('http://hub', 'fresh');
  expect(one.tokenFor('http://hub')).toBe('fresh');
  one.change({ name: 'attic' });
  other.change({ quietTone: true });
  const next = new TabSettingsStore(storage, 'Chrome');
  expect(next.settings).toMatchObject({ name: 'attic', quietTone: true });
  expect(next.tokenFor('http://hub')).toBe('fresh');
});

test('settings that storage does not take last as long as the page', () => {
  const full = memoryStorage();
  full.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  const store = new TabSettingsStore(full, 'Chrome');
  store.change({ name: 'attic' });
  store.keepToken('http://hub', 'secret');
  expect(store.settings.name).toBe('attic');
  expect(store.tokenFor('http://hub')).toBe('secret');
});

test('what is stored and not understood falls back to the default', () => {
  const storage = memoryStorage();
  storage.setItem('potluck.tab', '{"name": 7, "device": "abacus", "memoryBytes": -1, "quietTone": true}');
  expect(new TabSettingsStore(storage, 'Firefox').settings).toMatchObject({
    name: 'Firefox',
    memoryBytes: undefined,
    device: 'auto',
    quietTone: true,
  });
  storage.setItem('potluck.tab', 'no JSON');
  expect(new TabSettingsStore(storage, 'Firefox').settings.name).toBe('Firefox');
});

test('a name of spaces means the default one', () => {
  const store = new TabSettingsStore(undefined, 'Safari on macOS');
  store.change({ name: '  ' });
  expect(store.settings.name).toBe('Safari on macOS');
});

test('browsers are named as people know them', () => {
  expect(describeBrowser('Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0')).toBe(
    'Firefox on Windows',
  );
  expect(describeBrowser('Mozilla/5.0 (X11; Linux x86_64) Chrome/153.0 Safari/537.36')).toBe(
    'Chrome on Linux',
  );
  expect(describeBrowser('curl')).toBe('Browser');
});
