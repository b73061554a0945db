/** Who this browser is to the hub, and what it may do. */
import type { Session } from '@potluck/api';
import { hubJson, hubSend, whenRefused } from '#lib/hub/hubFetch.ts';

class SessionState {
  /** Undefined until the hub has answered for the first time. */
  current = $state.raw<Session>();
  /** True once the hub was asked for the first time, whatever it said: pages wait for it, so that nothing jumps. */
  known = $state(false);
  /** True while the person is asked for a key or a password. */
  asking = $state(false);

  constructor() {
    whenRefused(() => void this.refresh());
  }

  get mayAsk(): boolean {
    return this.mayAdminister || (this.current?.scopes.includes('ask') ?? false);
  }

  get mayAdminister(): boolean {
    return this.current?.scopes.includes('admin') ?? false;
  }

  /** Asks the hub again; it also gives this browser its identity. Failures leave things as they are. */
  async refresh(): Promise<void> {
    const session = await hubJson<Session>('/api/session').catch(() => undefined);
    if (session) this.#take(session);
    this.known = true;
  }

  /**
   * Logs in with the administrator's password or a key, whichever it is.
   * @throws HubError with what is wrong
   */
  async logIn(secret: string): Promise<void> {
    this.#take(await hubSend<Session>('POST', '/api/session', { secret }));
  }

  async logOut(): Promise<void> {
    this.#take(await hubSend<Session>('DELETE', '/api/session'));
  }

  /** @throws HubError where the hub does not take it */
  async setPassword(password: string, current?: string): Promise<void> {
    const body = current === undefined ? { password } : { password, current };
    this.#take(await hubSend<Session>('PUT', '/api/session/password', body));
  }

  #take(session: Session): void {
    this.current = session;
    this.asking = session.scopes.length === 0;
  }
}

export const session = new SessionState();
