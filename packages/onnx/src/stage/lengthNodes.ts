/** Makes the lengths of a step from what a stage has. */
import type { StageCache, StageInput, StageTensor } from '@potluck/protocol';
import type { Length, LengthNames } from '../cut/lengths.ts';
import { UnsupportedModelError } from '../errors.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { OnnxNode, OnnxTensor } from '../model.ts';

export interface LengthSources {
  /** Tensors that carry one row a token: token ids, or what comes from the previous stage. */
  perStep: readonly StageTensor[];
  mask: StageInput | undefined;
  positions: StageInput | undefined;
  caches: readonly StageCache[];
}

export interface LengthNodes {
  nodes: OnnxNode[];
  constants: OnnxTensor[];
  /** Inputs that the nodes read. */
  reads: Set<string>;
  /** The cache whose shape gives the past, which must then be fed at its true length. */
  measuredCache: string | undefined;
}

/**
 * Nodes for the `wanted` lengths.
 * @throws {UnsupportedModelError} if the stage has nothing that tells one
 */
export function makeLengths(
  wanted: ReadonlySet<Length>,
  names: LengthNames,
  sources: LengthSources,
): LengthNodes {
  const made: LengthNodes = { nodes: [], constants: [], reads: new Set(), measuredCache: undefined };
  const done = new Set<Length>();

  function axisLength(tensor: string, axis: number, length: Length): void {
    const shape = `${names[length]}/shape`;
    const which = `${names[length]}/axis`;
    made.constants.push(int64Tensor(which, [BigInt(axis)]));
    made.nodes.push(makeNode('Shape', [tensor], shape));
    made.nodes.push(makeNode('Gather', [shape, which], names[length], { axis: 0 }));
    made.reads.add(tensor);
  }

  function make(length: Length): void {
    if (done.has(length)) return;
    done.add(length);
    if (length === 'step') makeStep();
    else if (length === 'total') makeTotal();
    else makePast();
  }

  function makeStep(): void {
    const tensor = sources.perStep.find(({ dims }) => dims.includes('step'));
    if (!tensor)
      throw new UnsupportedModelError('a stage that can not tell the length of a step', names.step);
    axisLength(tensor.name, tensor.dims.indexOf('step'), 'step');
  }

  function makeTotal(): void {
    if (sources.mask) return axisLength(sources.mask.name, sources.mask.dims.indexOf('total'), 'total');
    make('past');
    make('step');
    made.nodes.push(makeNode('Add', [names.past, names.step], names.total));
  }

  function makePast(): void {
    if (sources.mask) {
      // Before a cache's own shape, since a padded cache is longer than the past.
      make('total');
      make('step');
      made.nodes.push(makeNode('Sub', [names.total, names.step], names.past));
      return;
    }
    const caches = sources.caches.filter((cache) => cache.kind === 'attention');
    const cache = caches.find((candidate) => !candidate.capacityPadded) ?? caches[0];
    if (cache) {
      made.measuredCache = cache.input;
      return axisLength(cache.input, cache.dims.indexOf('past'), 'past');
    }
    if (!sources.positions) {
      throw new UnsupportedModelError('a stage that can not tell how many tokens came before', names.past);
    }
    makePastFromPositions(sources.positions);
  }

  /** The first position is the number of tokens before it. */
  function makePastFromPositions(positions: StageInput): void {
    const [first, flat, wide] = ['first', 'shape', 'wide'].map((part) => `${names.past}/${part}`) as [
      string,
      string,
      string,
    ];
    made.constants.push(int64Tensor(`${first}/index`, [0n]), int64Tensor(flat, [1n]));
    made.nodes.push(makeNode('Gather', [positions.name, `${first}/index`], first, { axis: 1 }));
    made.nodes.push(makeNode('Cast', [first], wide, { to: 7 }));
    made.nodes.push(makeNode('Reshape', [wide, flat], names.past));
    made.reads.add(positions.name);
  }

  for (const length of wanted) make(length);
  return made;
}
