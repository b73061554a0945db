/** A server that speaks like the Hugging Face Hub: listings, redirects to another origin, ranges, gates, cut connections. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export interface RemoteRepositoryInit {
  /** Its files. */
  directory: string;
  license?: string;
  /** Opens only with this token. */
  token?: string;
}

export interface RemoteHubServer {
  endpoint: string;
  /** Requests for files, in order: path and the range that was asked for. */
  readonly fileRequests: { path: string; range: string | undefined; authorization: string | undefined }[];
  /** Cuts the connection of the next requests for this file after so many bytes. */
  cutAfter(filePath: string, bytes: number, times: number): void;
  /** Sends so many bytes of the file to whoever asks for it next, and then nothing; the connection stays open. */
  holdAfter(filePath: string, bytes: number): void;
  /** Answers the next request for this file with a status, and when to come again. */
  refuse(filePath: string, status: number, retryAfter: string): void;
  /** Serves other bytes than the listing promises. */
  spoil(filePath: string): void;
  close(): Promise<void>;
}

/** Files from this size on are listed as large ones, with their SHA-256. */
const largeBytes = 10_000;
const commit = '0123456789abcdef0123456789abcdef01234567';

/** @param repositories by name, such as `owner/name` */
export async function startRemoteHub(
  repositories: Record<string, RemoteRepositoryInit>,
): Promise<RemoteHubServer> {
  const fileRequests: RemoteHubServer['fileRequests'] = [];
  const cuts = new Map<string, { bytes: number; times: number }>();
  const held = new Map<string, number>();
  const spoiled = new Set<string>();
  const refusals = new Map<string, { status: number; retryAfter: string }>();

  // Where large files lie; a token must not come here.
  const store = await listen(async (request, response) => {
    const [, owner = '', name = '', ...parts] = decodeURIComponent(request.url ?? '').split('/');
    const filePath = parts.join('/');
    const { range, authorization } = request.headers;
    fileRequests.push({ path: filePath, range, authorization });
    const repository = repositories[`${owner}/${name}`];
    const bytes = repository && (await readFile(path.join(repository.directory, filePath)));
    if (!bytes) return void response.writeHead(404).end();
    const refusal = refusals.get(filePath);
    if (refusal) {
      refusals.delete(filePath);
      return void response.writeHead(refusal.status, { 'retry-after': refusal.retryAfter }).end();
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const body = spoiled.has(filePath) ? Buffer.alloc(bytes.length - start) : bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': body.length,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    const hold = held.get(filePath);
    if (hold !== undefined) {
      held.delete(filePath);
      return void response.write(body.subarray(0, hold));
    }
    const cut = cuts.get(filePath);
    if (!cut || cut.times === 0) return void response.end(body);
    cut.times--;
    response.write(body.subarray(0, cut.bytes), () => response.destroy());
  });

  const hub = await listen(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://hub');
    const parts = decodeURIComponent(url.pathname).split('/').slice(1);
    if (url.pathname === '/api/models') {
      const found = Object.keys(repositories).filter((name) =>
        name.includes(url.searchParams.get('search') ?? ''),
      );
      return json(
        response,
        200,
        found.map((name) => information(name, repositories[name])),
      );
    }
    const isApi = parts[0] === 'api' && parts[1] === 'models';
    const [owner = '', name = '', what, , ...rest] = isApi ? parts.slice(2) : parts;
    const repository = repositories[`${owner}/${name}`];
    if (!repository) return json(response, 404, { error: 'Repository not found' });
    if (repository.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`) {
      response.setHeader('x-error-code', 'GatedRepo');
      return json(response, 401, { error: 'Access to this repository is restricted.' });
    }
    if (isApi && what === 'revision') return json(response, 200, information(`${owner}/${name}`, repository));
    if (isApi && what === 'tree') {
      const files = await listing(repository.directory);
      const page = Number(url.searchParams.get('page') ?? 0);
      // Listings come in pages.
      if (page === 0 && files.length > 2) {
        response.setHeader(
          'link',
          `<http://${request.headers.host}${url.pathname}${url.search}&page=1>; rel="next"`,
        );
      }
      return json(response, 200, page === 0 ? files.slice(0, 2) : files.slice(2));
    }
    if (what !== 'resolve') return json(response, 404, { error: 'Not found' });
    response.writeHead(302, { location: `${store.origin}/${owner}/${name}/${rest.join('/')}` }).end();
  });

  return {
    endpoint: hub.origin,
    fileRequests,
    cutAfter: (filePath, bytes, times) => void cuts.set(filePath, { bytes, times }),
    holdAfter: (filePath, bytes) => void held.set(filePath, bytes),
    refuse: (filePath, status, retryAfter) => void refusals.set(filePath, { status, retryAfter }),
    spoil: (filePath) => void spoiled.add(filePath),
    close: async () => {
      await Promise.all([hub.close(), store.close()]);
    },
  };
}

function information(name: string, repository: RemoteRepositoryInit | undefined): object {
  return {
    _id: createHash('md5').update(name).digest('hex').slice(0, 24),
    id: name,
    private: false,
    gated: repository?.token === undefined ? false : 'manual',
    downloads: 1234,
    likes: 5,
    lastModified: '2026-01-01T00:00:00.000Z',
    pipeline_tag: 'text-generation',
    sha: commit,
    cardData: { license: repository?.license ?? 'apache-2.0' },
  };
}

async function listing(directory: string): Promise<object[]> {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  return Promise.all(
    names.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const bytes = await readFile(file);
      const large = bytes.length >= largeBytes;
      return {
        type: 'file',
        path: path.relative(directory, file),
        size: bytes.length,
        oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
        ...(large
          ? {
              lfs: {
                oid: createHash('sha256').update(bytes).digest('hex'),
                size: bytes.length,
                pointerSize: 130,
              },
            }
          : {}),
      };
    }),
  );
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
