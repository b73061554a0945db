/** The names and addresses that this machine has by itself. */
import { hostname, networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** Interfaces of containers, virtual machines and tunnels: other devices seldom reach this one through them. */
const virtualInterface = /^(docker|br-|veth|virbr|vmnet|vboxnet|vEthernet|cni|flannel|tun|utun|wg|zt)/;
const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** Addresses at which other machines may reach this one; IPv4, the likeliest first. */
export function lanAddresses(interfaces = networkInterfaces()): string[] {
  const found = outwardAddresses(interfaces, 'IPv4').filter(([, address]) => !address.startsWith('169.254.'));
  const isVirtual = ([name]: [string, string]): number => Number(virtualInterface.test(name));
  return found.sort((one, other) => isVirtual(one) - isVirtual(other)).map(([, address]) => address);
}

/** IPv6 addresses at which other machines may reach this one; link-local ones need a zone that no certificate knows. */
export function lanAddresses6(interfaces = networkInterfaces()): string[] {
  return outwardAddresses(interfaces, 'IPv6')
    .map(([, address]) => address)
    .filter((address) => !/^fe[89ab]/i.test(address));
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

function outwardAddresses(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  family: 'IPv4' | 'IPv6',
): [name: string, address: string][] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter((address) => address.family === family && !address.internal)
      .map(({ address }): [string, string] => [name, address]),
  );
}
