/** Chromium takes the proxy of the environment too. It reaches the hub as a worker without a browser does. */
import { proxyFor, type ProxySettings } from '@potluck/machine';

/** What its environment has beside this process's. */
export function proxyEnvironment(hubUrl: string, settings: ProxySettings): Record<string, string> {
  if ((!settings.http && !settings.https) || proxyFor(hubUrl, settings)) return {};
  const direct = [...settings.direct, new URL(hubUrl).hostname].join(',');
  return { no_proxy: direct, NO_PROXY: direct };
}
