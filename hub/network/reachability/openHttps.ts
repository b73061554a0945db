/** HTTPS beside HTTP: the certificate, the port, and both kept fit. */
import path from 'node:path';
import type { Logger } from 'pino';
import { CertificateKeeper } from '../certificate/certificateKeeper.ts';
import { CertificateProblem } from '../certificate/checkCertificate.ts';
import { givenCertificate } from '../certificate/givenCertificate.ts';
import type { HubCertificate } from '../certificate/hubCertificate.ts';
import { ownCertificate } from '../certificate/ownCertificate.ts';
import {
  forgetUploadedCertificate,
  keepUploadedCertificate,
  uploadedCertificate,
} from '../certificate/uploadedCertificate.ts';
import { systemCodeOf } from '../../errors/systemCodeOf.ts';
import { StartError } from '../../errors/startError.ts';
import {
  listenSecurely,
  type Elsewhere,
  type Fetch,
  type SecureListening,
  type ServerCertificate,
} from '../listen.ts';
import { keepPort, readKeptPort } from './keptPort.ts';
import { certificateNames } from './reachability.ts';

const defaultHttpsPort = 8443;

/** Flags about HTTPS and the hub's names. */
export interface HttpsConfig {
  /**
   * TCP port for HTTPS; 0 takes a free one. Undefined: 8443, or a free one where that is taken, which the hub then keeps (or
   * where the port for HTTP is a free one too).
   */
  httpsPort?: number | 'off';
  /** PEM file with the certificate and those that signed it; undefined: the hub makes its own. */
  certificate?: string;
  /** PEM file with the certificate's private key. */
  certificateKey?: string;
  /** Further addresses under which others reach the hub, as `readAddress` returns them. */
  addresses?: string[];
}

export interface OpenHttpsInit extends HttpsConfig {
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
  /** Uses this certificate from now on, also after a restart. @throws CertificateProblem if it can't be used */
  upload(certificate: ServerCertificate): Promise<void>;
  /** Forgets a certificate that was uploaded. */
  useOwn(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenHttpsComponents {
  fetch: Fetch;
  logger: Logger;
  /** Takes what another process answers. */
  elsewhere?: Elsewhere;
}

/**
 * Opens HTTPS.
 * @returns undefined where it is turned off
 * @throws StartError for a certificate that can't be used, or a port that was asked for and can't be had
 */
export async function openHttps(
  components: OpenHttpsComponents,
  init: OpenHttpsInit,
): Promise<Https | undefined> {
  const { logger } = components;
  if (init.httpsPort === 'off') return undefined;
  const folder = path.join(init.data, 'certificate');
  const load = certificateLoader(init, folder, logger);
  const certificate = await load();
  const server = await openPort(components, certificate, init);
  const keeper = new CertificateKeeper(
    { load, use: (renewed) => server.setCertificate(renewed), logger },
    certificate,
  );
  return {
    port: server.port,
    get certificate() {
      return keeper.current;
    },
    upload: async (given) => {
      await keepUploadedCertificate(folder, given);
      await keeper.look();
    },
    useOwn: async () => {
      await forgetUploadedCertificate(folder);
      await keeper.look();
    },
    close: () => {
      keeper.stop();
      return server.close();
    },
  };
}

/** Flags come first, then what was uploaded; one that is no longer fit is no reason to be without HTTPS. */
function certificateLoader(
  init: OpenHttpsInit,
  folder: string,
  logger: Logger,
): () => Promise<HubCertificate> {
  const { certificate, certificateKey } = init;
  if (certificate !== undefined && certificateKey !== undefined) {
    return () => givenCertificate(certificate, certificateKey);
  }
  let said: string | undefined;
  return async () => {
    try {
      const uploaded = await uploadedCertificate(folder);
      if (uploaded) return uploaded;
    } catch (error) {
      if (!(error instanceof CertificateProblem)) throw error;
      if (error.message !== said) {
        logger.warn(`the uploaded ${error.part} ${error.message} Until then HTTPS has the hub's own.`);
      }
      said = error.message;
    }
    return ownCertificate({ logger, now: Date.now }, folder, certificateNames(init));
  };
}

/**
 * A port that nobody asked for is no reason not to start. One that was taken in place of the usual one stays: devices come back
 * to it after a restart.
 */
async function openPort(
  { fetch, logger, ...options }: OpenHttpsComponents,
  certificate: HubCertificate,
  { httpsPort, port, host, data }: OpenHttpsInit,
): Promise<SecureListening> {
  const listenAt = (at: number): Promise<SecureListening> =>
    listenSecurely(fetch, certificate, at, host, options);
  if (httpsPort !== undefined) return listenAt(Number(httpsPort));
  if (port === 0) return listenAt(0);
  const wanted = (await readKeptPort(data)) ?? defaultHttpsPort;
  try {
    return await listenAt(wanted);
  } catch (error) {
    if (!(error instanceof StartError) || systemCodeOf(error.cause) !== 'EADDRINUSE') throw error;
    const server = await listenAt(0);
    await keepPort(data, server.port);
    const lost =
      wanted === defaultHttpsPort ? '' : ` Devices and links that know port ${wanted} do not find this hub.`;
    logger.warn(
      `port ${wanted} is in use, so HTTPS is at port ${server.port} from now on.${lost} ` +
        'Choose another one with --https-port, or --https-port off.',
    );
    return server;
  }
}
