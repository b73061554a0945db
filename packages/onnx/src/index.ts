/**
 * Reads ONNX decoders without loading their weights, cuts them between layers, and packs the weights by layer.
 * Runs in browsers and in Node; `@potluck/onnx/node` opens directories.
 *
 * @example
 * const files = directoryModelFiles('/models/minimind2-small/onnx');
 * const imported = await importDecoder({ files, graphFile: 'model_q4.onnx', config, sink: blobStore });
 * const decoder = await readPackedDecoder(await blobStore.get(imported.graph));
 * const { graph, description } = buildStage(decoder, { firstLayer: 2, lastLayer: 5 });
 */
export {
  MissingFileError,
  MissingWeightsError,
  ModelFileError,
  OnnxFormatError,
  UnsupportedModelError,
} from './errors.ts';
export type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
  TensorData,
} from './model.ts';
export type { ByteSource, ModelFiles } from './source.ts';
export { memoryByteSource, memoryModelFiles } from './files/memoryModelFiles.ts';
export { tensorBytes } from './protobuf/elementType.ts';
export { checkFileName } from './protobuf/fileSizes.ts';
export { readModel } from './protobuf/readModel.ts';
export { writeModel } from './protobuf/writeModel.ts';
export { rewriteDecoder, type ReadTensor, type RewriteOptions } from './rewrites/index.ts';
export type { DecoderAnatomy } from './cut/analyseDecoder.ts';
export { importDecoder, type ImportedDecoder, type ImportOptions } from './package/importDecoder.ts';
export { checkConfiguration, readDecoderGraph, type DecoderGraph } from './package/readDecoderGraph.ts';
export { encoderKind } from './encoder/encoderKind.ts';
export { importEncoder, type EncoderImportOptions, type ImportedEncoder } from './encoder/importEncoder.ts';
export { readPackedEncoder } from './encoder/packedEncoder.ts';
export {
  activations,
  poolingModes,
  type Activation,
  type DenseLayer,
  type PoolingMode,
} from './encoder/pooling.ts';
export type { BlobSink, ImportProgress } from './package/packWeights.ts';
export { readPackedDecoder, type PackedDecoder } from './package/packedDecoder.ts';
export { buildStage, type BuiltStage, type LayerRange } from './stage/buildStage.ts';
export type { BatchedStage, BatchGroup, BatchSlot } from './stage/batchGroups.ts';
export { batchPlain } from './stage/batchPlain.ts';
export { batchSteps } from './stage/batchSteps.ts';
export { checkStageGraph } from './stage/checkStageGraph.ts';
export { dummyRows, type DummyRowsStage } from './stage/dummyRows.ts';
export { floatMatMuls, type FloatMatMuls } from './stage/floatMatMuls.ts';
export { stageGraphName, type ReadWeights } from './stage/stageFiles.ts';
export { firstLayers, type FirstLayers } from './stage/firstLayers.ts';
export { lastLogits, type LastLogitsStage } from './stage/lastLogits.ts';
export { returnNewRows, type NewRowsDescription, type NewRowsStage } from './stage/returnNewRows.ts';
export { slotSteps, type SlottedStage } from './stage/slotSteps.ts';
export { wholeModel } from './stage/wholeModel.ts';
