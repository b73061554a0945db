/** HTTPS beside HTTP: the certificate, the port, and both kept fit. */
import path from 'node:path';
import type { Logger } from 'pino';
import { CertificateKeeper } from '../certificate/CertificateKeeper.ts';
import { givenCertificate } from '../certificate/givenCertificate.ts';
import type { HubCertificate } from '../certificate/hubCertificate.ts';
import { ownCertificate } from '../certificate/ownCertificate.ts';
import { StartError, systemCodeOf } from '../errors.ts';
import { listenSecurely, type Fetch, type SecureListening } from '../listen.ts';
import type { NetworkConfig } from '../networkOptions.ts';
import { certificateNames } from './reachability.ts';

const defaultHttpsPort = 8443;

export interface OpenHttpsInit extends Pick<
  NetworkConfig,
  'httpsPort' | 'certificate' | 'certificateKey' | 'addresses'
> {
  /** The port asked for HTTP. */
  port: number;
  host?: string;
  /** The hub's data directory. */
  data: string;
}

export interface Https {
  port: number;
  /** The certificate in use. */
  readonly certificate: HubCertificate;
  close(): Promise<void>;
}

/**
 * Opens HTTPS.
 * @returns undefined where it is turned off
 * @throws StartError for a certificate that can't be used, or a port that was asked for and can't be had
 */
export async function openHttps(
  components: { fetch: Fetch; logger: Logger },
  init: OpenHttpsInit,
): Promise<Https | undefined> {
  const { fetch, logger } = components;
  if (init.httpsPort === 'off') return undefined;
  const load = (): Promise<HubCertificate> => loadCertificate(init);
  const certificate = await load();
  const server = await openPort(fetch, certificate, init, logger);
  const keeper = new CertificateKeeper(
    { load, use: (renewed) => server.setCertificate(renewed), logger },
    certificate,
  );
  return {
    port: server.port,
    get certificate() {
      return keeper.current;
    },
    close: () => {
      keeper.stop();
      return server.close();
    },
  };
}

function loadCertificate(init: OpenHttpsInit): Promise<HubCertificate> {
  const { certificate, certificateKey, data } = init;
  if (certificate !== undefined && certificateKey !== undefined) {
    return givenCertificate(certificate, certificateKey);
  }
  return ownCertificate(path.join(data, 'certificate'), certificateNames(init));
}

/** A port that nobody asked for is no reason not to start. */
async function openPort(
  fetch: Fetch,
  certificate: HubCertificate,
  { httpsPort, port, host }: OpenHttpsInit,
  logger: Logger,
): Promise<SecureListening> {
  if (httpsPort === 'off' || httpsPort !== undefined) {
    return listenSecurely(fetch, certificate, Number(httpsPort), host);
  }
  if (port === 0) return listenSecurely(fetch, certificate, 0, host);
  try {
    return await listenSecurely(fetch, certificate, defaultHttpsPort, host);
  } catch (error) {
    if (!(error instanceof StartError) || systemCodeOf(error.cause) !== 'EADDRINUSE') throw error;
    const server = await listenSecurely(fetch, certificate, 0, host);
    logger.warn(
      `port ${defaultHttpsPort} is in use, so HTTPS is at port ${server.port} this time. ` +
        'Choose one that stays with --https-port, or --https-port off.',
    );
    return server;
  }
}
