/** Why a worker that listens can't be dialed, in words that say what to do. */
import type { ConnectionStep } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import { DomainError } from '../../errors/domainError.ts';
import { systemCodeOf } from '../../errors/systemCodeOf.ts';

/** Thrown where dialing, or what was asked then, fails; `step` is how far it came. */
export class DialError extends DomainError {
  override readonly name = 'DialError';
  readonly kind = 'unusable';
  readonly code: string;
  readonly step: ConnectionStep['step'];

  constructor(step: DialError['step'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.step = step;
    this.code = `not_${step}`;
  }
}

/** Of a TCP connection that did not come up. Nothing of what a stranger sent is repeated. */
export function unreachable(error: unknown, host: string, port: number): DialError {
  const code = systemCodeOf(error);
  return new DialError('reachable', reasonOf(code, host, port), { cause: error });
}

function reasonOf(code: string | undefined, host: string, port: number): string {
  switch (code) {
    case 'ECONNREFUSED':
      return hubText('refuses-connections', { host, port, own: port });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return hubText('no-machine-called', { host });
    case 'ETIMEDOUT':
      return hubText('did-not-answer', { host, port });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return hubText('no-way-to', { host });
    default:
      return `the hub can't connect to ${host} at port ${port} (${code ?? 'unknown error'})`;
  }
}

/** Of a TLS handshake that did not come to its end. */
export function unauthorised(error: unknown, host: string, port: number): DialError {
  const text = error instanceof Error ? error.message : '';
  // OpenSSL's alert 20: the other end could not read what was written with our key.
  if (/bad record mac|decrypt error/i.test(text)) {
    return new DialError('authorised', hubText('other-token', {}), { cause: error });
  }
  if (systemCodeOf(error) === 'ECONNRESET') {
    return new DialError(
      'authorised',
      `${host} closed the connection at port ${port}: too many wrong tokens were tried (then wait a minute), or it is no waiting worker`,
      { cause: error },
    );
  }
  return new DialError('authorised', hubText('no-waiting-worker', { port, host, own: port }), {
    cause: error,
  });
}

/** Of an authorised connection that ended before its answer did; `step` is what was under way. */
export function hungUp(step: DialError['step'], cause?: unknown): DialError {
  const code = systemCodeOf(cause);
  const message = code === undefined ? hubText('hung-up', {}) : hubText('hung-up-by', { name: code });
  return new DialError(step, message, { cause });
}
