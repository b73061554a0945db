/** How others reach this hub: what a page may know before it has a key, and what those who may invite get. */
import type { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { HubInformation, JoinInformation } from '@potluck/api';
import { z } from 'zod';
import { certificatesIn } from '../../network/certificate/hubCertificate.ts';
import type { Https } from '../../network/reachability/openHttps.ts';
import { joinLinks, workerCommands, type Reachability } from '../../network/reachability/reachability.ts';
import { hubVersion } from '../../network/hubVersion.ts';
import { ApiError } from '../apiError.ts';
import type { Source } from '../source.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route } from './route.ts';

export interface HubInformationComponents {
  /** How the hub is reached now; networks change. */
  reachability: () => Reachability;
  /** Undefined where HTTPS is off. */
  https: () => Pick<Https, 'certificate'> | undefined;
  /** Undefined where the hub answers no STUN requests. */
  stunPort?: number | undefined;
}

export interface ReachabilityComponents extends HubInformationComponents {
  https: () => Https | undefined;
}

export interface JoinInformationComponents {
  reachability: () => Reachability;
  /** The hub's own, for those who may invite. */
  joinToken: () => string;
}

const tag = 'Hub';

/** Routes to mount under `/hub`; they need no key: the join page leads to HTTPS with them. */
export function hubInformationRoutes({
  reachability,
  https,
  stunPort,
}: HubInformationComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'How the hub is reached', tag },
      { responses: { 200: answers(HubInformation, 'Its addresses, and its certificate') } },
    ),
    (c) => {
      const {
        httpPort,
        httpsPort,
        hosts,
        publicAddresses = [],
        fingerprint,
      } = reachableFor(c.var.source, reachability());
      return c.json(
        {
          name: hostname(),
          version: hubVersion,
          httpPort,
          httpsPort: httpsPort ?? null,
          addresses: [...hosts],
          publicUrls: publicAddresses.map(({ url }) => url),
          stunPort: stunPort ?? null,
          fingerprint: fingerprint ?? null,
        },
        200,
      );
    },
  );
  // Who installs it as an authority sees no warning any more.
  app.openapi(
    route(
      { method: 'get', path: '/certificate.pem', summary: 'The hub’s own authority, to be installed', tag },
      {
        responses: {
          200: {
            description: 'The certificate, in PEM',
            content: { 'application/x-x509-ca-cert': { schema: z.string() } },
          },
        },
      },
    ),
    (c) => {
      const root = certificatesIn(https()?.certificate.certificate ?? '').find(isRoot);
      if (!root) throw new ApiError(404, 'This hub has no certificate of its own.', { code: 'not_found' });
      c.header('content-disposition', 'attachment; filename="potluck-hub.pem"');
      return c.body(root.toString(), 200, { 'content-type': 'application/x-x509-ca-cert' });
    },
  );
  return app;
}

/** Route to mount under `/join`. */
export function joinInformationRoutes({ reachability, joinToken }: JoinInformationComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Links and commands by which others join', tag, scope: 'admin' },
      { responses: { 200: answers(JoinInformation, 'With the hub’s own join token') } },
    ),
    (c) => {
      const reach = reachableFor(c.var.source, reachability());
      const token = joinToken();
      c.header('cache-control', 'no-store');
      const [links, commands] = [joinLinks(reach, token), workerCommands(reach, token)];
      return c.json({ token, links, commands }, 200);
    },
  );
  return app;
}

/** With the way that a trusted proxy names, before all others. */
export function reachableFor({ publicUrl }: Source, reach: Reachability): Reachability {
  if (publicUrl === undefined) return reach;
  const publicAddresses = [{ url: publicUrl, showsHubCertificate: false }, ...(reach.publicAddresses ?? [])];
  return { ...reach, publicAddresses };
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}
