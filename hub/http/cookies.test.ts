import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { hubCookies, type HubCookies } from './cookies.ts';
import { findSource } from './source.ts';

/** An application of a hub with these cookies. */
function appOf(cookies: HubCookies): Hono {
  const app = new Hono();
  app.use(findSource());
  app.post('/', (c) => {
    cookies.giveIdentity(c);
    cookies.setLogin(c, 'a-login');
    return c.text('');
  });
  app.get('/', (c) => c.json({ logins: cookies.logins(c), identity: cookies.identity(c) ?? null }));
  app.delete('/', (c) => {
    cookies.removeLogins(c);
    return c.text('');
  });
  return app;
}

const one = appOf(hubCookies('11111111-2222-4333-8444-555555555555'));
const other = appOf(hubCookies('99999999-2222-4333-8444-555555555555'));
const logIn = async (app: Hono, origin: string): Promise<string[]> =>
  (await app.request(`${origin}/`, { method: 'POST' })).headers.getSetCookie();
const nameOf = (cookie: string): string => cookie.slice(0, cookie.indexOf('='));
const pairOf = (cookie: string): string => cookie.slice(0, cookie.indexOf(';'));
const read = async (app: Hono, cookie: string): Promise<{ logins: string[]; identity: string | null }> =>
  (await (await app.request('/', { headers: { cookie } })).json()) as never;

test('two hubs on one host leave the cookies of the other alone', async () => {
  const [ours, theirs] = [await logIn(one, 'http://hub'), await logIn(other, 'http://hub')];
  expect(ours.map(nameOf).filter((name) => theirs.map(nameOf).includes(name))).toEqual([]);
  const sent = [...ours, ...theirs].map(pairOf).join('; ');
  expect((await read(one, sent)).logins).toEqual(['a-login']);
  expect((await read(other, theirs.map(pairOf).join('; '))).identity).toMatch(/^[\w-]{32}$/);
  expect((await read(one, theirs.map(pairOf).join('; '))).logins).toEqual([]);
});

test('HTTPS has a login cookie of its own, so that it does not keep plain HTTP from setting one', async () => {
  const [plain, secure] = [await logIn(one, 'http://hub'), await logIn(one, 'https://hub')];
  const login = (cookies: string[]): string => cookies.find((cookie) => cookie.includes('login')) ?? '';
  expect(nameOf(login(secure))).toBe(`__Host-${nameOf(login(plain))}`);
  expect(login(secure)).toMatch(/Secure/);
  expect(login(plain)).not.toMatch(/Secure/);
  for (const cookie of [...plain, ...secure]) expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
});

test('cookies under the former names still count, and end with a logout', async () => {
  const identity = 'i'.repeat(32);
  const former = `potluck_login=of-before; potluck_identity=${identity}`;
  expect(await read(one, former)).toEqual({ logins: ['of-before'], identity });
  const ended = await one.request('/', { method: 'DELETE', headers: { cookie: former } });
  expect(ended.headers.getSetCookie().map(nameOf)).toContain('potluck_login');
});
