/** Addresses of libSQL servers, as people give them. */

const schemes = ['http:', 'https:', 'ws:', 'wss:', 'libsql:'];

/** @throws Error with what it takes instead; the message holds nothing of the text, which may have a secret in it */
export function checkServerUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !schemes.includes(url.protocol) || url.host === '')
    throw new Error(
      'It takes the address of a libSQL server that begins with ws://, wss://, http://, https:// or libsql://, such as ws://127.0.0.1:8080.',
    );
  if (url.username !== '' || url.password !== '' || url.searchParams.has('authToken'))
    throw new Error(
      'The address must not hold a secret: give the token as POTLUCK_DATABASE_TOKEN, or in a file with --database-token-file.',
    );
  const others = [...url.searchParams.keys()].filter((name) => name !== 'tls');
  if (others.length > 0 || url.hash !== '') throw new Error('It takes an address without a query.');
}
