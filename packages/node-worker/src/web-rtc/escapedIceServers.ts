/**
 * ICE servers as node-datachannel needs them: it writes names and passwords into URLs as they are, where libdatachannel
 * takes `:`, `@`, `/` and `%` for something else, and reads them unescaped.
 */
export function escapedIceServers(servers: readonly RTCIceServer[]): RTCIceServer[] {
  return servers.map(({ urls, username, credential }) => ({
    urls,
    ...(username !== undefined && { username: encodeURIComponent(username) }),
    ...(credential !== undefined && { credential: encodeURIComponent(credential) }),
  }));
}
