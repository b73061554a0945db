/** The certificate with which the hub serves HTTPS. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';

export const Certificate = z
  .object({
    /** `own`: signed by the hub's own authority; `given`: by the flag --certificate; `uploaded`: here. */
    kind: z.enum(['own', 'given', 'uploaded']),
    httpsPort: Count,
    subject: z.string(),
    issuer: z.string(),
    /** Names and addresses for which it is valid. */
    names: z.array(z.string()),
    validFrom: Timestamp,
    validTo: Timestamp,
    /** SHA-256 of the certificate at the end of its chain, `AA:BB:…`; null where the chain lacks its end. */
    fingerprint: z.string().nullable(),
    /** Addresses of the hub's join links that it does not name: there, browsers warn and workers stay away. */
    missingNames: z.array(z.string()),
  })
  .meta({ id: 'Certificate' });
export type Certificate = z.infer<typeof Certificate>;

/** `PUT /api/certificate`: both PEM; the chain first, without its root or with it. */
export const NewCertificate = z
  .strictObject({ certificate: z.string().min(1).max(100_000), key: z.string().min(1).max(20_000) })
  .meta({ id: 'NewCertificate' });
export type NewCertificate = z.infer<typeof NewCertificate>;
