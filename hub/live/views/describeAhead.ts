/** What a device holds or loads for models that do not run there. */
import { hubText, layersText } from '@potluck/api/hub-texts';
import type { StageState } from '@potluck/protocol';

export interface StageAhead {
  model: { package: { id: string } };
  stage: { firstLayer: number; lastLayer: number; state: StageState };
}

/**
 * @param standby what it holds or loads in case another device is lost
 * @param arriving what it loads since the model moves there
 * @returns empty where there is nothing
 */
export function describeAhead(standby: readonly StageAhead[], arriving: readonly StageAhead[]): string {
  const about = ({ model, stage }: StageAhead): { range: string; model: string } => ({
    range: layersText(stage),
    model: model.package.id,
  });
  return [
    ...arriving.map((one) => hubText('loads-to-serve', about(one))),
    ...standby.map((one) =>
      hubText(one.stage.state === 'ready' ? 'holds-layers' : 'loads-layers', about(one)),
    ),
  ].join('; ');
}
