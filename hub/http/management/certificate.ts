/** The certificate for HTTPS: look at it, bring one, go back to the hub's own. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Certificate, NewCertificate } from '@potluck/api';
import { CertificateProblem } from '../../network/certificate/checkCertificate.ts';
import type { Https } from '../../network/reachability/openHttps.ts';
import { viewCertificate } from './certificateView.ts';
import { ApiError } from '../apiError.ts';
import type { ReachabilityComponents } from './reachability.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route, takes } from './route.ts';

export interface CertificateRouteComponents {
  reachability: ReachabilityComponents;
}

const tag = 'Certificate';

/** Routes to mount under `/certificate`. */
export function certificateRoutes({ reachability }: CertificateRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  const https = (): Https => {
    const opened = reachability.https();
    if (opened) return opened;
    throw new ApiError(404, 'HTTPS is off (--https-port off), so there is no certificate.', {
      code: 'https_off',
    });
  };
  const changeable = (): Https => {
    const opened = https();
    if (opened.certificate.kind !== 'given') return opened;
    throw new ApiError(409, '--certificate names the certificate. Change that file, or leave the flag out.', {
      code: 'conflict',
    });
  };
  const view = (opened: Https): Certificate => viewCertificate(opened, reachability.reachability().hosts);

  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'The certificate in use', tag, scope: 'admin' },
      { responses: { 200: answers(Certificate, 'Without its key') } },
    ),
    (c) => c.json(view(https()), 200),
  );
  app.openapi(
    route(
      {
        method: 'put',
        path: '/',
        summary: 'Use this certificate from now on; open connections stay',
        tag,
        scope: 'admin',
      },
      {
        request: takes(NewCertificate),
        responses: { 200: answers(Certificate, 'The certificate as it is used now') },
      },
    ),
    async (c) => {
      const opened = changeable();
      try {
        await opened.upload(c.req.valid('json'));
      } catch (error) {
        if (!(error instanceof CertificateProblem)) throw error;
        throw new ApiError(400, `The ${error.part} ${error.message}`, {
          code: 'invalid_value',
          param: error.part,
          cause: error,
        });
      }
      return c.json(view(opened), 200);
    },
  );
  app.openapi(
    route(
      { method: 'delete', path: '/', summary: 'Go back to the hub’s own certificate', tag, scope: 'admin' },
      { responses: { 200: answers(Certificate, 'The certificate as it is used now') } },
    ),
    async (c) => {
      const opened = changeable();
      await opened.useOwn();
      return c.json(view(opened), 200);
    },
  );
  return app;
}
