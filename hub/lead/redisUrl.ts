/** The address of a Redis, as people give it and as it may be shown. */

/** True for `redis://HOST` or `rediss://HOST` (TLS), with a name, a password, a port and a database number where it has them. */
export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '';
}

/** Without its name and password. */
export function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return 'the Redis';
  url.username = '';
  url.password = '';
  url.search = '';
  return url.href;
}
