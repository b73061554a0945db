import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';

/** ONNX Runtime with a count of the calls that are under way. */
export function watchOverlap(ort: OrtModule): { ort: OrtModule; most(): number; calls(): number } {
  let inside = 0;
  let most = 0;
  let calls = 0;
  const watch = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    calls++;
    most = Math.max(most, ++inside);
    try {
      return await call();
    } finally {
      inside--;
    }
  };
  const create = (graph: Uint8Array, options: InferenceSession.SessionOptions) =>
    watch(async () => {
      const session = await ort.InferenceSession.create(graph, options);
      return {
        run: (feeds: Record<string, Tensor>, fetches: InferenceSession.FetchesType) =>
          watch(() => session.run(feeds, fetches)),
        release: () => watch(() => session.release()),
      };
    });
  return {
    ort: { Tensor: ort.Tensor, InferenceSession: { create } } as unknown as OrtModule,
    most: () => most,
    calls: () => calls,
  };
}
