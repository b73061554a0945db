/** What deploying would do, as lines for a terminal. */
import { formatBytes, type Basis, type DeploymentPreview, type Prediction } from '@potluck/api';

const sureness: Record<Basis, string> = {
  measured: 'measured here',
  scaled: 'reckoned from other models',
  estimated: 'partly a guess',
};

/** Each stage with its memory, then how fast it would be and why. */
export function describePreview({ stages, predictions, bytesToMove }: DeploymentPreview): string[] {
  const memory = stages.map(
    ({ nodeName, firstLayer, lastLayer, weightBytes, workingBytes, cacheBytes, availableBytes, ...stage }) =>
      `${nodeName}[${firstLayer}-${lastLayer}]  reserves at least ${formatBytes(weightBytes + workingBytes + cacheBytes)} of ` +
      `${formatBytes(availableBytes)} free  ${formatBytes(stage.bytesToMove)} to move`,
  );
  if (stages.length > 1) memory.push(`${formatBytes(bytesToMove)} to move in all`);
  return [...memory, ...predictions.flatMap((prediction) => describe(prediction, predictions.length > 1))];
}

function describe(prediction: Prediction, isOneOfSeveral: boolean): string[] {
  const { replica, tokensPerSecond, tokenMilliseconds, basis, stages, hops, dominatedBy, advice } =
    prediction;
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
    ...parts.map(
      ({ milliseconds, what, basis: own, explanation }) =>
        `  ${rounded(milliseconds).padStart(5)} ms  ${what}  (${own === 'estimated' ? 'a guess: ' : ''}${explanation})`,
    ),
    `most of it: ${dominatedBy}`,
    ...(advice === null ? [] : [advice]),
  ];
}

const rounded = (value: number): string => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
