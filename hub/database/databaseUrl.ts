import path from 'node:path';

/**
 * The URL by which libSQL opens a file. Its client takes the path of a URL as it is, so that one of Windows must not begin
 * with a slash, as those of `pathToFileURL` do: `/C:/data/hub.sqlite` is no file there.
 * @param file a whole path
 * @param separator of the system whose path this is
 */
export function databaseUrl(file: string, separator: string = path.sep): string {
  const parts = file.split(separator).map(encodeURIComponent);
  const isFromRoot = file.startsWith(separator);
  return `file:${isFromRoot ? '//' : ''}${parts.join('/')}`;
}
