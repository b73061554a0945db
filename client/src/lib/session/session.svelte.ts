/** Who this browser is to the hub, and what it may do. */
import type { Session } from '@potluck/api';
import { hubJson, hubSend, whenRefused } from '#lib/hub/hubFetch.ts';

/** Pause before a hub that did not say who we are is asked again, in milliseconds. */
const retryMs = 3000;

class SessionState {
  /** Undefined until the hub has answered for the first time. */
  current = $state.raw<Session>();
  /** True once the hub was asked for the first time, whatever it said: pages wait for it, so that nothing jumps. */
  known = $state(false);
  /** True while the person is asked for a key or a password. */
  asking = $state(false);
  /** True where this browser was let in since the page was opened. */
  wasIn = $state(false);
  /** True where the person signed out in this page and did not come back. */
  signedOutHere = $state(false);
  /** For this device, by an invite that was accepted where people sign in; the join page takes it. */
  joinToken = $state<string>();
  /** Other tabs of this browser, which share its login. */
  readonly #tabs = new BroadcastChannel('potluck session');

  constructor() {
    whenRefused(() => void this.#refused());
    this.#tabs.addEventListener('message', () => void this.refresh());
  }

  /** True where the hub lets this browser do nothing. */
  get isOut(): boolean {
    return this.current?.scopes.length === 0;
  }

  get mayAsk(): boolean {
    return this.mayAdminister || (this.current?.scopes.includes('ask') ?? false);
  }

  get mayAdminister(): boolean {
    return this.current?.scopes.includes('admin') ?? false;
  }

  /**
   * Asks the hub again; it also gives this browser its identity. Failures leave things as they are; a hub that never
   * answered is asked until it does.
   */
  async refresh(): Promise<void> {
    const session = await hubJson<Session>('/api/session').catch(() => undefined);
    if (session) this.#take(session);
    else if (this.current === undefined) setTimeout(() => void this.refresh(), retryMs);
    this.known = true;
  }

  /**
   * Logs in with the administrator's password or a key, whichever it is.
   * @throws HubError with what is wrong
   */
  async logIn(secret: string): Promise<void> {
    this.#take(await hubSend<Session>('POST', '/api/session', { secret }));
    this.#tabs.postMessage('changed');
  }

  async logOut(): Promise<void> {
    this.#take(await hubSend<Session>('DELETE', '/api/session'));
    this.signedOutHere = true;
    this.#tabs.postMessage('changed');
  }

  /** @throws HubError where the hub does not take it */
  async setPassword(password: string, current?: string): Promise<void> {
    const body = current === undefined ? { password } : { password, current };
    this.#take(await hubSend<Session>('PUT', '/api/session/password', body));
    this.#tabs.postMessage('changed');
  }

  /** Who is out already and tries something is asked who they are. */
  async #refused(): Promise<void> {
    const wasOut = this.isOut;
    await this.refresh();
    if (wasOut && this.isOut) this.asking = true;
  }

  #take(session: Session): void {
    this.current = session;
    if (session.scopes.length === 0) return;
    this.wasIn = true;
    this.signedOutHere = false;
    this.asking = false;
  }
}

export const session = new SessionState();
