/** The ports of a hub, before and while there is something behind them. */
import type { Logger } from 'pino';
import type { HubConfig } from './config.ts';
import { answerStarting } from '../http/starting.ts';
import type { Fetch } from '../network/fetch.ts';
import { listen, type Elsewhere } from '../network/listen.ts';
import { openHttps, type Https } from '../network/reachability/openHttps.ts';
import { isWildcard } from '../network/reachability/reachability.ts';
import { startStunServer, type StunServerInit } from '../network/stun/stunServer.ts';

export interface Doors {
  /** Of plain HTTP. */
  port: number;
  https: Https | undefined;
  stunPort: number | undefined;
  /** Answers from now on. */
  answer: Fetch;
}

export interface DoorsComponents {
  logger: Logger;
  /** What closes the ports, in the order in which they were opened. */
  closers: (() => Promise<void> | void)[];
  /** Takes what this process does not answer itself. Default: it answers everything. */
  elsewhere?: Elsewhere;
  /** Answers at first. Default: that the hub is starting. */
  answer?: Fetch;
  /** Opens HTTPS alone at a time, where several hubs share its certificate. Default: at once. */
  alone?: (work: () => Promise<void>) => Promise<void>;
}

/**
 * Opens the ports for HTTP, HTTPS and STUN.
 * @throws StartError where one can't be had
 */
export async function openDoors(
  { logger, closers, elsewhere, answer = answerStarting, alone = (work) => work() }: DoorsComponents,
  config: HubConfig,
  data: string,
): Promise<Doors> {
  const fetch: Fetch = (request, environment) => doors.answer(request, environment);
  const listening = await listen(fetch, config.port, config.host, elsewhere ? { elsewhere } : {});
  closers.push(() => listening.close());
  const doors: Doors = { port: listening.port, https: undefined, stunPort: undefined, answer };
  await alone(async () => {
    const opened = await openHttps({ fetch, logger, ...(elsewhere && { elsewhere }) }, { ...config, data });
    if (opened) closers.push(() => opened.close());
    doors.https = opened;
  });
  const stun = await startStunServer({ logger }, stunInit(config));
  if (stun) closers.push(() => stun.close());
  doors.stunPort = stun?.port;
  return doors;
}

/** A hub at a free port, as tests start them, takes a free one for STUN too. */
function stunInit({ stunPort, port, host }: HubConfig): StunServerInit {
  const wanted = stunPort ?? (port === 0 ? 0 : undefined);
  return { ...(wanted !== undefined && { port: wanted }), ...(isWildcard(host) ? {} : { host }) };
}
