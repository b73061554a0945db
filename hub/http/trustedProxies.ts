/** The proxies whose X-Forwarded-* headers the operator told the hub to believe. */
import { BlockList, isIP } from 'node:net';

export interface TrustedProxies {
  /** True where the hub was started with `--behind-proxy`: then nobody counts as a caller on this machine. */
  readonly isAny: boolean;
  /** True where the connection comes from a named proxy. */
  includes(address: string | undefined): boolean;
  /** The caller's address: the last one in X-Forwarded-For that is not a named proxy itself. */
  callerOf(address: string | undefined, forwardedFor: string | undefined): string | undefined;
}

/** What `--behind-proxy` without a value names: proxies on the hub's own machine. */
export const loopbackNetworks: readonly string[] = ['127.0.0.0/8', '::1'];

/** True for an address, or a network such as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** @param networks addresses and networks, as `isNetwork` takes them */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  const includes = (address: string | undefined): boolean => {
    const plain = plainAddress(address);
    return plain !== undefined && isIP(plain) !== 0 && list.check(plain, familyOf(plain));
  };
  return {
    isAny: networks.length > 0,
    includes,
    callerOf: (address, forwardedFor = '') => {
      const hops = forwardedFor.split(',').map((hop) => plainAddress(hop.trim()) ?? '');
      return hops.findLast((hop) => isIP(hop) !== 0 && !includes(hop)) ?? address;
    },
  };
}

export const noProxies = trustedProxies([]);

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Without the brackets of IPv6, a port, a zone, and the prefix of an IPv4 address on an IPv6 socket. */
function plainAddress(address: string | undefined): string | undefined {
  const bare =
    /^\[(.+)\](:\d+)?$/.exec(address ?? '')?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(address ?? '')?.[1];
  return (bare ?? address)?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
