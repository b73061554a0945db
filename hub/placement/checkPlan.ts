/** Is a plan one that a model can be placed by, whoever is here. */
import type { DeploymentPlan } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';

/** What is wrong, and where in the plan. */
export interface PlanProblem {
  /** Such as `plan.stages[1].firstLayer`. */
  param: string;
  message: string;
}

/** @returns undefined where the plan covers every layer once */
export function checkPlan(plan: DeploymentPlan, layerCount: number): PlanProblem | undefined {
  switch (plan.mode) {
    case 'automatic':
      return undefined;
    case 'shards':
      return tooMany('plan.count', plan.count, layerCount);
    case 'manual':
      return tooMany('plan.stages', plan.stages.length, layerCount) ?? checkRanges(plan.stages, layerCount);
  }
}

function tooMany(param: string, count: number, layerCount: number): PlanProblem | undefined {
  if (count <= layerCount) return undefined;
  return { param, message: hubText('too-many-parts', { parts: count, layers: layerCount }) };
}

function checkRanges(
  stages: Extract<DeploymentPlan, { mode: 'manual' }>['stages'],
  layerCount: number,
): PlanProblem | undefined {
  const isBalanced = stages.every((stage) => stage.firstLayer === undefined && stage.lastLayer === undefined);
  if (isBalanced) return undefined;
  let next = 0;
  for (const [index, { firstLayer, lastLayer }] of stages.entries()) {
    const param = `plan.stages[${index}]`;
    if (firstLayer === undefined || lastLayer === undefined) {
      return { param, message: 'Give first and last layer for every stage, or for none.' };
    }
    if (firstLayer > next) return { param, message: missingText(next, firstLayer - 1) };
    if (firstLayer < next) {
      return { param, message: `Layer ${firstLayer} is in two stages, or the stages are out of order.` };
    }
    if (lastLayer < firstLayer) return { param, message: `The stage ends (${lastLayer}) before it starts.` };
    if (lastLayer >= layerCount) {
      return { param, message: `The model has layers 0 to ${layerCount - 1}; there is no ${lastLayer}.` };
    }
    next = lastLayer + 1;
  }
  if (next === layerCount) return undefined;
  return { param: 'plan.stages', message: missingText(next, layerCount - 1) };
}

function missingText(first: number, last: number): string {
  return first === last ? hubText('layer-missing', { first }) : hubText('layers-missing', { first, last });
}
