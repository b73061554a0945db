/** Keeps the server's certificate fit while the hub runs: addresses come and go, files are replaced, time passes. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors/messageOf.ts';
import type { HubCertificate } from './hubCertificate.ts';

const lookEveryMs = 60_000;

export interface CertificateKeeperComponents {
  /** Reads or renews the certificate. */
  load: () => Promise<HubCertificate>;
  /** Told about a certificate that is not the one before. */
  use: (certificate: HubCertificate) => void;
  logger: Logger;
}

export class CertificateKeeper {
  readonly #components: CertificateKeeperComponents;
  readonly #timer: NodeJS.Timeout;
  #current: HubCertificate;
  /** What was wrong at the last look, and is not said again at each. */
  #said: string | undefined;
  /** Looks follow one another, so that an earlier one never undoes what a later one found. */
  #looking: Promise<void> = Promise.resolve();

  constructor(components: CertificateKeeperComponents, current: HubCertificate) {
    this.#components = components;
    this.#current = current;
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  get current(): HubCertificate {
    return this.#current;
  }

  /** Looks whether the certificate still fits. What goes wrong is logged; the present one stays in use. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { load, use, logger } = this.#components;
    try {
      const found = await load();
      this.#said = undefined;
      if (found.certificate === this.#current.certificate) return;
      use(found);
      this.#current = found;
      logger.info({ kind: found.kind }, 'HTTPS goes on with a new certificate');
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== this.#said)
        logger.warn({ reason }, `HTTPS goes on with the certificate that the hub has: ${reason}`);
      this.#said = reason;
    }
  }
}
