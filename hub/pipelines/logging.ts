/** What the log says of pipelines. */
import type { Logger } from 'pino';
import { plainRouteOf, type Stage } from './pipeline.ts';
import type { Command } from './state/commands.ts';
import type { PipelineEvent } from './state/events.ts';
import { pipelineOf, stagesOf, type PipelinesState } from './state/state.ts';
import type { Announcement } from './whatChanged.ts';

/** @param before the state before the event */
export function logEvent(logger: Logger, before: PipelinesState, event: PipelineEvent): void {
  if (event.type === 'cut-failed') {
    const model = before.pipelines.get(event.pipelineId)?.model.package.id;
    logger.error({ model, reason: event.reason }, 'the model could not be cut into stages');
  }
  if (event.type === 'clock-jumped') logger.warn({ byMs: event.byMs }, 'the hub stood still for a while');
  if (event.type !== 'stage-reported') return;
  const { report, worker } = event;
  const isIt = ({ assignmentId }: Stage): boolean => assignmentId === report.assignmentId;
  for (const one of before.pipelines.values()) {
    const stage = stagesOf(one).find(isIt) ?? one.migration?.preloads.find(isIt);
    if (!stage) continue;
    const layers = `${stage.firstLayer}-${stage.lastLayer}`;
    const details = { model: one.model.package.id, worker: worker.name, layers };
    if (report.state === 'failed' || report.state === 'released') {
      logger.warn({ ...details, reason: report.reason ?? 'it gave its stage up' }, 'a stage failed');
    } else logger.debug({ ...details, ...report }, 'stage report');
  }
}

/** @param after the state with the command taken in */
export function logCommand(
  logger: Logger,
  after: PipelinesState,
  command: Command,
  workersStarting: number,
): void {
  if (!('pipelineId' in command)) return;
  const one = after.pipelines.get(command.pipelineId);
  if (!one) return;
  const model = one.model.package.id;
  switch (command.type) {
    case 'place':
    case 'cut-over':
      logger.info(
        { model, route: plainRouteOf(stagesOf(one)), epoch: pipelineOf(one)?.epoch },
        'assigning stages',
      );
      return;
    case 'refuse':
      if (workersStarting > 0) {
        logger.info(
          { model, missing: command.missing },
          'the model waits for local workers that still start',
        );
      } else logger.warn({ model, missing: command.missing }, 'the model is not served');
      return;
    case 'migrate':
      if (command.migration.preloads.length === 0)
        logger.info({ model, reason: command.migration.reason }, 'the pipeline is about to move');
      else {
        const { preloads, reason, cutOver } = command.migration;
        const stages = plainRouteOf(preloads);
        const text =
          cutOver === 'never'
            ? 'workers load stages to stand by'
            : 'workers load stages that they will take over';
        logger.info({ model, stages, reason }, text);
      }
      return;
    case 'resize':
      logger.info({ model, stages: plainRouteOf(command.stages) }, 'memory is free again: its caches grow');
      return;
    case 'add-replica':
      logger.info({ model }, 'requests wait: another replica is added');
      return;
    case 'drop-replica':
      logger.info({ model }, 'a replica goes, since another model needs its room');
      return;
    case 'judge-move': {
      const { didPay, ...times } = command.outcome;
      const details = { model, route: plainRouteOf(stagesOf(one)), ...rounded(times) };
      logger.info(
        details,
        didPay ? 'the move paid' : 'the move did not pay: the model stays here for a while',
      );
      return;
    }
    case 'drop-migration':
      if (command.reason !== undefined)
        logger.info({ model, reason: command.reason }, 'the pipeline stays where it is');
      return;
    default:
      logger.debug({ model, command: command.type }, 'pipeline');
  }
}

/** To a hundredth. */
function rounded<Name extends string>(times: Record<Name, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries<number>(times).map(([name, time]) => [name, Math.round(100 * time) / 100]),
  );
}

export function logAnnouncement(logger: Logger, announcement: Announcement): void {
  if (announcement.type !== 'ready' && announcement.type !== 'lost') return;
  const { pipeline, replica } = announcement;
  const details = { model: replica.model.package.id, epoch: pipeline.epoch };
  if (announcement.type === 'ready') {
    logger.info({ ...details, route: plainRouteOf(pipeline.stages) }, 'the model is served');
  } else if (replica.isMoving) {
    logger.info({ ...details, reason: announcement.reason }, 'the pipeline moves');
  } else if (announcement.isWanted) {
    logger.info({ ...details, reason: announcement.reason }, 'the pipeline ends');
  } else logger.warn({ ...details, reason: announcement.reason }, 'the pipeline is lost');
}
