/** The hub's certificate as the API shows it. */
import { isIP } from 'node:net';
import type { Certificate } from '@potluck/api';
import { certificatesIn, namesIn } from '../../network/certificate/hubCertificate.ts';
import type { Https } from '../../network/reachability/openHttps.ts';

/** @param hosts of the hub's join links, as they stand in a URL */
export function viewCertificate({ certificate: used, port }: Https, hosts: readonly string[]): Certificate {
  const [server] = certificatesIn(used.certificate);
  const isNamed = (host: string): boolean => {
    const plain = host.replace(/^\[(.+)\]$/, '$1');
    return (isIP(plain) === 0 ? server?.checkHost(plain) : server?.checkIP(plain)) !== undefined;
  };
  return {
    kind: used.kind,
    httpsPort: port,
    subject: onOneLine(server?.subject),
    issuer: onOneLine(server?.issuer),
    names: server ? namesIn(server) : [],
    validFrom: server?.validFromDate.getTime() ?? 0,
    validTo: server?.validToDate.getTime() ?? 0,
    fingerprint: used.fingerprint ?? null,
    missingNames: hosts.filter((host) => !isNamed(host)),
  };
}

/** Node writes each part of a name in a line of its own. */
function onOneLine(name: string | undefined): string {
  return (name ?? '').replaceAll('\n', ', ');
}
