import { describe, expect, it } from 'vitest';
import { lanAddresses, lanAddresses6, networkFacts } from './localNames.ts';

const on = (address: string) => ({
  ...{ address, family: address.includes(':') ? ('IPv6' as const) : ('IPv4' as const), internal: false },
  ...{ netmask: '255.255.255.0', mac: '', cidr: null, scopeid: 0 },
});
/** Addresses by interface, in the order in which the system tells them. */
function machine(addresses: Record<string, string[]>, defaultInterfaces: string[] = []) {
  const entries = Object.entries(addresses).map(([name, list]) => [name, list.map(on)] as const);
  return { interfaces: Object.fromEntries(entries), defaultInterfaces };
}

describe('the address at which others reach this machine', () => {
  it.each([
    'docker0',
    'br-0123456789ab',
    'podman0',
    'podman1',
    'cni0',
    'nerdctl0',
    'lxdbr0',
    'lxcbr0',
    'incusbr0',
    'virbr0',
    'vmnet8',
    'mpqemubr0',
    'bridge100',
    'vEthernet (WSL)',
    'VMware Network Adapter VMnet1',
    'VirtualBox Host-Only Network',
  ])('is none of the bridge %s to containers or virtual machines', (name) => {
    const facts = machine({ [name]: ['10.88.0.1'], tailscale0: ['100.101.1.1'], wlan0: ['192.168.1.50'] });
    expect(lanAddresses(facts)).toEqual(['192.168.1.50', '100.101.1.1', '10.88.0.1']);
  });

  it.each(['tailscale0', 'zt5u4vxyz', 'wg0', 'tun0', 'utun3', 'ppp0', 'wt0', 'Tailscale', 'nordlynx'])(
    'is that of the VPN %s only where nothing else is there, even if it carries the default route',
    (name) => {
      const facts = machine({ [name]: ['10.8.0.2'], eth0: ['192.168.1.50'] }, [name]);
      expect(lanAddresses(facts)).toEqual(['192.168.1.50', '10.8.0.2']);
      expect(lanAddresses(machine({ [name]: ['10.8.0.2'], docker0: ['172.17.0.1'] }))[0]).toBe('10.8.0.2');
    },
  );

  it('is not of a bridge with a name of its own, which carries no default route', () => {
    const addresses = { mybridge: ['10.1.0.1'], br0: ['192.168.1.50'], en: ['100.64.0.9'] };
    expect(lanAddresses(machine(addresses, ['br0']))).toEqual(['192.168.1.50', '10.1.0.1', '100.64.0.9']);
  });

  it('is IPv6 where no IPv4 address leads to the network, and a lasting global one first', () => {
    const addresses = {
      docker0: ['172.17.0.1'],
      eth0: ['fe80::1', 'fd00::2', '2001:db8::20', '169.254.3.3'],
    };
    expect(lanAddresses(machine(addresses))).toEqual(['2001:db8::20', 'fd00::2', '172.17.0.1']);
    const both = machine({ ...addresses, wlan0: ['192.168.1.50'] });
    expect(lanAddresses(both)).toEqual(['192.168.1.50', '172.17.0.1']);
    expect(lanAddresses6(both)).toEqual(['fd00::2', '2001:db8::20']);
  });

  it('is never loopback', () => {
    const lo = { ...on('127.0.0.1'), internal: true };
    expect(lanAddresses({ interfaces: { lo: [lo] }, defaultInterfaces: [] })).toEqual([]);
    expect(lanAddresses(networkFacts())).not.toContain('127.0.0.1');
  });
});
