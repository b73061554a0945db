/** How others reach the hub. */
import { z } from 'zod';

/** `GET /api/hub`: open to everybody, since the join page leads to HTTPS with it. */
export const HubInformation = z
  .object({
    name: z.string(),
    version: z.string(),
    httpPort: z.number().int(),
    httpsPort: z.number().int().nullable().meta({ description: 'null where HTTPS is off' }),
    addresses: z.array(z.string()).meta({ description: 'Hosts as they stand in a URL, the likeliest first' }),
    publicUrls: z.array(z.string()).meta({
      description:
        'URLs that the operator or a trusted proxy names, the likeliest first; they may have a path',
    }),
    stunPort: z.number().int().nullable().meta({
      description:
        'UDP port of the hub’s own STUN responder, at the host that was asked; null: there is none',
    }),
    fingerprint: z.string().nullable().meta({
      description: 'SHA-256 of the certificate at the end of the hub’s chain, where it has its own',
    }),
  })
  .meta({ id: 'HubInformation' });
export type HubInformation = z.infer<typeof HubInformation>;

/** `GET /api/join`: by what others join with the hub's own token. */
export const JoinInformation = z
  .object({
    token: z.string(),
    links: z.array(z.string()).meta({ description: 'For a person’s browser, the likeliest first' }),
    commands: z
      .array(z.string())
      .meta({ description: 'For machines without a browser, the likeliest first' }),
  })
  .meta({ id: 'JoinInformation' });
export type JoinInformation = z.infer<typeof JoinInformation>;
