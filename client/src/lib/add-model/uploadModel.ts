/** Sends a model's files to the hub in pieces, from where an earlier try ended. */
import type { Import } from '@potluck/api';
import { hubFetch, hubJson, hubSend } from '#lib/hub/hubFetch.ts';

/** A piece that is lost is sent again; large ones cost more then, small ones more requests. In bytes. */
const pieceBytes = 8 * 1024 * 1024;

export interface Upload {
  /** What the model is to be called. */
  name: string;
  /** Of the folder that was chosen; those that no model has are left out. */
  files: readonly File[];
  /** Deploy when ready. */
  deploy: boolean;
}

/**
 * @param onprogress told how many bytes the hub has
 * @throws HubError, HubUnreachableError
 */
export async function uploadModel(
  { name, files, deploy }: Upload,
  onprogress: (sentBytes: number) => void,
): Promise<void> {
  const byPath = new Map(
    files.flatMap((file) => {
      const path = pathOf(file);
      return path === undefined || file.size === 0 ? [] : [[path, file] as const];
    }),
  );
  const wanted = [...byPath].map(([path, { size }]) => ({ path, bytes: size }));
  const started =
    (await unfinished(name, wanted)) ??
    (await hubSend<Import>('POST', '/api/imports', { kind: 'upload', name, deploy, files: wanted }));
  let sent = started.files.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  for (const { path, receivedBytes } of started.files) {
    const file = byPath.get(path);
    for (let offset = receivedBytes; file && offset < file.size; offset += pieceBytes) {
      const piece = file.slice(offset, offset + pieceBytes);
      await hubFetch(`/api/imports/${started.id}/files?path=${encodeURIComponent(path)}&offset=${offset}`, {
        method: 'PUT',
        body: piece,
      });
      sent += piece.size;
      onprogress(sent);
    }
  }
}

/** The upload of the same files that was begun before, if any. */
async function unfinished(
  name: string,
  wanted: readonly { path: string; bytes: number }[],
): Promise<Import | undefined> {
  const { imports } = await hubJson<{ imports: Import[] }>('/api/imports');
  return imports.find(
    ({ kind, source, state, files }) =>
      kind === 'upload' &&
      source === name &&
      state === 'waiting' &&
      files.length === wanted.length &&
      wanted.every(({ path, bytes }) => files.some((file) => file.path === path && file.bytes === bytes)),
  );
}

/** Path inside the model's folder; undefined for files that no model needs. */
function pathOf({ name, webkitRelativePath }: File): string | undefined {
  const path = webkitRelativePath === '' ? name : webkitRelativePath.split('/').slice(1).join('/');
  return /^(onnx\/)?[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(path) ? path : undefined;
}
