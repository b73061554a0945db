/**
 * Bounds on what a model file may make us hold. Files are hostile: each bound is far above the largest decoder
 * seen (about 30 000 nodes and 20 MiB of graph for a 70-layer export in the old style) and far below what would
 * hurt a hub.
 */

/** Bytes of names, shapes, attributes and small tensors kept in memory; weights are never among them. */
export const maxMetadataBytes = 256 * 1024 * 1024;

/** Fields of any message, since a two-byte field may become an object of two hundred bytes. */
export const maxFields = 8_000_000;

/** Nodes, initializers and annotated values, each counted over all graphs of a file. */
export const maxGraphItems = 200_000;

/** Bytes of one name, operator type or file name. */
export const maxNameBytes = 4096;

/** Axes of a tensor: ONNX Runtime's own kernels stop at eight or so; old exports have at most seven. */
export const maxTensorAxes = 16;

/** Subgraphs inside subgraphs. Deeper nesting would only exhaust the stack. */
export const maxGraphDepth = 8;

/** Tensors up to this size in bytes are held in memory (shapes, scalars, axes); larger ones stay in their file. */
export const maxInlineTensorBytes = 1024;

/** Bytes read ahead from a source. Small enough that jumping from weight to weight wastes little. */
export const readAheadBytes = 64 * 1024;
