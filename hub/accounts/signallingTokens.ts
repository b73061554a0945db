/** Who may use signalling: workers that were welcomed, each with a token of its own. */
import { randomBytes } from 'node:crypto';
import type { WorkerId } from '@potluck/protocol';
import { sameSecret } from './secrets.ts';

export class SignallingTokens {
  readonly #tokens = new Map<string, string>();

  /** Makes a token; a former one of the same worker is no longer good. */
  issue(workerId: WorkerId): string {
    const token = randomBytes(16).toString('base64url');
    this.#tokens.set(workerId, token);
    return token;
  }

  revoke(workerId: WorkerId): void {
    this.#tokens.delete(workerId);
  }

  accepts(id: string, token: string): boolean {
    const expected = this.#tokens.get(id);
    return expected !== undefined && sameSecret(token, expected);
  }
}
