/** The names and addresses that this machine has by itself. */
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** What the system tells; tests bring their own. */
export interface NetworkFacts {
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Names of the interfaces that lead to everywhere else; none where the system doesn't say. */
  defaultInterfaces: readonly string[];
}

export function networkFacts(): NetworkFacts {
  return {
    interfaces: networkInterfaces(),
    defaultInterfaces: [
      ...defaultInterfaces(readRoutes('/proc/net/route'), 1, /^0{8}$/, 0),
      ...defaultInterfaces(readRoutes('/proc/net/ipv6_route'), 0, /^0{32}$/, 9),
    ],
  };
}

/** Where an address leads: to machines of the same network, to those of the same VPN, or to guests of this machine. */
type Reach = 'network' | 'overlay' | 'guests';
const reaches: readonly Reach[] = ['network', 'overlay', 'guests'];

/** Bridges of containers and virtual machines, as Docker, Podman, LXD, Incus, nerdctl, libvirt and others name them. */
const guestInterface =
  /^(docker|br-[0-9a-f]{12}$|veth|podman|cni|nerdctl|lxdbr|lxcbr|incusbr|virbr|vnet|vmnet|vboxnet|mpqemubr|mpbr|waydroid|crc|minikube|kube|flannel|cali|cilium|lxc|weave|antrea|ovs|ovn|vxlan|genev|nodelocaldns|dummy|ifb|tap|bridge1\d\d$|vEthernet|VMware|VirtualBox|Hyper-V)/i;
/** Tunnels that only machines of the same VPN see. */
const overlayInterface =
  /^(tailscale|zt|ZeroTier|wg|wt\d|netbird|nebula|ham\d|Hamachi|tun|utun|ppp|ipsec|nordlynx|proton|mullvad|CloudflareWARP|gpd\d|cscotun|OpenVPN|WireGuard)/i;
/** Addresses that providers share out among customers; in a home or an office they are Tailscale's (RFC 6598). */
const sharedAddress = /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;

interface FoundAddress {
  address: string;
  family: 'IPv4' | 'IPv6';
  reach: Reach;
  isDefault: boolean;
}

/**
 * Addresses at which other machines may reach this one, the likeliest first. IPv6 is among them only where no IPv4 address
 * leads to the network: it changes often, and each change would ask people about the certificate again.
 */
export function lanAddresses(facts = networkFacts()): string[] {
  const found = outwardAddresses(facts);
  const hasIpv4 = found.some(({ family, reach }) => family === 'IPv4' && reach === 'network');
  return found
    .filter(({ family, reach }) => family === 'IPv4' || (!hasIpv4 && reach === 'network'))
    .sort((one, other) => rank(one) - rank(other))
    .map(({ address }) => address);
}

/** All IPv6 addresses at which other machines may reach this one. */
export function lanAddresses6(facts = networkFacts()): string[] {
  return outwardAddresses(facts).flatMap(({ address, family }) => (family === 'IPv6' ? [address] : []));
}

/** The machine's own name, plain and as multicast DNS has it; empty where it is no DNS name. */
export function machineNames(name = hostname()): string[] {
  if (!dnsName.test(name)) return [];
  const lower = name.toLowerCase();
  return lower.includes('.') ? [lower] : [lower, `${lower}.local`];
}

/** True for what may stand in a URL as a host and in a certificate as a DNS name. */
export function isDnsName(text: string): boolean {
  return dnsName.test(text);
}

function outwardAddresses({ interfaces, defaultInterfaces }: NetworkFacts): FoundAddress[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ address, internal }) => !internal && !isLinkLocal(address))
      .map(({ address, family }) => ({
        address,
        family,
        reach: reachOf(name, address),
        isDefault: defaultInterfaces.includes(name),
      })),
  );
}

/** Such an address is good on one link only, and IPv6 needs a zone that no certificate knows. */
function isLinkLocal(address: string): boolean {
  return /^(169\.254\.|fe[89ab])/i.test(address);
}

function reachOf(name: string, address: string): Reach {
  if (guestInterface.test(name)) return 'guests';
  return overlayInterface.test(name) || sharedAddress.test(address) ? 'overlay' : 'network';
}

/** A bridge of an unknown name is told from the real network by the default route, which leads elsewhere. */
function rank({ reach, isDefault, family, address }: FoundAddress): number {
  const isUnique = /^f[cd]/i.test(address);
  return (
    reaches.indexOf(reach) * 8 + Number(!isDefault) * 4 + Number(family === 'IPv6') * 2 + Number(isUnique)
  );
}

/** Interfaces of the routes whose destination is everywhere, from the kernel's table. */
function defaultInterfaces(
  routes: readonly string[][],
  destinationColumn: number,
  everywhere: RegExp,
  interfaceColumn: number,
): string[] {
  return routes.flatMap((route) => {
    const name = route[interfaceColumn];
    return everywhere.test(route[destinationColumn] ?? '') && name !== undefined && name !== 'lo'
      ? [name]
      : [];
  });
}

/** Lines as fields; Linux only. */
function readRoutes(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
