import type { HubInformation } from '@potluck/api';
import { hubJson } from '#lib/hub/hubFetch.ts';
import { showsOwnCertificate } from './trustingHub.ts';

/** True where programs refuse the certificate of the address at which this page was opened; false where the hub does not answer. */
export async function isRefusedByPrograms(): Promise<boolean> {
  if (location.protocol !== 'https:') return false;
  const information = await hubJson<HubInformation>('/api/hub').catch(() => undefined);
  return information !== undefined && showsOwnCertificate(location, information);
}
