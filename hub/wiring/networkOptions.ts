/** The hub's settings for HTTPS, for its names, and for how workers find a way to each other. */
import { TurnUrl } from '@potluck/api';
import { flag, secretFlag } from '@potluck/command-line';
import { InvalidArgumentError, type Option } from 'commander';
import { StartError } from '../errors/startError.ts';
import { isNetwork, loopbackNetworks } from '../http/trustedProxies.ts';
import { readAddress } from '../network/reachability/givenAddress.ts';
import type { HttpsConfig } from '../network/reachability/openHttps.ts';
import type { TurnConfig } from '../network/stun/iceServers.ts';

export interface NetworkConfig extends HttpsConfig, TurnConfig {
  /** Addresses and networks of proxies whose X-Forwarded-* headers are believed; undefined: no proxy is in front. */
  behindProxy?: string[];
  /** UDP port of the STUN responder; 0 takes a free one. Undefined: 3478, or a free one where that is taken. */
  stunPort?: number | 'off';
}

export function networkOptions(): Option[] {
  return [
    flag(
      '--https-port <port>',
      'port for HTTPS, or off (default: 8443, or a free one that the hub keeps where that is in use)',
    ).argParser(portOrOff),
    flag('--certificate <file>', "PEM file for HTTPS, chain included (default: the hub's own)"),
    flag('--certificate-key <file>', "PEM file with the certificate's private key"),
    flag(
      '--addresses <names>',
      'names, addresses with a port, or URLs under which others reach this hub, with commas between',
    ).argParser(addressList),
    flag(
      '--behind-proxy [addresses]',
      'believe X-Forwarded-* headers of proxies at these addresses (default: on this machine), and end asking without a key',
    )
      .argParser(networkList)
      .preset(loopbackNetworks.join(',')),
    flag(
      '--stun-port <port>',
      'UDP port at which workers learn their own address, or off (default: 3478)',
    ).argParser(portOrOff),
    flag(
      '--turn <urls>',
      'TURN servers for workers, such as turn:turn.example.org:3478, with commas between',
    ).argParser(turnList),
    flag('--turn-username <name>', 'user name at the TURN servers'),
    secretFlag('--turn-credential <secret>', 'password at the TURN servers'),
  ];
}

/** @throws StartError where settings need each other */
export function checkNetwork(config: NetworkConfig): void {
  if ((config.certificate === undefined) !== (config.certificateKey === undefined)) {
    throw new StartError('--certificate and --certificate-key are given together, or neither.');
  }
  if (config.certificate !== undefined && config.httpsPort === 'off') {
    throw new StartError(
      '--certificate is for HTTPS, which --https-port off turns off. Leave one of them out.',
    );
  }
  const account = config.turnUsername !== undefined && config.turnCredential !== undefined;
  if (config.turn && !account) {
    throw new StartError(
      '--turn needs --turn-username and --turn-credential: browsers use no TURN server without.',
    );
  }
  if (!config.turn && (config.turnUsername !== undefined || config.turnCredential !== undefined)) {
    throw new StartError('--turn-username and --turn-credential are of no use without --turn.');
  }
}

function portOrOff(text: string): number | 'off' {
  if (text === 'off') return text;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It takes a number from 0 to 65535, or off.');
}

function addressList(text: string): string[] {
  return listOf(text).map((name) => {
    const address = readAddress(name);
    if (address !== undefined) return address;
    throw new InvalidArgumentError(
      `'${name}' is no address. It takes such as hub.example.org, 192.168.1.20:8443, or https://example.org/potluck.`,
    );
  });
}

function networkList(text: string): string[] {
  if (text === 'true' || text === '1') return [...loopbackNetworks];
  return listOf(text).map((network) => {
    if (isNetwork(network)) return network;
    throw new InvalidArgumentError(
      `'${network}' is no address. It takes addresses of proxies such as 127.0.0.1 or 10.0.0.0/8, with commas between.`,
    );
  });
}

function turnList(text: string): string[] {
  return listOf(text).map((url) => {
    if (TurnUrl.safeParse(url).success) return url;
    throw new InvalidArgumentError(
      `'${url}' is no TURN server. It takes such as turn:turn.example.org:3478.`,
    );
  });
}

function listOf(text: string): string[] {
  const list = text.split(',').flatMap((part) => part.trim() || []);
  if (list.length > 0) return list;
  throw new InvalidArgumentError('It takes at least one.');
}
