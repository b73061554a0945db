/** Makes `fetch` of this process go through the proxy of the environment. */
import http from 'node:http';
import { ProxySettingsError, type ProxySettings } from './proxySettings.ts';

/** This machine is always asked directly. */
const thisMachine = ['localhost', '.localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * Does nothing where no proxy is set.
 * @returns undoes it
 * @throws ProxySettingsError where this Node can't use proxies
 */
export function useProxyForDownloads(settings: ProxySettings): () => void {
  if (!settings.http && !settings.https) return () => undefined;
  // Since Node 24.14; the types do not know it yet.
  const { setGlobalProxyFromEnv } = http as {
    setGlobalProxyFromEnv?: (environment: Record<string, string>) => () => void;
  };
  if (!setGlobalProxyFromEnv) {
    throw new ProxySettingsError(
      `HTTPS_PROXY and HTTP_PROXY need Node 24.14 or newer; this is Node ${process.versions.node}. ` +
        'Run npm ci (it brings a Node of its own), or unset them.',
    );
  }
  return setGlobalProxyFromEnv(proxyEnvironment(settings));
}

/** The settings as Node reads them. It takes a name for that host only, so hosts below it are named too. */
export function proxyEnvironment({ http: plain, https, direct }: ProxySettings): Record<string, string> {
  const hosts = direct.flatMap((entry) => (/^[a-z]/i.test(entry) ? [entry, `.${entry}`] : [entry]));
  return {
    ...(plain && { HTTP_PROXY: plain.href }),
    ...(https && { HTTPS_PROXY: https.href }),
    NO_PROXY: [...thisMachine, ...hosts].join(','),
  };
}
