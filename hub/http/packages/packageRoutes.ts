/** Potluck itself, for machines that join: `npx <address of the package> worker …` needs no clone. */
import { Hono } from 'hono';
import { workerPackagePath } from '../../network/workerPackagePath.ts';
import { ApiError } from '../apiError.ts';
import type { WorkerPackageMaker } from './workerPackageMaker.ts';

/** Routes to mount at `/`. Everybody may read the package: there is no secret in it. */
export function packageRoutes(maker: Pick<WorkerPackageMaker, 'tarball'>): Hono {
  const app = new Hono();
  app.get(workerPackagePath, async (c) =>
    c.body(await maker.tarball(), 200, { 'content-type': 'application/gzip', 'cache-control': 'no-cache' }),
  );
  app.get('/packages/potluck.tgz', (c) => c.redirect(workerPackagePath.slice('/packages/'.length), 302));
  app.get('/packages/*', () => {
    throw new ApiError(404, `This hub has another version: its package is ${workerPackagePath}.`, {
      code: 'not_found',
    });
  });
  return app;
}
