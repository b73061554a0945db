/** ONNX Runtime for Node, as the engine takes it. */
import { createRequire } from 'node:module';
import type { OrtModule } from '../ortModule.ts';

// The package is CommonJS, and not all its names are found when it is imported as a module.
export const nodeOrt = createRequire(import.meta.url)('onnxruntime-node') as OrtModule;
