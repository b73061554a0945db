/** What deploying would do, as lines for a terminal. */
import { formatBytes, type Basis, type DeploymentPreview, type Prediction } from '@potluck/api';

const sureness: Record<Basis, string> = {
  measured: 'measured here',
  scaled: 'reckoned from other models',
  estimated: 'partly a guess',
};

/** Each stage with its memory, why it would be there, and who is left out; then how fast it would be and why. */
export function describePreview({ stages, reasons, predictions, bytesToMove }: DeploymentPreview): string[] {
  const memory = stages.map(
    ({ nodeName, firstLayer, lastLayer, weightBytes, workingBytes, cacheBytes, availableBytes, ...stage }) =>
      `${nodeName}[${firstLayer}-${lastLayer}]  reserves at least ${formatBytes(weightBytes + workingBytes + cacheBytes)} of ` +
      `${formatBytes(availableBytes)} free  ${formatBytes(stage.bytesToMove)} to move`,
  );
  if (stages.length > 1) memory.push(`${formatBytes(bytesToMove)} to move in all`);
  const why = reasons.map((reason) => `why: ${reason}`);
  return [
    ...memory,
    ...why,
    ...predictions.flatMap((prediction) => describe(prediction, predictions.length > 1)),
  ];
}

function describe(prediction: Prediction, isOneOfSeveral: boolean): string[] {
  const { replica, tokensPerSecond, tokenMilliseconds, firstTokenMilliseconds, ...rest } = prediction;
  const { basis, stages, hops, dominatedBy, advice } = rest;
  const nameOf = (id: string): string => stages.find(({ nodeId }) => nodeId === id)?.nodeName ?? id;
  const parts = [
    ...stages.map(({ nodeName, firstLayer, lastLayer, ...stage }) => ({
      ...stage,
      what: `computing at ${nodeName}[${firstLayer}-${lastLayer}]`,
    })),
    ...hops.map(({ fromNodeId, toNodeId, ...hop }) => ({
      ...hop,
      what: `${nameOf(fromNodeId)} to ${nameOf(toNodeId)}`,
    })),
  ];
  const ofWhat = isOneOfSeveral ? `replica ${replica + 1}: ` : '';
  return [
    `${ofWhat}about ${rounded(tokensPerSecond)} tokens a second, ${rounded(tokenMilliseconds)} ms each (${sureness[basis]})`,
    `first token after about ${rounded(firstTokenMilliseconds)} ms, for a prompt of 256 tokens`,
    ...parts.map(
      ({ milliseconds, what, basis: own, explanation }) =>
        `  ${rounded(milliseconds).padStart(5)} ms  ${what}  (${own === 'estimated' ? 'a guess: ' : ''}${explanation})`,
    ),
    `most of it: ${dominatedBy}`,
    ...(advice === null ? [] : [advice]),
  ];
}

const rounded = (value: number): string => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
