/** How others reach this hub: what a page may know before it has a key, and what those who may invite get. */
import type { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { Hono } from 'hono';
import { certificatesIn } from '../certificate/hubCertificate.ts';
import type { Https } from '../reachability/openHttps.ts';
import { joinLinks, workerCommands, type Reachability } from '../reachability/reachability.ts';
import { ApiError } from './apiError.ts';

/** The hub's version, as in its package. */
const version = '0.1.0';

/** What `GET /api/hub` answers. */
export interface HubInformation {
  name: string;
  version: string;
  httpPort: number;
  /** null where HTTPS is off. */
  httpsPort: number | null;
  /** Hosts as they stand in a URL, the likeliest first. */
  addresses: string[];
  /** SHA-256 of the certificate at the end of the hub's chain; null where it has none or HTTPS is off. */
  fingerprint: string | null;
}

/** What `GET /api/join` answers. */
export interface JoinInformation {
  token: string;
  /** For a person's browser, the likeliest first; the first is the one for a QR code. */
  links: string[];
  /** For machines without a browser, the likeliest first. */
  commands: string[];
}

export interface HubInformationComponents {
  /** How the hub is reached now; networks change. */
  reachability: () => Reachability;
  /** Undefined where HTTPS is off. */
  https: () => Pick<Https, 'certificate'> | undefined;
}

export interface ReachabilityComponents extends HubInformationComponents {
  https: () => Https | undefined;
}

/** Routes to mount under `/api/hub`; they need no key: the join page leads to HTTPS with them. */
export function hubInformationRoutes({ reachability, https }: HubInformationComponents): Hono {
  const app = new Hono();
  app.get('/', (c) => {
    const { httpPort, httpsPort, hosts, fingerprint } = reachability();
    return c.json({
      name: hostname(),
      version,
      httpPort,
      httpsPort: httpsPort ?? null,
      addresses: [...hosts],
      fingerprint: fingerprint ?? null,
    } satisfies HubInformation);
  });
  // Who installs it as an authority sees no warning any more.
  app.get('/certificate.pem', (c) => {
    const root = certificatesIn(https()?.certificate.certificate ?? '').find(isRoot);
    if (!root) throw new ApiError(404, 'This hub has no certificate of its own.', { code: 'not_found' });
    c.header('content-disposition', 'attachment; filename="potluck-hub.pem"');
    return c.body(root.toString(), 200, { 'content-type': 'application/x-x509-ca-cert' });
  });
  return app;
}

/** Route to mount under `/api/join`, behind a key: its answer holds the join token. */
export function joinInformationRoutes(
  { reachability }: Pick<ReachabilityComponents, 'reachability'>,
  { joinToken }: { joinToken: string },
): Hono {
  const app = new Hono();
  app.get('/', (c) => {
    const reach = reachability();
    c.header('cache-control', 'no-store');
    return c.json({
      token: joinToken,
      links: joinLinks(reach, joinToken),
      commands: workerCommands(reach, joinToken),
    } satisfies JoinInformation);
  });
  return app;
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}
