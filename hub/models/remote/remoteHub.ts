/** The Hugging Face Hub, or a mirror that speaks like it. */
import { hubText } from '@potluck/api/hub-texts';
import { HubApiError, listFiles, listModels, modelInfo } from '@huggingface/hub';
import { proxyFor, proxySettings } from '@potluck/machine';
import { messageOf } from '../../errors/messageOf.ts';
import { rootOf } from '../../errors/rootOf.ts';
import { describeMissing } from '../repositoryFiles.ts';
import { RemoteHubError } from './remoteHubError.ts';
import { repositoryVariants, type RepositoryFile, type RepositoryVariant } from './repositoryVariants.ts';

/** Where to ask, and as whom. */
export interface RemoteHubInit {
  /** Such as `https://huggingface.co`. */
  endpoint: string;
  token?: string;
}

export interface FoundRepository {
  repository: string;
  downloads: number | null;
  likes: number | null;
  gated: boolean;
}

/** A repository, looked at. */
export interface RemoteRepository extends FoundRepository {
  /** The commit that was looked at. */
  revision: string;
  license: string | null;
  /** Best first; at least one. */
  variants: RepositoryVariant[];
  /** All files, also those that no variant names. */
  files: RepositoryFile[];
}

/** Answers that take longer are given up. */
const answerTimeoutMs = 30_000;
const mostFound = 30;

/** @throws RemoteHubError */
export async function searchRepositories(init: RemoteHubInit, search: string): Promise<FoundRepository[]> {
  return told(init, undefined, async (asked) => {
    const found: FoundRepository[] = [];
    const models = listModels({
      ...asked,
      search: { query: search, task: 'text-generation', tags: ['onnx'] },
      sort: 'downloads',
      limit: mostFound,
    });
    for await (const { name, downloads, likes, gated } of models) {
      found.push({ repository: name, downloads, likes, gated: gated !== false });
    }
    return found;
  });
}

/** Asks for next to nothing. @throws RemoteHubError saying why models can't be fetched by name */
export async function mustAnswer(init: RemoteHubInit): Promise<void> {
  await told(init, undefined, async (asked) => {
    for await (const _model of listModels({ ...asked, limit: 1 })) return;
  });
}

/**
 * Looks at a repository: its licence and its variants.
 * @throws RemoteHubError, also if it holds no decoder as ONNX
 */
export async function inspectRepository(
  init: RemoteHubInit,
  repository: string,
  revision?: string,
): Promise<RemoteRepository> {
  return told(init, repository, async (asked) => {
    const info = await modelInfo({
      ...asked,
      name: repository,
      additionalFields: ['cardData', 'sha'],
      ...(revision === undefined ? {} : { revision }),
    });
    const { sha, cardData, downloads, likes, gated } = info;
    const files: RepositoryFile[] = [];
    const commit = sha ?? revision ?? 'main';
    for await (const entry of listFiles({ ...asked, repo: repository, revision: commit, recursive: true })) {
      if (entry.type !== 'file') continue;
      const { path, size, lfs, oid } = entry;
      files.push({
        path,
        bytes: lfs?.size ?? size,
        sha256: lfs?.oid ?? null,
        gitSha1: lfs ? null : (oid ?? null),
      });
    }
    const variants = repositoryVariants(files);
    if (variants.length === 0) {
      throw new RemoteHubError(
        'no_decoder',
        `${repository} holds no decoder as ONNX. Look for one with "ONNX" in its name, such as those of onnx-community.`,
      );
    }
    const missing = describeMissing(files.map(({ path }) => path));
    if (missing !== undefined) {
      throw new RemoteHubError(
        'incomplete',
        `${repository} has no ${missing}, without which it can't be used. Look for another export of the model.`,
      );
    }
    const license = (cardData as { license?: unknown } | undefined)?.license;
    return {
      repository,
      revision: commit,
      license: typeof license === 'string' ? license : null,
      downloads: downloads ?? null,
      likes: likes ?? null,
      gated: gated !== false,
      variants,
      files,
    };
  });
}

/** Where a file of a repository is fetched. */
export function fileUrl(endpoint: string, repository: string, revision: string, path: string): string {
  return `${endpoint.replace(/\/$/, '')}/${repository}/resolve/${encodeURIComponent(revision)}/${path}`;
}

/** What a status of the Hub means for the person who asked. */
export function statusError(
  { endpoint, token }: RemoteHubInit,
  repository: string,
  status: number,
  detail: string,
): RemoteHubError {
  const page = `${endpoint.replace(/\/$/, '')}/${repository}`;
  if (status === 401 || status === 403) {
    const way =
      token === undefined
        ? `Accept its terms at ${page} and give a token of yours.`
        : `The token does not open it: accept its terms at ${page}, or use another token.`;
    return new RemoteHubError(
      'repository_gated',
      `${repository} is gated or private, or does not exist. ${way}`,
    );
  }
  if (status === 404) {
    return new RemoteHubError(
      'repository_not_found',
      `${endpoint} has no ${repository}, or not this revision.`,
    );
  }
  return new RemoteHubError('hub_failed', `${endpoint} answered ${status} for ${repository}: ${detail}`);
}

type Asked = Required<Pick<Parameters<typeof modelInfo>[0], 'hubUrl' | 'fetch'>>;

/** Asks, and turns what goes wrong into words. */
async function told<T>(
  init: RemoteHubInit,
  repository: string | undefined,
  ask: (asked: Asked) => Promise<T>,
): Promise<T> {
  const { endpoint, token } = init;
  const asked: Asked = {
    hubUrl: endpoint.replace(/\/$/, ''),
    // The library takes only tokens that begin like the Hub's own; a mirror's may be different.
    fetch: (input, options) => {
      const headers = new Headers(options?.headers);
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      return fetch(input, { ...options, headers, signal: AbortSignal.timeout(answerTimeoutMs) });
    },
  };
  try {
    return await ask(asked);
  } catch (cause) {
    if (cause instanceof RemoteHubError) throw cause;
    if (cause instanceof HubApiError) {
      throw statusError(init, repository ?? 'the search', cause.statusCode, cause.message);
    }
    if (cause instanceof SyntaxError) {
      throw new RemoteHubError('hub_failed', `${endpoint} does not answer like a Hub.`, { cause });
    }
    throw unreachable(endpoint, cause);
  }
}

/** The Hub could not be asked at all. */
export function unreachable(endpoint: string, cause: unknown): RemoteHubError {
  const proxy = proxyFor(endpoint, proxySettings());
  const values = { address: endpoint, reason: whyUnreachable(rootOf(cause)) };
  return new RemoteHubError(
    'hub_unreachable',
    proxy
      ? hubText('source-unreachable-by-proxy', { ...values, host: proxy.host })
      : hubText('source-unreachable', values),
    { cause },
  );
}

/** What the usual failures of a connection mean. */
const meanings: Record<string, string> = {
  ENOTFOUND: hubText('name-not-found', {}),
  EAI_AGAIN: hubText('name-not-found', {}),
  ECONNREFUSED: hubText('nothing-answers', {}),
  ECONNRESET: hubText('connection-broke-off', {}),
  ETIMEDOUT: hubText('nothing-answers', {}),
  UND_ERR_CONNECT_TIMEOUT: hubText('nothing-answers', {}),
};

function whyUnreachable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return meanings[code] ?? messageOf(error);
}
