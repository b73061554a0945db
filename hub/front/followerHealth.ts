/** How a hub is that does not lead: as the one that leads, unless something is wrong with this one. */
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderHealth } from './leaderHealth.ts';

export interface HealthReading {
  /** What the hub that leads says; undefined where none answers. */
  leader: LeaderHealth | undefined;
  board: Pick<LeaderBoard, 'record' | 'serving'>;
  /** What is wrong with what the hubs share, as this one sees it; undefined while all is well. */
  trouble: string | undefined;
  isStopping: boolean;
}

export function followerHealth({
  leader,
  board,
  trouble: own,
  isStopping,
}: HealthReading): { status: string; ready: boolean; role: 'follows' } & Record<string, unknown> {
  const role = 'follows' as const;
  const mine = own !== undefined && { trouble: own };
  if (isStopping) return { status: 'stopping', ready: false, role, ...mine };
  if (!leader) return { status: 'waiting', ready: false, role, missing: whoIsMissing(board), ...mine };
  // How late that hub's event loop is says nothing of this one.
  const { status: its, ready: isReady, role: _role, eventLoopDelayMs: _delay, ...details } = leader;
  // Another hub takes over, and requests wait for that.
  const isHandedOver = its === 'stopping';
  const ready = isReady || isHandedOver;
  const said = isHandedOver ? 'ok' : its;
  const status = own !== undefined && said === 'ok' ? 'degraded' : said;
  return { status, ready, role, ...mine, ...details };
}

function whoIsMissing({ record, serving }: HealthReading['board']): string {
  if (serving) return 'the hub that leads does not answer';
  return record ? 'the hub that is to lead still starts' : 'no hub leads at the moment';
}
