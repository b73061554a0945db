/** Chromium's flags beside those for the GPU. */
import { createHash, type X509Certificate } from 'node:crypto';

export interface LaunchFlagsInit {
  hubUrl: string;
  /** The authority that vouches for the hub, where its fingerprint was given. */
  pinned: X509Certificate | undefined;
}

/** Hosts that browsers trust without HTTPS. */
const localHost = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

export function launchFlags({ hubUrl, pinned }: LaunchFlagsInit): string[] {
  const { protocol, hostname, origin } = new URL(hubUrl);
  return [
    // Nobody sits here whose address could be tracked; peers on a network without multicast need it.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
    '--autoplay-policy=no-user-gesture-required',
    // Of all unknown authorities, this one only.
    ...(pinned ? [`--ignore-certificate-errors-spki-list=${publicKeyHash(pinned)}`] : []),
    // WebGPU and web locks exist on secure origins only; whoever names this hub here trusts it.
    ...(protocol === 'http:' && !localHost.test(hostname)
      ? [`--unsafely-treat-insecure-origin-as-secure=${origin}`]
      : []),
  ];
}

/** SHA-256 of the public key (SubjectPublicKeyInfo), as Chromium wants it. */
function publicKeyHash({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
