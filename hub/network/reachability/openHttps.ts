/** HTTPS beside HTTP: the certificate, the port, and both kept fit. */
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
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
import type { Fetch } from '../fetch.ts';
import { listenSecurely, type Elsewhere, type SecureListening, type ServerCertificate } from '../listen.ts';
import { keepPort, readKeptPort } from './keptPort.ts';
import { certificateNames } from './reachability.ts';

const defaultHttpsPort = 8443;
/** So long another program may still have the port that devices know: a hub that was started again, say. */
const defaultPatienceMs = 5000;
const retryMs = 250;

/** Flags about HTTPS and the hub's names. */
export interface HttpsConfig {
  /**
   * TCP port for HTTPS; 0 takes a free one. Undefined: the one of the hub's first start, which is 8443, or a free one where
   * that was taken (or where the port for HTTP is a free one too).
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
  /** What devices and links know, where another program has that port now. */
  readonly knownPort: number | undefined;
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
  /** The port of a first start that asks for none. */
  usualPort?: number;
  /** How long to wait for a port that devices know, in milliseconds. */
  patienceMs?: number;
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
  const { server, knownPort } = await openPort(components, certificate, init);
  const keeper = new CertificateKeeper(
    { load, use: (renewed) => server.setCertificate(renewed), logger },
    certificate,
  );
  return {
    port: server.port,
    knownPort,
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

interface Opened {
  server: SecureListening;
  knownPort?: number;
}

/**
 * A port that nobody asked for is no reason not to start. The one of the first start is kept: devices come back to it. Where
 * another program has it, a free one serves for this run only.
 */
async function openPort(
  {
    fetch,
    logger,
    usualPort = defaultHttpsPort,
    patienceMs = defaultPatienceMs,
    ...options
  }: OpenHttpsComponents,
  certificate: HubCertificate,
  { httpsPort, port, host, data }: OpenHttpsInit,
): Promise<Opened> {
  const listenAt = (at: number): Promise<SecureListening> =>
    listenSecurely(fetch, certificate, at, host, options);
  if (httpsPort !== undefined) return { server: await listenAt(Number(httpsPort)) };
  if (port === 0) return { server: await listenAt(0) };
  const kept = await readKeptPort(data);
  if (kept === undefined) {
    const server = (await unlessInUse(() => listenAt(usualPort))) ?? (await listenAt(0));
    await keepPort(data, server.port);
    if (server.port !== usualPort)
      logger.warn(
        `port ${usualPort} is in use, so HTTPS is at port ${server.port} from now on. ` +
          'Choose another one with --https-port, or --https-port off.',
      );
    return { server };
  }
  const server = await unlessInUseFor(patienceMs, () => listenAt(kept));
  if (server) return { server };
  const instead = await listenAt(0);
  logger.warn(
    `another program uses port ${kept}, so HTTPS is at port ${instead.port} until this hub ends. ` +
      `Devices and links that know port ${kept} do not find this hub: end the other program and start this hub again, ` +
      'or choose a port with --https-port and give the links anew.',
  );
  return { server: instead, knownPort: kept };
}

/** @returns undefined where the port is in use */
async function unlessInUse<Server>(listenThere: () => Promise<Server>): Promise<Server | undefined> {
  try {
    return await listenThere();
  } catch (error) {
    if (!(error instanceof StartError) || systemCodeOf(error.cause) !== 'EADDRINUSE') throw error;
    return undefined;
  }
}

async function unlessInUseFor<Server>(
  milliseconds: number,
  listenThere: () => Promise<Server>,
): Promise<Server | undefined> {
  for (let waited = 0; ; waited += retryMs) {
    const server = await unlessInUse(listenThere);
    if (server || waited >= milliseconds) return server;
    await setTimeout(retryMs);
  }
}
